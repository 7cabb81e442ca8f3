"""What a model is shown before it asks: the repository, the same for all agents of a run; then its own task."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from fresh.domain.assignment import LONGEST, Assignment
from fresh.domain.change import Ruling
from fresh.domain.entry_rules import is_cli
from fresh.domain.evidence import Evidence
from fresh.domain.feature import Inventory, Kind
from fresh.domain.lesson import Lesson
from fresh.engines.llm.fencing import fence, prose, seen
from fresh.engines.llm.material import (
    Room,
    code_of,
    hanger_of,
    lessons_for,
    tests_of,
    unrun_of,
    users_of,
)
from fresh.engines.llm.prompting import words
from fresh.engines.texts import text_of
from fresh.ports import Bench

LONGEST_NOTES = 1000
LONGEST_SETTINGS = 700
LONGEST_FINDINGS = 3000
LONGEST_ENTRIES = 600
MOST_FOLDERS = 12
MOST_ENTRIES = 8
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
    if said := _conventions(text_of(bench, "pyproject.toml")):
        lines.append(f"Its settings:\n{fence('pyproject.toml', said, LONGEST_SETTINGS)}")
    for path in NOTES:
        if path in paths and (notes := prose(text_of(bench, path)).strip()):
            lines.append(f"Its notes for contributors:\n{fence(path, notes, LONGEST_NOTES)}")
            break
    return "\n".join(filter(None, lines))


def task_brief(bench: Bench, lessons: Sequence[Lesson] = ()) -> str:
    """Describe one agent's task: what is accepted, the feature's code, who uses it, where it could hang."""
    ticket, feature = bench.ticket, bench.ticket.feature
    # What matters most takes its part of the room first, whatever the order in which it is shown.
    room = Room()
    taught = lessons_for(ticket, lessons, room)
    own_kind = ""
    if ticket.kind is Kind.TESTS:
        own_kind = unrun_of(bench, feature)
    elif ticket.kind is Kind.HOOKUP:
        own_kind = hanger_of(bench, ticket, room)
    elif ticket.kind is Kind.QUALITY:
        found = "\n".join(f"line {one.line}: {one.code} {one.text}" for one in feature.findings)
        own_kind = f"Findings:\n{room.fence('findings', seen(found), LONGEST_FINDINGS)}"
    users, tests = users_of(bench, feature, room), tests_of(bench, feature, room)
    issue = _issue(ticket.issue) if ticket.issue is not None else ""
    material = (code_of(bench, feature), users, tests, own_kind, issue, taught)
    own = ", ".join(ticket.footprint)
    return words(
        "task",
        kind=ticket.kind,
        feature=seen(feature.key),
        acceptance=words(ticket.kind),
        # The first reason names the gap; the others weigh it against other features.
        reasons=seen(ticket.reasons[0]) if ticket.reasons else "it was asked for",
        footprint=f"You have these files to yourself (new files are fine too): {seen(own)}" if own else "",
        material="\n".join(filter(None, material)),
    )


def _issue(issue: Assignment) -> str:
    """Show what an issue says, as data: anybody may have written it."""
    told = fence("issue", f"{seen(issue.title)}\n\n{seen(issue.text)}", LONGEST)
    return f"Issue #{issue.number} is about this feature. Do what it asks as far as it fits the task:\n{told}"


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
    shown = listed[:MOST_ENTRIES]
    while len(shown) > 1 and sum(len(one.encode()) for one in shown) > LONGEST_ENTRIES:
        shown = shown[:-1]
    more = f" and {len(listed) - len(shown)} more" if len(listed) > len(shown) else ""
    return f"Command-line entry points: {', '.join(shown)}{more}." if listed else ""


def _conventions(text: str) -> str:
    try:
        tables: Mapping[str, JsonValue] = tomllib.loads(text).get("tool", {})
    except (ValueError, RecursionError):
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
