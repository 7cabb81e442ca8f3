"""What `safest` asks of a commit beside what policy asks of every one, and how measured tests change safety."""

from __future__ import annotations

import pytest

from fresh.domain.change import PolicyVerdict, Ruling
from fresh.domain.evidence import RunEnd, TestOutcome, TestRun
from fresh.domain.feature import Feature, Inventory, Reachability
from fresh.proving.measuring import as_run, with_coverage
from fresh.proving.policing import Policy
from tests.fakes.story import a_ticket
from tests.fakes.workspace import FakeWorkspace

CODE = "def load(path):\n    return path\n\n\ndef _inner(path):\n    return path\n"


def ruling(strategy: str, files: dict[str, str], deleted: tuple[str, ...] = ()) -> PolicyVerdict:
    workspace = FakeWorkspace()
    base = workspace.record({"app/code.py": CODE, "tests/test_code.py": CODE, "app/odd.py": "print 1\n"})
    commit = workspace.record(files, deleted=deleted)
    ticket = a_ticket(strategy=strategy).model_copy(update={"base": base})
    return Policy(workspace).rule(ticket, commit)


@pytest.mark.parametrize("change", ["load(path, deep)", "fetch(path)"])
def test_safest_asks_a_person_before_the_public_interface_changes_and_others_do_not(change: str) -> None:
    files = {"app/code.py": CODE.replace("load(path)", change)}
    verdict = ruling("safest", files)
    assert verdict.ruling is Ruling.NEEDS_HUMAN
    assert verdict.reasons[0].startswith("app/code.py: safest: the public load ")
    assert ruling("highest_impact", files).ruling is Ruling.ALLOW


def test_safest_asks_before_a_public_file_goes() -> None:
    verdict = ruling("safest", {}, deleted=("app/code.py",))
    assert "app/code.py: safest: the public load is gone" in verdict.reasons


@pytest.mark.parametrize(
    "files",
    [
        {"app/code.py": CODE.replace("return path", "return path + '/'")},
        {"app/code.py": CODE.replace("_inner(path)", "_inner()")},
        {"app/code.py": CODE + "\n\ndef more():\n    return 1\n"},
        {"tests/test_code.py": CODE.replace("load(path)", "load()")},
        {"app/odd.py": "print(1)\n"},
    ],
)
def test_safest_lets_pass_what_keeps_every_caller(files: dict[str, str]) -> None:
    assert not [reason for reason in ruling("safest", files).reasons if "safest" in reason]


WORK = Feature(
    key="app:work",
    module="app",
    qualname="work",
    path="app.py",
    line=1,
    end_line=4,
    reachability=Reachability.HOOKED,
)


def test_a_measured_share_of_lines_is_what_safety_follows_from() -> None:
    code = "def work(n):\n    if n:\n        return 1\n    return 2\n"
    run = TestRun(
        command=("pytest",),
        commit="c",
        exit_code=0,
        ended=RunEnd.EXIT,
        seconds=1,
        covered={"app.py": (1, 2, 3)},
    )
    found = with_coverage(
        Inventory(commit="c", digest="d" * 16, features=(WORK,)), run, lambda path: code
    ).features[0]
    assert found.tested == pytest.approx(2 / 3, abs=1e-3)
    assert found.safety == pytest.approx(found.tested, abs=1e-3)
    assert {each.name: each.value for each in found.signals} == {
        "tested": found.tested,
        "safety": found.safety,
    }


@pytest.mark.parametrize(
    ("failing", "told"),
    [
        ("tests/test_app.py::test_work[1-2]", "tests/test_app.py::test_work fails already"),
        ("tests/test_app.py::test_work", "tests/test_app.py::test_work fails already"),
        ("tests/test_app.py::test_other", None),
    ],
)
def test_a_feature_whose_own_tests_fail_before_any_change_is_marked(failing: str, told: str | None) -> None:
    work = WORK.model_copy(update={"tested_by": ("tests/test_app.py::test_work",)})
    run = TestRun(
        command=("pytest",),
        commit="c",
        exit_code=1,
        ended=RunEnd.EXIT,
        seconds=1,
        outcomes={failing: TestOutcome.FAILED, "tests/test_app.py::test_good": TestOutcome.PASSED},
    )
    before = Inventory(commit="c", digest="d" * 16, features=(work,))
    after = as_run(before, run, lambda path: "")
    assert [signal.why for signal in after.features[0].signals] == ([told] if told else [])
    assert (after.digest == before.digest) == (told is None)
