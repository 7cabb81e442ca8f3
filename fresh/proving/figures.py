"""What was measured on the base and on the commit, side by side, for people. Nothing here decides or runs anything."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from difflib import SequenceMatcher

from fresh.domain.change import Change
from fresh.domain.evidence import Figure, TestRun
from fresh.domain.feature import Feature, Reachability
from fresh.domain.test_code import is_test_path
from fresh.inventory.lines import body_lines

LONGEST_FILE = 2000
"""Lines; what is touched in a longer file is not looked for."""
MOST_FILES = 100
REGULAR = ("100644", "100755")
UNKNOWN = "not measured"


@dataclass(frozen=True)
class Side:
    """One of the two commits: the run of its whole suite, its feature, and its files by path, empty where absent."""

    run: TestRun
    feature: Feature | None
    read: Callable[[str], str]


def figures(change: Change, new_tests: Collection[str], base: Side, head: Side) -> tuple[Figure, ...]:
    """Put base and commit side by side; `new_tests` are ids as the runs report them."""
    rows = [
        Figure(name="tests that pass", base=_passing(base.run), head=_passing(head.run)),
        Figure(name="new tests", base=_new(new_tests, base.run), head=_new(new_tests, head.run)),
        Figure(name="path from an entry point", base=_path(base.feature), head=_path(head.feature)),
        _touched(change, base, head),
        _feature_lines(base, head),
        _quality(base.feature, head.feature),
    ]
    return tuple(row for row in rows if row is not None)


def _passing(run: TestRun) -> str:
    return f"{len(run.passed)} of {len(run.outcomes)}" if run.outcomes else "no single test is reported"


def _new(ids: Collection[str], run: TestRun) -> str:
    if not ids:
        return "none"
    there = [one for one in ids if one in run.outcomes]
    return f"{len(run.passed & set(ids))} of {len(there)} pass" if there else "absent"


def _path(feature: Feature | None) -> str:
    if feature is None:
        return "not in the inventory"
    if feature.reachability is Reachability.HOOKED and feature.evidence:
        return " → ".join(feature.evidence)
    return (
        f"none: {feature.reachability}"
        if feature.reachability is Reachability.UNHOOKED
        else feature.reachability
    )


def _touched(change: Change, base: Side, head: Side) -> Figure | None:
    """Count the lines of functions that the change takes out and puts in, and those of them that the suite runs."""
    paths = [
        file.path
        for file in change.files
        if file.path.endswith(".py")
        and not is_test_path(file.path)
        and {file.old_mode, file.new_mode} & set(REGULAR)
    ]
    if not paths:
        return None
    name = "touched lines of functions that tests run"
    if len(paths) > MOST_FILES:
        return Figure(name=name, base=UNKNOWN, head=UNKNOWN)
    old, new = _Share(base.run), _Share(head.run)
    for path in paths:
        before, after = base.read(path), head.read(path)
        if max(before.count("\n"), after.count("\n")) <= LONGEST_FILE:
            gone, come = changed_lines(before, after)
            old.count(path, gone & _bodies(before))
            new.count(path, come & _bodies(after))
    return Figure(name=name, base=old.told, head=new.told)


@dataclass
class _Share:
    """How many of some lines a run has run."""

    run: TestRun
    ran: int = 0
    lines: int = 0

    def count(self, path: str, lines: frozenset[int]) -> None:
        """Count lines of one file."""
        self.ran += len(lines & set(self.run.covered.get(path, ())))
        self.lines += len(lines)

    @property
    def told(self) -> str:
        """Say so in a few words."""
        if not self.lines:
            return "no such line"
        return f"{self.ran} of {self.lines}" if self.run.covered else UNKNOWN


def changed_lines(before: str, after: str) -> tuple[frozenset[int], frozenset[int]]:
    """Number the lines, from 1, that are only in the one text and only in the other."""
    old, new = before.splitlines(), after.splitlines()
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    gone: set[int] = set()
    come: set[int] = set()
    # Lines that are everywhere are left out of the search: texts of nothing else would take hours.
    matcher = SequenceMatcher(None, old[start : len(old) - end], new[start : len(new) - end])
    for tag, first, last, other_first, other_last in matcher.get_opcodes():
        if tag != "equal":
            gone.update(range(start + first + 1, start + last + 1))
            come.update(range(start + other_first + 1, start + other_last + 1))
    return frozenset(gone), frozenset(come)


def _bodies(text: str) -> frozenset[int]:
    try:
        return body_lines(text, 1, LONGEST_FILE + 1)
    except SyntaxError:
        return frozenset()


def _feature_lines(base: Side, head: Side) -> Figure | None:
    feature = head.feature or base.feature
    if feature is None:
        return None
    return Figure(
        name=f"lines of {feature.qualname} that tests run", base=_own_lines(base), head=_own_lines(head)
    )


def _own_lines(side: Side) -> str:
    if (feature := side.feature) is None:
        return "not in the inventory"
    try:
        body = body_lines(side.read(feature.path), feature.line, feature.end_line)
    except SyntaxError:
        body = frozenset()
    share = _Share(side.run)
    share.count(feature.path, body)
    return share.told


def _quality(before: Feature | None, after: Feature | None) -> Figure | None:
    if before is None or after is None:
        return None
    return Figure(name="quality of the feature, 0 to 100", base=str(before.quality), head=str(after.quality))
