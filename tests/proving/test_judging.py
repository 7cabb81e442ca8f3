"""What is concluded from runs, without running anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fresh.domain.change import Change, FileChange
from fresh.domain.evidence import CheckState, RunEnd, TestOutcome, TestRun
from fresh.domain.feature import Feature, Finding, Kind, Linted, Reachability
from fresh.proving import judging

PASSED, FAILED = CheckState.PASSED, CheckState.FAILED
OUTCOMES = {
    "p": TestOutcome.PASSED,
    "f": TestOutcome.FAILED,
    "e": TestOutcome.ERROR,
    "s": TestOutcome.SKIPPED,
    "x": TestOutcome.XFAILED,
}


def ran(outcomes: dict[str, str] | None = None, exit_code: int | None = 0, **more: object) -> TestRun:
    told = {name: OUTCOMES[end] for name, end in (outcomes or {}).items()}
    facts = {"command": ("t",), "commit": "c" * 40, "ended": RunEnd.EXIT, "seconds": 1.0}
    return TestRun.model_validate({**facts, "exit_code": exit_code, "outcomes": told, **more})


def changed(*paths: str) -> Change:
    facts = {"status": "M", "old_mode": "100644", "new_mode": "100644", "old_blob": "a", "new_blob": "b"}
    return Change(base="a", commit="b", files=tuple(FileChange(path=path, **facts) for path in paths))


def feature(state: Reachability, *evidence: str, stub: bool = False) -> Feature:
    return Feature(
        key="pocket:f", module="pocket", qualname="f", path="pocket.py", line=1, end_line=4,
        reachability=state, evidence=evidence, stub=stub,
    )  # fmt: skip


def test_a_test_that_failed_before_is_not_held_against_the_change() -> None:
    compared = judging.Comparison.of(ran({"a": "f", "b": "p"}), ran({"a": "f", "b": "p"}))
    assert (compared.failing, compared.lost, compared.already) == ((), (), ("a",))


@pytest.mark.parametrize(
    ("base", "head", "failing", "lost"),
    [
        ({"a": "p"}, {"a": "f"}, ("a",), ()),
        ({"a": "p"}, {"a": "e"}, ("a",), ()),
        ({"a": "p"}, {}, (), ("a",)),
        ({"a": "p"}, {"a": "s"}, (), ("a",)),
        ({"a": "p"}, {"a": "x"}, (), ("a",)),
        ({"a": "s"}, {}, (), ()),
        ({}, {"a": "f"}, ("a",), ()),
        ({"a": "f"}, {"a": "p"}, (), ()),
        ({"a::1": "p"}, {"a": "e"}, ("a",), ("a::1",)),
    ],
)
def test_failing_and_lost_tests_are_told_apart(
    base: dict[str, str], head: dict[str, str], failing: tuple[str, ...], lost: tuple[str, ...]
) -> None:
    compared = judging.Comparison.of(ran(base), ran(head))
    assert (compared.failing, compared.lost) == (failing, lost)


outcomes = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("pfesx"))


@given(outcomes, outcomes)
def test_every_test_that_passed_on_base_passes_or_is_named(
    base: dict[str, str], head: dict[str, str]
) -> None:
    compared = judging.Comparison.of(ran(base), ran(head))
    for name, end in base.items():
        if end == "p":
            assert (head.get(name) == "p") != (name in compared.failing or name in compared.lost)


@given(outcomes)
def test_a_commit_that_changes_no_outcome_passes(same: dict[str, str]) -> None:
    compared = judging.Comparison.of(ran(same), ran(same))
    assert (compared.failing, compared.lost) == ((), ())
    assert judging.check_lost(ran(same), ran(same)).state is PASSED


@pytest.mark.parametrize(
    ("kind", "paths", "state"),
    [
        (Kind.TESTS, ("tests/test_a.py",), PASSED),
        (Kind.TESTS, ("tests/test_a.py", "pocket.py"), FAILED),
        (Kind.TESTS, ("docs/x.md",), FAILED),
        (Kind.HOOKUP, ("pocket/cli.py", "tests/test_a.py"), PASSED),
        (Kind.HOOKUP, ("tests/test_a.py",), FAILED),
        (Kind.QUALITY, ("pocket.py",), PASSED),
        (Kind.QUALITY, ("README.md",), FAILED),
        (Kind.QUALITY, (), FAILED),
    ],
)
def test_a_change_must_touch_what_its_kind_is_about(
    kind: Kind, paths: tuple[str, ...], state: CheckState
) -> None:
    assert judging.check_scope(changed(*paths), kind).state is state


@pytest.mark.parametrize(
    "run",
    [
        ran(exit_code=None, ended=RunEnd.TIMEOUT, cut_in="t::hang"),
        ran(exit_code=None, ended=RunEnd.OOM),
        ran(exit_code=None),
        ran({"a": "p"}, exit_code=0, cut_in="t::exit"),
    ],
)
def test_a_suite_that_ended_early_proves_nothing(run: TestRun) -> None:
    check = judging.check_end(run)
    assert check is not None
    assert check.state is FAILED
    assert run.cut_in in check.fact


def test_a_command_without_outcomes_is_judged_by_its_exit_code() -> None:
    assert judging.check_failures(ran(), ran(), (), ()).state is PASSED
    assert judging.check_failures(ran(), ran(exit_code=1), (), ()).state is FAILED
    assert judging.check_failures(ran(exit_code=5), ran(exit_code=5), (), ()).state is PASSED


def test_flaky_tests_are_named_and_not_counted() -> None:
    check = judging.check_failures(ran({"a": "p"}), ran({"a": "f"}), (), ("a",))
    assert check.state is PASSED
    assert "1 flaky test: a" in check.fact


NEW = {"new": ("new[1]", "new[2]")}
GOOD = ran({"new[1]": "p", "new[2]": "p"})


@pytest.mark.parametrize(
    ("base", "runs", "found", "state"),
    [
        (ran(), (GOOD, GOOD), NEW, PASSED),
        (ran({"new[1]": "f"}), (GOOD,), NEW, PASSED),
        (ran({"new[1]": "p"}), (GOOD,), NEW, FAILED),
        (ran(), (GOOD, ran({"new[1]": "p", "new[2]": "f"})), NEW, FAILED),
        (ran(), (GOOD, ran({"new[1]": "p"})), NEW, FAILED),
        (ran(), (ran({"new[1]": "s", "new[2]": "p"}),), NEW, FAILED),
        (ran(), (GOOD,), {"new": ()}, FAILED),
        (ran(), (GOOD,), {}, FAILED),
    ],
)
def test_new_tests_pass_every_time_and_not_on_base(
    base: TestRun, runs: tuple[TestRun, ...], found: dict[str, tuple[str, ...]], state: CheckState
) -> None:
    assert judging.check_new_tests(found, base, runs, found).state is state


def test_new_tests_must_fail_without_the_change() -> None:
    assert judging.check_needed(("a",), ran({"a": "f"}, exit_code=1)).state is PASSED
    assert judging.check_needed(("a",), ran({}, exit_code=5)).state is PASSED
    assert judging.check_needed(("a", "b"), ran({"a": "f", "b": "p"})).state is FAILED


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [
        (Reachability.UNHOOKED, Reachability.HOOKED, PASSED),
        (Reachability.TEST_ONLY, Reachability.HOOKED, PASSED),
        (Reachability.UNHOOKED, Reachability.HOOKED_WEAK, FAILED),
        (Reachability.UNHOOKED, Reachability.UNHOOKED, FAILED),
        (Reachability.UNHOOKED, None, FAILED),
        (Reachability.HOOKED, Reachability.HOOKED, FAILED),
        (Reachability.UNKNOWN, Reachability.HOOKED, FAILED),
    ],
)
def test_only_a_new_strong_path_is_a_hookup(
    before: Reachability, after: Reachability | None, state: CheckState
) -> None:
    found = feature(after, "pocket.cli:main", "pocket:f") if after else None
    assert judging.check_reached(feature(before), found).state is state


BODY = frozenset({2, 3, 4})


def test_a_feature_whose_definition_alone_ran_did_not_run() -> None:
    one = feature(Reachability.HOOKED)
    assert judging.check_ran(one, BODY, ran(covered={"pocket.py": (1,)})).state is FAILED
    assert judging.check_ran(one, BODY, ran(covered={"other.py": (2,)})).state is FAILED
    assert judging.check_ran(one, BODY, ran(covered={"pocket.py": (1, 2)})).state is PASSED
    assert judging.check_ran(one, frozenset(), ran(covered={"pocket.py": (1, 2)})).state is FAILED


def test_coverage_rises_only_by_lines_that_no_test_ran_before() -> None:
    one, base = feature(Reachability.HOOKED), ran(covered={"pocket.py": (2, 3)})
    assert judging.check_coverage(one, BODY, base, ran(covered={"pocket.py": (2, 3)})).state is FAILED
    assert judging.check_coverage(one, BODY, base, ran(covered={"pocket.py": (1, 9)})).state is FAILED
    rising = judging.check_coverage(one, BODY, base, ran(covered={"pocket.py": (4,)}))
    assert (rising.state, rising.fact) == (PASSED, "pocket:f: 2 of 3 lines ran before, 3 do now")


def test_a_stub_is_gone_when_the_inventory_says_so() -> None:
    assert judging.check_stub(feature(Reachability.HOOKED), "k").state is PASSED
    assert judging.check_stub(feature(Reachability.HOOKED, stub=True), "k").state is FAILED
    assert judging.check_stub(None, "k").state is FAILED


def findings(*codes: str) -> Linted:
    return {"pocket.py": tuple(Finding(code=code, line=1, text="x") for code in codes)}


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [
        (findings("F401", "F401"), findings("F401"), PASSED),
        (findings("F401"), {}, PASSED),
        (findings("F401"), findings("F401"), FAILED),
        (findings("F401", "F401", "F401"), findings("E711"), FAILED),
        ({}, {}, FAILED),
        (findings("F401"), {"pocket.py": None}, FAILED),
        ({"pocket.py": None}, findings("F401"), FAILED),
    ],
)
def test_lint_must_go_down_without_anything_new(before: Linted, after: Linted, state: CheckState) -> None:
    assert judging.check_lint(before, after).state is state
