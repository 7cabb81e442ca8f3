"""What a model is shown before it asks: the repository, the same for all agents of a run; then its own task."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from fresh.domain.agent import Ticket
from fresh.domain.change import Ruling
from fresh.domain.entry_rules import is_cli
from fresh.domain.evidence import Evidence
from fresh.domain.feature import Feature, Inventory, Kind
from fresh.domain.lesson import Lesson, fitting
from fresh.domain.quoting import line
from fresh.domain.test_code import is_test_path
from fresh.engines.llm.draft import Mistake, numbered
from fresh.engines.llm.fencing import fence, prose, readable, seen
from fresh.engines.llm.prompting import words
from fresh.engines.llm.searching import search
from fresh.errors import TreeRefused
from fresh.ports import Bench

LONGEST_CODE = 12_000
LONGEST_NOTES = 1200
LONGEST_HANGER = 2000
LONGEST_LESSONS = 2000
"""Bytes, some 500 tokens."""
MOST_FOLDERS = 12
MOST_ENTRIES = 8
MOST_CALLERS = 10
MOST_TESTS = 8
NOTES = (
    "CONTRIBUTING.md",
    "CONTRIBUTING.rst",
    "docs/CONTRIBUTING.md",
    ".github/CONTRIBUTING.md",
    "AGENTS.md",
)
SETTINGS = ("ruff", "black", "isort", "flake8", "mypy", "pytest")
TELLING = frozenset(
    {"line-length", "line_length", "target-version", "select", "extend-select", "ignore", "strict", "profile", "testpaths", "addopts",
     "quote-style"}
)  # fmt: skip
"""Settings that say how code is to look; the rest of a table says little to a model."""


def repository_brief(bench: Bench) -> str:
    """Describe the repository from its base commit alone: the same bytes for every agent that starts there."""
    paths = bench.paths()
    lines = ["# The repository", "", f"{len(paths)} files. {_folders(paths)}", _entries(bench.inventory)]
    if said := _conventions(_text(bench, "pyproject.toml")):
        lines.append(f"Its settings:\n{fence('pyproject.toml', said, 1500)}")
    for path in NOTES:
        if path in paths and (notes := prose(_text(bench, path)).strip()):
            lines.append(f"Its notes for contributors:\n{fence(path, notes, LONGEST_NOTES)}")
            break
    return "\n".join(filter(None, lines))


def task_brief(bench: Bench, lessons: Sequence[Lesson] = ()) -> str:
    """Describe one agent's task: what is accepted, the feature's code, who uses it, where it could hang."""
    ticket, feature = bench.ticket, bench.ticket.feature
    material = [_code(bench, feature), _users(bench, feature), _tests(feature)]
    if ticket.kind is Kind.HOOKUP:
        material.append(_hanger(bench, ticket))
    if ticket.kind is Kind.QUALITY:
        found = "\n".join(f"line {one.line}: {one.code} {one.text}" for one in feature.findings)
        material.append(f"Findings:\n{fence('findings', seen(found), 3000)}")
    material.append(_lessons(ticket, lessons))
    own = ", ".join(ticket.footprint)
    return words(
        "task",
        kind=ticket.kind,
        feature=seen(feature.key),
        acceptance=words(ticket.kind),
        reasons=seen("; ".join(ticket.reasons)) or "it was asked for",
        footprint=f"You have these files to yourself (new files are fine too): {seen(own)}" if own else "",
        material="\n".join(filter(None, material)),
    )


def failures_of(evidence: Evidence) -> str:
    """List what failed, with the output that shows it, and what policy forbids."""
    said = []
    if evidence.policy.ruling is Ruling.BLOCK:
        said += [f"- policy forbids it: {seen(reason)}" for reason in evidence.policy.reasons]
    for check in evidence.failures:
        detail = f"\n{fence('output', seen(check.detail), 6000)}" if check.detail else ""
        said.append(f"- {check.name}: {seen(check.fact)}{detail}")
    return "\n".join(said)


def _folders(paths: Sequence[str]) -> str:
    top = Counter(path.partition("/")[0] + "/" for path in paths if "/" in path)
    loose = [path for path in paths if "/" not in path]
    named = [
        f"{seen(name)} ({count})" for name, count in sorted(top.items(), key=lambda one: (-one[1], one[0]))
    ]
    return (
        f"Folders: {', '.join(named[:MOST_FOLDERS])}. At the root: {seen(', '.join(loose[:MOST_FOLDERS]))}."
    )


def _entries(inventory: Inventory) -> str:
    listed = [
        f"{seen(entry.key)} ({entry.rule}, {seen(entry.path)}:{entry.line})"
        for entry in inventory.entry_points
        if is_cli(entry)
    ]
    more = f" and {len(listed) - MOST_ENTRIES} more" if len(listed) > MOST_ENTRIES else ""
    return f"Command-line entry points: {', '.join(listed[:MOST_ENTRIES])}{more}." if listed else ""


def _conventions(text: str) -> str:
    try:
        tables: Mapping[str, JsonValue] = tomllib.loads(text).get("tool", {})
    except tomllib.TOMLDecodeError:
        return ""
    found: list[str] = []
    for name in SETTINGS:
        found += _telling(f"tool.{name}", tables.get(name))
    return "\n".join(seen(one) for one in found)


def _telling(name: str, table: JsonValue, depth: int = 0) -> list[str]:
    if not isinstance(table, Mapping) or depth > 2:
        return []
    found = [f"{name}.{key} = {str(value)[:200]}" for key, value in table.items() if key in TELLING]
    for key, value in table.items():
        found += _telling(f"{name}.{key}", value, depth + 1)
    return found


def _code(bench: Bench, feature: Feature) -> str:
    text = readable(feature.path, _text(bench, feature.path))
    first = feature.line
    shown = numbered(text, first, feature.end_line)
    imports = "\n".join(row for row in text.splitlines()[:60] if row.startswith(("import ", "from ")))
    head = f"Imports of {feature.path}:\n{fence('imports', imports, 1000)}\n" if imports and first > 1 else ""
    return f"{head}The feature, {feature.path}, lines {first} to {feature.end_line}:\n{fence(feature.path, shown, LONGEST_CODE)}"


def _users(bench: Bench, feature: Feature) -> str:
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
    return f"Where `{feature.name}` is mentioned:\n{fence('mentions', seen(chr(10).join(users[:MOST_CALLERS])), 2000)}"


def _tests(feature: Feature) -> str:
    if not feature.tested_by:
        return "No test is known to run it."
    return f"Tests that run it: {seen(', '.join(feature.tested_by[:MOST_TESTS]))}."


def _hanger(bench: Bench, ticket: Ticket) -> str:
    """Show the beginning of the file that the feature could hang on."""
    path = next((one for one in ticket.footprint if not is_test_path(one)), "")
    if path in ("", ticket.feature.path):
        return ""
    text = readable(path, _text(bench, path))
    return (
        f"Where it could hang, {path}:\n{fence(path, numbered(text, 1, 400), LONGEST_HANGER)}" if text else ""
    )


def _lessons(ticket: Ticket, lessons: Sequence[Lesson]) -> str:
    """List whole lessons, the ones that are nearest to the task first, as far as there is room."""
    rows: list[str] = []
    room = LONGEST_LESSONS
    fit = fitting(lessons, ticket.kind, (ticket.feature.path, *ticket.footprint))
    for lesson in fit:
        row = f"- {line(lesson.text)}"
        room -= len(row.encode()) + 1
        if room < 0:
            break
        rows.append(row)
    if not rows:
        return ""
    left = f" ({len(fit) - len(rows)} more are left out)" if len(rows) < len(fit) else ""
    return f"What reviewers of earlier changes here asked for{left}; heed it where it fits this task:\n{fence('lessons', chr(10).join(rows), LONGEST_LESSONS)}"


def _text(bench: Bench, path: str) -> str:
    try:
        return bench.read(path)
    except (KeyError, UnicodeDecodeError, TreeRefused):
        return ""
