"""Base and commit side by side, from runs that are told by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fresh.domain.change import Change, FileChange
from fresh.domain.evidence import RunEnd, TestOutcome, TestRun
from fresh.domain.feature import Feature, Reachability
from fresh.proving.figures import Side, changed_lines, figures

BEFORE = "import sys\n\n\ndef sub(a, b):\n    return a - b\n"
AFTER = (
    "import sys\n\n\ndef sub(a, b):\n    if a is None:\n        return None\n    return a - b\n\n\n"
    "def main():\n    print(sub(3, 1))\n"
)
SUB = Feature(
    key="calc:sub",
    module="calc",
    qualname="sub",
    path="calc.py",
    line=4,
    end_line=5,
    reachability=Reachability.UNHOOKED,
    quality=40,
)
HOOKED = SUB.model_copy(
    update={
        "end_line": 7,
        "reachability": Reachability.HOOKED,
        "evidence": ("calc:main", "calc:sub"),
        "quality": 70,
    }
)


def a_run(passed: tuple[str, ...], failed: tuple[str, ...] = (), lines: tuple[int, ...] = ()) -> TestRun:
    outcomes = dict.fromkeys(passed, TestOutcome.PASSED) | dict.fromkeys(failed, TestOutcome.FAILED)
    return TestRun(
        command=("pytest",),
        commit="c" * 40,
        exit_code=0,
        ended=RunEnd.EXIT,
        seconds=1.0,
        outcomes=outcomes,
        covered={"calc.py": lines} if lines else {},
    )


def a_change(*paths: str) -> Change:
    files = tuple(
        FileChange(
            path=path,
            status="M",
            old_mode="100644",
            new_mode="100644",
            old_blob="1" * 40,
            new_blob="2" * 40,
            added=1,
            removed=1,
        )
        for path in paths
    )
    return Change(base="b" * 40, commit="c" * 40, files=files)


def shown(change: Change, base: Side, head: Side, new: tuple[str, ...] = ()) -> dict[str, tuple[str, str]]:
    return {figure.name: (figure.base, figure.head) for figure in figures(change, new, base, head)}


def test_a_hookup_is_shown_side_by_side() -> None:
    base = Side(a_run(("t.py::a",), ("t.py::b",), lines=(1, 5)), SUB, lambda path: BEFORE)
    head = Side(
        a_run(("t.py::a", "t.py::new"), ("t.py::b",), lines=(1, 5, 7, 11)), HOOKED, lambda path: AFTER
    )
    assert shown(a_change("calc.py", "tests/test_calc.py"), base, head, ("t.py::new",)) == {
        "tests that pass": ("1 of 2", "2 of 3"),
        "new tests": ("absent", "1 of 1 pass"),
        "path from an entry point": ("none: unhooked", "calc:main → calc:sub"),
        "touched lines of functions that tests run": ("no such line", "2 of 3"),
        "lines of sub that tests run": ("1 of 1", "2 of 3"),
        "quality of the feature, 0 to 100": ("40", "70"),
    }


def test_a_change_of_tests_alone_touches_no_line_of_a_function() -> None:
    base = Side(a_run(("t.py::a",), lines=(1,)), SUB, lambda path: BEFORE)
    head = Side(a_run(("t.py::a", "t.py::b"), lines=(1, 5)), SUB, lambda path: BEFORE)
    told = shown(a_change("tests/test_calc.py"), base, head)
    assert "touched lines of functions that tests run" not in told
    assert told["lines of sub that tests run"] == ("0 of 1", "1 of 1")
    assert told["new tests"] == ("none", "none")


def test_what_was_not_measured_is_said_and_no_zero() -> None:
    base = Side(a_run(()), SUB, lambda path: BEFORE)
    head = Side(a_run(()), None, lambda path: "def broken(:\n")
    told = shown(a_change("calc.py"), base, head)
    assert told["tests that pass"] == ("no single test is reported", "no single test is reported")
    assert told["touched lines of functions that tests run"] == ("not measured", "no such line")
    assert told["path from an entry point"] == ("none: unhooked", "not in the inventory")
    assert told["lines of sub that tests run"] == ("not measured", "not in the inventory")


@pytest.mark.parametrize(
    ("before", "after", "gone", "come"),
    [
        ("a\nb\nc\n", "a\nX\nc\n", {2}, {2}),
        ("a\nc\n", "a\nb\nc\n", set(), {2}),
        ("a\nb\nc\n", "a\nc\n", {2}, set()),
        ("", "a\nb\n", set(), {1, 2}),
        ("a\n", "a\n", set(), set()),
        ("a\nb\nc\nd\n", "b\nc\nd\ne\n", {1}, {4}),
    ],
)
def test_touched_lines_are_those_of_a_diff(before: str, after: str, gone: set[int], come: set[int]) -> None:
    assert changed_lines(before, after) == (gone, come)


@given(some.lists(some.sampled_from("abc")), some.lists(some.sampled_from("abc")))
def test_without_what_is_touched_both_texts_are_the_same(old: list[str], new: list[str]) -> None:
    gone, come = changed_lines("\n".join(old), "\n".join(new))
    kept = [line for number, line in enumerate(old, start=1) if number not in gone]
    assert kept == [line for number, line in enumerate(new, start=1) if number not in come]
