"""Commits judged for real: real git, real sandbox, real tests; only inventories and lint are told by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from fresh.domain.agent import Ticket
from fresh.domain.change import Ruling
from fresh.domain.evidence import Check, CheckState, Evidence, Verdict
from fresh.domain.feature import Feature, Finding, Inventory, Kind, Reachability
from fresh.domain.order import EngineName, RunOrder
from fresh.domain.work import NewTest, Work
from fresh.errors import Refusal
from fresh.proving.baseline import base_run, describe
from fresh.proving.policing import Policy
from fresh.proving.verification import Verification
from tests.proving.target import Target

pytestmark = pytest.mark.slow

CALC = "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    if a is None:\n        return None\n    return a - b\n"
CLI = "import sys\nfrom pocket import calc\n\n\ndef main(argv):\n    print(calc.add(int(argv[0]), int(argv[1])))\n"
OLD_TEST = "from pocket.calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n"
FILES = {
    "pocket/__init__.py": "",
    "pocket/calc.py": CALC,
    "pocket/cli.py": CLI,
    "tests/test_old.py": OLD_TEST,
}
SUB = Feature(
    key="pocket.calc:sub", module="pocket.calc", qualname="sub", path="pocket/calc.py", line=5, end_line=8,
    reachability=Reachability.UNHOOKED,
)  # fmt: skip
HOOKED = SUB.model_copy(
    update={"reachability": Reachability.HOOKED, "evidence": ("pocket.cli:main", "pocket.calc:sub")}
)


def judged(
    target: Target,
    base: str,
    commit: str,
    kind: Kind,
    *,
    after: Feature = SUB,
    claims: tuple[str, ...] = (),
    lint: Mapping[bytes, int] | None = None,
    command: str | None = None,
) -> Evidence:
    rig = target.rig(base, command)
    ticket = Ticket(
        run_id="r", agent_id="abc12345", order=RunOrder(), repository=str(target.repository.path), base=base, branch="b",
        feature=SUB, kind=kind, reasons=(), engine=EngineName.CODEMOD, seed=1,
    )  # fmt: skip

    def survey(asked: str) -> Inventory:
        return Inventory(commit=asked, digest="d", features=(after if asked == commit else SUB,))

    def find(files: Mapping[str, bytes]) -> Mapping[str, tuple[Finding, ...]]:
        return {
            path: (Finding(code="F401", line=1, text="x"),) * text.count(b"import sys")
            for path, text in files.items()
        }

    work = Work(summary="s", new_tests=tuple(NewTest(node_id=one, exercises=SUB.key) for one in claims))
    return Verification(
        rig, ticket, commit, work, base_run(rig, base), survey, find, Policy(rig.workspace)
    ).judge()


def states(evidence: Evidence) -> dict[str, CheckState]:
    return {check.name: check.state for check in evidence.checks}


def check(evidence: Evidence, name: str) -> Check:
    return next(one for one in evidence.checks if one.name == name)


NEW_TEST = "from pocket.calc import sub\n\n\ndef test_sub():\n    assert sub(3, 1) == 2\n"
HOOKUP = {
    "pocket/cli.py": CLI.replace(
        "    print(",
        "    if argv[0] == 'sub':\n        print(calc.sub(int(argv[1]), int(argv[2])))\n        return\n    print(",
    ),
    "tests/test_sub.py": "from pocket.cli import main\n\n\ndef test_sub(capsys):\n    main(['sub', '3', '1'])\n    assert capsys.readouterr().out == '2\\n'\n",
}


def test_new_tests_that_raise_coverage_are_earned(tmp_path: Path) -> None:
    target, base = Target.make(tmp_path, FILES)
    commit = target.record({"tests/test_sub.py": NEW_TEST})
    evidence = judged(target, base, commit, Kind.TESTS, claims=("tests/test_sub.py::test_sub",))
    assert evidence.verdict is Verdict.EARNED, evidence.failures
    assert "0 of 3 lines ran before, 2 do now" in check(evidence, "coverage rises").fact
    assert "3 separate runs" in check(evidence, "new tests pass").fact
    assert evidence.policy.ruling is Ruling.ALLOW
    assert target.workspace.standing("verify-abc12345") is None


def test_new_tests_that_run_nothing_new_are_not_earned(tmp_path: Path) -> None:
    target, base = Target.make(tmp_path, FILES)
    commit = target.record({"tests/test_again.py": OLD_TEST.replace("test_add", "test_again")})
    evidence = judged(target, base, commit, Kind.TESTS)
    assert [one.name for one in evidence.failures] == ["coverage rises"]


def test_claims_are_not_believed(tmp_path: Path) -> None:
    target, base = Target.make(tmp_path, FILES)
    commit = target.record({"tests/test_sub.py": NEW_TEST})
    evidence = judged(target, base, commit, Kind.TESTS, claims=("tests/test_sub.py::test_imagined",))
    assert [one.name for one in evidence.failures] == ["new tests pass"]
    assert states(evidence)["coverage rises"] is CheckState.NOT_RUN


def test_a_hookup_that_is_reached_and_runs_is_earned(tmp_path: Path) -> None:
    target, base = Target.make(tmp_path, FILES)
    commit = target.record(HOOKUP)
    evidence = judged(
        target, base, commit, Kind.HOOKUP, after=HOOKED, claims=("tests/test_sub.py::test_sub",)
    )
    assert evidence.verdict is Verdict.EARNED, evidence.failures
    assert set(states(evidence)) == {
        "touches what it should",
        "no test newly fails",
        "no test is lost",
        "an entry point reaches it",
        "new tests pass",
        "new tests fail without the change",
        "the feature ran",
    }
    assert {figure.name: (figure.base, figure.head) for figure in evidence.figures} == {
        "tests that pass": ("1 of 1", "2 of 2"),
        "new tests": ("absent", "1 of 1 pass"),
        "path from an entry point": ("none: unhooked", "pocket.cli:main → pocket.calc:sub"),
        "touched lines of functions that tests run": ("no such line", "3 of 3"),
        "lines of sub that tests run": ("0 of 3", "2 of 3"),
        "quality of the feature, 0 to 100": ("100", "100"),
    }


def test_a_hookup_whose_test_goes_around_the_command_is_not_earned(tmp_path: Path) -> None:
    target, base = Target.make(tmp_path, FILES)
    commit = target.record({**HOOKUP, "tests/test_sub.py": NEW_TEST})
    evidence = judged(target, base, commit, Kind.HOOKUP, after=HOOKED)
    assert [one.name for one in evidence.failures] == ["new tests fail without the change"]


def test_a_hookup_that_only_mentions_the_feature_is_not_earned(tmp_path: Path) -> None:
    target, base = Target.make(tmp_path, FILES)
    cli = CLI.replace(
        "    print(", "    if argv[0] == 'sub':\n        print('2')\n        return\n    print("
    )
    commit = target.record({**HOOKUP, "pocket/cli.py": cli})
    evidence = judged(target, base, commit, Kind.HOOKUP, after=SUB)
    assert [one.name for one in evidence.failures] == ["an entry point reaches it", "the feature ran"]


def test_a_change_that_breaks_a_test_is_not_earned(tmp_path: Path) -> None:
    target, base = Target.make(tmp_path, FILES)
    commit = target.record({"pocket/calc.py": CALC.replace("a + b", "a - b"), "tests/test_sub.py": NEW_TEST})
    evidence = judged(target, base, commit, Kind.QUALITY)
    assert check(evidence, "no test newly fails").state is CheckState.FAILED
    assert "tests/test_old.py::test_add" in check(evidence, "no test newly fails").fact


def test_a_deleted_test_is_lost_and_policy_asks_for_a_person(tmp_path: Path) -> None:
    target, base = Target.make(tmp_path, FILES)
    commit = target.record({"pocket/calc.py": CALC + "\n"}, deleted=("tests/test_old.py",))
    evidence = judged(target, base, commit, Kind.QUALITY)
    assert check(evidence, "no test is lost").state is CheckState.FAILED
    assert evidence.policy.ruling is Ruling.NEEDS_HUMAN


def test_a_conftest_that_makes_everything_pass_is_a_protected_path(tmp_path: Path) -> None:
    target, base = Target.make(tmp_path, FILES)
    cheat = "import pytest\n\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport():\n    out = yield\n    out.get_result().outcome = 'passed'\n"
    commit = target.record({"pocket/cli.py": CLI.replace("import sys\n", ""), "tests/conftest.py": cheat})
    evidence = judged(target, base, commit, Kind.QUALITY)
    assert evidence.policy.ruling is Ruling.NEEDS_HUMAN


def test_fewer_lint_findings_are_earned(tmp_path: Path) -> None:
    target, base = Target.make(tmp_path, FILES)
    commit = target.record({"pocket/cli.py": CLI.replace("import sys\n", "")})
    evidence = judged(target, base, commit, Kind.QUALITY)
    assert evidence.verdict is Verdict.EARNED, evidence.failures
    assert check(evidence, "lint findings go down").fact == "1 in the touched files before, 0 now"


def test_a_test_that_a_change_breaks_only_beside_others_is_broken(tmp_path: Path) -> None:
    flaky = "import pathlib\n\ndef test_flaky():\n    assert pathlib.Path('pocket/cli.py').read_text().startswith('import sys') or ALONE\n"
    flaky = "import sys\n\nALONE = not any('test_old' in name for name in sys.modules)\n" + flaky
    target, base = Target.make(tmp_path, {**FILES, "tests/test_zz.py": flaky})
    commit = target.record({"pocket/cli.py": CLI.replace("import sys\n", "")})
    evidence = judged(target, base, commit, Kind.QUALITY)
    found = check(evidence, "no test newly fails")
    assert found.state is CheckState.FAILED, (
        "it fails beside others each time, so it is the change that breaks it"
    )


def test_a_test_that_fails_alone_on_base_too_is_flaky(tmp_path: Path) -> None:
    order = "import os, sys\n\ndef test_order():\n    assert 'pocket.calc' in sys.modules\n"
    target, base = Target.make(tmp_path, {**FILES, "tests/test_zz.py": order})
    commit = target.record(
        {
            "tests/test_old.py": OLD_TEST.replace(
                "from pocket.calc import add\n\n\n", "def add(a, b): return a + b\n"
            ),
            "pocket/cli.py": CLI.replace("import sys\n", ""),
        }
    )
    evidence = judged(target, base, commit, Kind.QUALITY)
    assert "1 flaky test: tests/test_zz.py::test_order" in check(evidence, "no test newly fails").fact


def test_a_suite_that_hangs_on_the_commit_fails_it(tmp_path: Path) -> None:
    target, base = Target.make(tmp_path, FILES)
    commit = target.record({"tests/test_sub.py": "import os\n\ndef test_exit():\n    os._exit(0)\n"})
    evidence = judged(target, base, commit, Kind.TESTS)
    assert "tests/test_sub.py::test_exit" in check(evidence, "no test newly fails").fact
    assert states(evidence)["coverage rises"] is CheckState.NOT_RUN


def test_tests_that_fail_on_base_are_not_held_against_a_change(tmp_path: Path) -> None:
    target, base = Target.make(
        tmp_path, {**FILES, "tests/test_bad.py": "def test_bad():\n    assert 1 == 2\n"}
    )
    commit = target.record({"tests/test_sub.py": NEW_TEST})
    evidence = judged(target, base, commit, Kind.TESTS)
    assert evidence.verdict is Verdict.EARNED, evidence.failures
    assert "1 failed before and still do" in check(evidence, "no test newly fails").fact


def test_a_repository_without_tests_can_get_its_first(tmp_path: Path) -> None:
    target, base = Target.make(tmp_path, {name: text for name, text in FILES.items() if "test" not in name})
    assert describe(base_run(target.rig(base), base)) == "The base commit has no tests."
    commit = target.record({"tests/test_sub.py": NEW_TEST})
    evidence = judged(target, base, commit, Kind.TESTS)
    assert evidence.verdict is Verdict.EARNED, evidence.failures


def test_the_base_is_run_once(tmp_path: Path) -> None:
    target, base = Target.make(tmp_path, FILES)
    first = base_run(target.rig(base), base)
    assert base_run(target.rig(base), base) == first
    assert describe(first).startswith("On base 1 of 1 tests pass, in ")


@pytest.mark.parametrize(
    ("test", "command", "said"),
    [
        (
            "import time\n\ndef test_a():\n    time.sleep(1000)\n",
            None,
            r"took more than 15 s, in tests/test_old\.py::test_a",
        ),
        ("import nothing_there\n", None, "The only test does not pass .* No module named 'nothing_there'"),
        ("def test_a():\n    import os\n    os._exit(3)\n", None, r"broke off in tests/test_old\.py::test_a"),
        ("", "pytest --no-such-option", "unrecognized arguments"),
        ("", "python -c 'raise SystemExit(7)'", "exit code 7"),
    ],
)
def test_a_base_that_tells_nothing_is_refused_with_the_way_out(
    tmp_path: Path, test: str, command: str | None, said: str
) -> None:
    target, base = Target.make(tmp_path, {**FILES, "tests/test_old.py": test or OLD_TEST})
    with pytest.raises(Refusal, match=said) as refused:
        base_run(target.rig(base, command, wall=15.0), base)
    assert "--test-command" in refused.value.hint
