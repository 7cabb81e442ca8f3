"""What a model is shown of one feature: its code, who uses it, its tests, where it could hang, and what was taught."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

from fresh.domain.agent import Ticket
from fresh.domain.feature import Feature
from fresh.domain.lesson import Lesson, fitting
from fresh.domain.quoting import line
from fresh.domain.test_code import is_test_path
from fresh.engines.llm.draft import Mistake, numbered
from fresh.engines.llm.fencing import fence, label, readable, seen
from fresh.engines.llm.searching import search
from fresh.engines.texts import text_of
from fresh.ports import Bench

LONGEST_CODE = 12_000
ROOM = 3000
"""Bytes of what is shown around a feature's own code: with everything that is always said some 3,000 tokens."""
LEAST = 200
LONGEST_USERS = 1500
LONGEST_HANGER = 2000
SHORT_FILE = 60
LONGEST_EXAMPLE = 1200
MOST_EXAMPLE = 30
MOST_UNRUN = 60
MOST_CALLERS = 10
MOST_TESTS = 8
LONGEST_LESSONS = 1200
"""Bytes, some 300 tokens."""


_JOINT = re.compile(
    r"add_(parser|subparsers|argument|typer|command|url_rule)\b|set_defaults\b|ArgumentParser\b"
    r"|\.(command|group|callback|route|get|post|put|delete|include_router)\("
)
"""Lines on which a command line or an API hangs its parts."""


@dataclass
class Room:
    """What is left of the room for everything around the feature's own code."""

    left: int = ROOM

    def fence(self, name: str, text: str, longest: int) -> str:
        """Take as much of a text as there is room for, marked as data; nothing where that would be a snippet."""
        longest = min(longest, self.left)
        if longest < min(LEAST, len(text.encode())):
            return ""
        self.left -= min(longest, len(text.encode()))
        return fence(name, text, longest)


def code_of(bench: Bench, feature: Feature) -> str:
    """Show the feature's code, and what its file imports."""
    text = readable(feature.path, text_of(bench, feature.path))
    first = feature.line
    shown = numbered(text, first, feature.end_line)
    imports = "\n".join(row for row in text.splitlines()[:60] if row.startswith(("import ", "from ")))
    head = (
        f"Imports of {label(feature.path)}:\n{fence('imports', imports, 1000)}\n"
        if imports and first > 1
        else ""
    )
    return f"{head}The feature, {label(feature.path)}, lines {first} to {feature.end_line}:\n{fence(feature.path, shown, LONGEST_CODE)}"


def users_of(bench: Bench, feature: Feature, room: Room) -> str:
    """Show who mentions the feature."""
    try:
        hits = search(bench, rf"\b{re.escape(feature.name)}\b", "*.py", 60)
    except Mistake:
        return ""
    own = range(feature.line, feature.end_line + 1)
    users = []
    for hit in hits.lines:
        path, number, _ = hit.split(":", 2)
        if not (path == feature.path and int(number) in own) and not is_test_path(path):
            users.append(hit)
    if not users:
        return f"No other product code mentions `{feature.name}`."
    mentions = room.fence("mentions", seen(chr(10).join(users[:MOST_CALLERS])), LONGEST_USERS)
    return f"Where `{feature.name}` is mentioned, {len(users)} lines:\n{mentions}".rstrip("\n")


def tests_of(bench: Bench, feature: Feature, room: Room) -> str:
    """Name the tests that run the feature, and show how tests look here."""
    known = (
        f"Tests that run it: {seen(', '.join(feature.tested_by[:MOST_TESTS]))}."
        if feature.tested_by
        else "No test is known to run it."
    )
    path = _example(bench.paths(), feature)
    text = readable(path, text_of(bench, path)).rstrip() if path else ""
    if not text:
        return known
    rows = text.splitlines()
    shown = "\n".join(rows[:MOST_EXAMPLE])
    first = f", its first {MOST_EXAMPLE} of {len(rows)} lines" if len(rows) > MOST_EXAMPLE else ""
    fenced = room.fence(path, shown, LONGEST_EXAMPLE)
    return f"{known}\nHow tests look here, {seen(path)}{first}:\n{fenced}" if fenced else known


def _example(paths: Sequence[str], feature: Feature) -> str:
    """Choose a file of tests: one that runs the feature, else one of its module's name, else any."""
    there = [path for path in paths if is_test_path(path) and posixpath.basename(path).startswith("test_")]
    running = [test.partition("::")[0] for test in feature.tested_by]
    stem = posixpath.basename(feature.path).removesuffix(".py")
    named = [path for path in there if stem in posixpath.basename(path)]
    return next((path for path in (*running, *named, *there) if path in there), "")


def unrun_of(bench: Bench, feature: Feature) -> str:
    """Say which lines of the feature no test runs."""
    covered = bench.covered_on_base(feature.path)
    if covered is None:
        return ""
    rows = text_of(bench, feature.path).splitlines()
    own = range(feature.line, feature.end_line + 1)
    left = [
        number
        for number in own
        if number not in covered and number <= len(rows) and rows[number - 1].strip(" \t)]}")
    ]
    shown = ", ".join(map(str, left[:MOST_UNRUN])) + (", ..." if len(left) > MOST_UNRUN else "")
    return f"Lines of it that no test runs (some hold no code): {shown}." if left else ""


def hanger_of(bench: Bench, ticket: Ticket, room: Room) -> str:
    """Show the file that the feature could hang on: its head, its entry points and what hangs there, its end."""
    path = next((one for one in ticket.footprint if not is_test_path(one)), "")
    text = readable(path, text_of(bench, path)) if path not in ("", ticket.feature.path) else ""
    if not text:
        return ""
    rows = len(text.splitlines())
    points = [entry.line for entry in bench.inventory.entry_points if entry.path == path]
    joints = [number for number, row in enumerate(text.splitlines(), 1) if _JOINT.search(row)]
    wanted = {*range(1, 16), *range(rows - 14, rows + 1)}
    wanted |= {at for point in points for at in range(point - 2, point + 6)}
    wanted |= {at for joint in joints for at in range(joint - 1, joint + 2)}
    shown: list[str] = []
    for number in range(1, rows + 1):
        if number in wanted or rows <= SHORT_FILE:
            shown.append(numbered(text, number, number))
        elif shown and shown[-1] != "  ...":
            shown.append("  ...")
    return f"Where it could hang, {seen(path)}:\n{room.fence(path, chr(10).join(shown), LONGEST_HANGER)}"


def lessons_for(ticket: Ticket, lessons: Sequence[Lesson], room: Room) -> str:
    """List whole lessons, the ones that are nearest to the task first, as far as there is room."""
    rows: list[str] = []
    space = min(LONGEST_LESSONS, room.left)
    fit = fitting(lessons, ticket.kind, (ticket.feature.path, *ticket.footprint))
    for lesson in fit:
        row = f"- {line(lesson.text)}"
        space -= len(row.encode()) + 1
        if space < 0:
            break
        rows.append(row)
    if not rows:
        return ""
    left = f" ({len(fit) - len(rows)} more are left out)" if len(rows) < len(fit) else ""
    return f"What reviewers of earlier changes here asked for{left}; heed it where it fits this task:\n{room.fence('lessons', chr(10).join(rows), LONGEST_LESSONS)}"
