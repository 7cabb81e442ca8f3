"""Take the inventory of a commit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fresh.domain.counting import count
from fresh.domain.feature import EntryPoint, Feature, Inventory, Linted, Unparsed
from fresh.inventory.cache import Inventories, rules_version, version_name
from fresh.inventory.collector import without_collector
from fresh.inventory.coverage_files import ReadDatabase
from fresh.inventory.covered import Counted, with_committed_coverage
from fresh.inventory.documents import LONGEST_DOCUMENT
from fresh.inventory.entry_points import as_entry_points, find_roots
from fresh.inventory.exports import find_exports
from fresh.inventory.features import Facts, describe
from fresh.inventory.layout import Role
from fresh.inventory.linked import link
from fresh.inventory.lint import Lint
from fresh.inventory.progress import tell
from fresh.inventory.reading import Reading
from fresh.inventory.states import Judge, Searches
from fresh.ports import Workspace

OUR_LIMITS = ("code reached only from other languages, and names built at run time, are not seen",)


def take_inventory(
    workspace: Workspace,
    commit: str,
    cache: Path,
    *,
    workers: int | None = None,
    lint: Lint | None = None,
    read_database: ReadDatabase | None = None,
) -> Inventory:
    """Find all features of a commit and what is known about each, with the evidence.

    Nothing of the commit is run. What was learned about a file is kept under its content's hash, so another commit
    costs little more than what it changed, and the same commit next to nothing.
    Raises GitFailed, and StorageFailed when the cache can't be written.
    """
    inventories = Inventories(cache)
    name = f"{commit}-{version_name(rules_version(), lint.version if lint else 'unlinted')}"
    with without_collector():
        kept = inventories.load(name)
        if kept is not None:
            return kept
        inventory = _take(workspace, commit, cache, workers, lint, read_database)
        inventories.store(name, inventory)
    return inventory


def _take(
    workspace: Workspace,
    commit: str,
    cache: Path,
    workers: int | None,
    lint: Lint | None,
    read_database: ReadDatabase | None,
) -> Inventory:
    tell(f"reading the files of {commit[:10]}")
    reading = Reading(workspace, commit, cache, workers)
    with ThreadPoolExecutor(1) as beside:
        churn = [beside.submit(workspace.churn, commit, days) for days in (90, 365)]
        linting = beside.submit(reading.findings, lint) if lint else None
        tell(f"following the names in {len(reading.records)} files")
        graph = link(reading, cache)
        roots = find_roots(graph, reading.declared)
        tell(f"searching from {len(roots)} entry points")
        mentions, exports = reading.mentions, find_exports(graph)
        unread = [each.path for each in reading.unparsed if reading.sources[each.path].role is not Role.TEST]
        searches = Searches(graph, roots, exports, mentions)
        tell("judging every feature, and waiting for the linter" if lint else "judging every feature")
        judge = Judge(searches, roots, reading.contents(unread), mentions.documents)
        facts = Facts(
            graph=graph,
            roots=roots,
            judge=judge,
            exports=exports,
            mentions=mentions,
            findings=linting.result() if linting else {},
            churn_90=churn[0].result(),
            churn_365=churn[1].result(),
        )
    entry_points = as_entry_points(graph, roots)
    counted = with_committed_coverage(workspace, commit, reading.files, describe(facts), read_database)
    return Inventory(
        commit=commit,
        digest=_digest(counted.features, entry_points, reading.unparsed),
        features=counted.features,
        entry_points=entry_points,
        unparsed=reading.unparsed,
        tolerated=reading.tolerated,
        files=len(reading.sources),
        lines=sum(record.shape.lines for record in reading.records.values()),
        limits=_limits(judge, reading, counted, facts.findings if lint else None),
    )


def _limits(judge: Judge, reading: Reading, counted: Counted, linted: Linted | None) -> tuple[str, ...]:
    found = [*OUR_LIMITS, *counted.limits]
    if reading.unparsed:
        found.insert(
            0, f"{count(len(reading.unparsed), 'file')} could not be parsed; what is used there is not known"
        )
    if reading.tolerated:
        found.append(
            f"tree-sitter read {count(len(reading.tolerated), 'file')} that this Python's grammar refuses"
        )
    if reading.undeclared:
        found.append(f"metadata that could not be read declares nothing: {_some(reading.undeclared)}")
    if reading.left_out:
        found.append(
            f"documents longer than {LONGEST_DOCUMENT >> 20} MB were not read: {_some(reading.left_out)}"
        )
    if dynamic := {**judge.computed.looked_up, **judge.computed.loaded}:
        found.append(f"{len(dynamic)} modules or packages are reached by computed names")
    if linted is None:
        found.append("quality holds no lint findings: no linter was given")
    elif crashed := [path for path, each in linted.items() if each is None]:
        found.append(f"the linter can't stand, and has no findings of: {_some(crashed)}")
    return tuple(found)


def _some(paths: Sequence[str]) -> str:
    """Name the first of some paths, and how many more there are."""
    return f"{paths[0]} and {len(paths) - 1} more" if paths[1:] else paths[0]


def _digest(
    features: Iterable[Feature], entry_points: Iterable[EntryPoint], unparsed: Iterable[Unparsed]
) -> str:
    """Name the facts: equal digests mean that selection sees the same."""
    values = (*features, *entry_points, *unparsed)
    lines = [value.__pydantic_serializer__.to_json(value) for value in values]
    return hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()[:16]
