"""What a committed coverage report says of each feature, as far as the code is still what the report was made of."""

from __future__ import annotations

import posixpath
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from fresh.domain.change import TreeEntry
from fresh.domain.counting import count
from fresh.domain.feature import Feature
from fresh.inventory.coverage_files import Ran, ReadDatabase, read_report, reports_among
from fresh.inventory.extract import UNREADABLE, extract
from fresh.inventory.lines import body_lines
from fresh.inventory.record import Definition
from fresh.inventory.safety import with_tested
from fresh.inventory.tested import NO_DATA, STRONG, WEAK
from fresh.ports import Workspace

NONE_READ = "tested is at most 0.5: no coverage data was read"
STALE = -1


DEEPEST = 100
"""Folders of a path in a coverage report that are compared."""


class Counted(NamedTuple):
    """Features with what a report adds to them, and what people should know of it."""

    features: tuple[Feature, ...]
    limits: tuple[str, ...]


class Share(NamedTuple):
    """How many of a feature's lines ran, of how many; `ran` is STALE where the code has changed since."""

    ran: int
    lines: int


def with_committed_coverage(
    workspace: Workspace,
    commit: str,
    files: Mapping[str, TreeEntry],
    features: tuple[Feature, ...],
    read_database: ReadDatabase | None,
) -> Counted:
    """Measure features by the first coverage report of a commit that can be read. Raises GitFailed."""
    limits: list[str] = []
    for path in reports_among(files):
        content = workspace.read_blobs({files[path].blob})[files[path].blob]
        try:
            report = Report(workspace, commit, files, path, read_report(content, read_database))
        except ValueError as refused:
            limits.append(f"{path} was not read: {refused}")
            continue
        if not report.ran:
            limits.append(f"{path} names no Python file of this repository")
            continue
        shares = report.shares(features)
        measured = tuple(_measured(each, shares.get(each.key), path) for each in features)
        return Counted(measured, (*limits, *_told(path, report.made, shares)))
    return Counted(features, (NONE_READ, *limits))


def _told(path: str, made: str, shares: Mapping[str, Share]) -> tuple[str, ...]:
    stale = sum(share.ran == STALE for share in shares.values())
    said = f"{path} of {made[:10]} says which lines tests run; nobody ran them again"
    if stale:
        said += f", and for {count(stale, 'feature')} whose code has changed since it does not count"
    return (said,)


def _measured(feature: Feature, share: Share | None, path: str) -> Feature:
    """Say how well a feature is tested by what ran: with no asserting test that leads there, lines alone prove little."""
    why = next((each.why for each in feature.signals if each.name == "tested"), "").removesuffix(NO_DATA)
    if share is None:
        return feature
    if share.ran == STALE:
        return with_tested(
            feature, feature.tested, f"{why}; {path} is older than its code and does not count"
        )
    part = share.ran / share.lines
    value = round(part, 3) if feature.tested >= STRONG else WEAK if share.ran else 0.0
    return with_tested(feature, value, f"{why}; {share.ran} of {share.lines} lines ran by {path}")


class Report:
    """One report, its paths found in the commit that it was last changed in."""

    def __init__(
        self,
        workspace: Workspace,
        commit: str,
        files: Mapping[str, TreeEntry],
        path: str,
        ran: Mapping[str, Ran],
    ) -> None:
        self.made = workspace.last_change(commit, path) or commit
        self._workspace = workspace
        self._now = files
        self._then = (
            files if self.made == commit else {each.path: each for each in workspace.entries(self.made)}
        )
        self.ran = _found_in([each for each in self._then if each.endswith(".py")], ran)

    def shares(self, features: Sequence[Feature]) -> dict[str, Share]:
        """Count for every feature that the report knows of the lines of its functions."""
        paths = sorted({each.path for each in features} & self.ran.keys())
        blobs = self._workspace.read_blobs({self._then[path].blob for path in paths}) if paths else {}
        inside: dict[str, list[Feature]] = {}
        for each in features:
            inside.setdefault(each.path, []).append(each)
        found: dict[str, Share] = {}
        for path in paths:
            source = blobs[self._then[path].blob]
            try:
                body = body_lines(source.decode(), 1, source.count(b"\n") + 1)
                definitions = None if self._then[path].blob == self._now[path].blob else _definitions(source)
            except UNREADABLE:
                continue
            for feature in inside[path]:
                if (share := _share(feature, self.ran[path], body, definitions)) is not None:
                    found[feature.key] = share
        return found


def _share(
    feature: Feature, ran: Ran, body: frozenset[int], definitions: Mapping[str, Definition] | None
) -> Share | None:
    """Count a feature's lines; `definitions` are those of the report's time, where the file is another one now."""
    first = feature.line
    if definitions is not None:
        then = definitions.get(feature.qualname)
        if then is None or then.code != feature.code or _length(then) != feature.end_line - feature.line:
            return Share(STALE, 0)
        first = then.line
    lines = {line for line in body if first <= line <= first + feature.end_line - feature.line}
    if ran.missed is not None:
        lines &= ran.lines | ran.missed
    return Share(len(lines & ran.lines), len(lines)) if lines else None


def _length(definition: Definition) -> int:
    return definition.end_line - definition.line


def _definitions(source: bytes) -> dict[str, Definition]:
    """List the top-level definitions of a source by name; of doubles nobody can tell which is meant."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tops = [each for each in extract(source).shape.definitions if each.owner == -1]
    names = [each.qualname for each in tops]
    return {each.qualname: each for each in tops if names.count(each.qualname) == 1}


def _found_in(paths: Iterable[str], ran: Mapping[str, Ran]) -> dict[str, Ran]:
    """Find the files that a report means, whatever machine and folder its paths are of; what fits several is left out.

    `/home/ci/shop/src/app/core.py`, with slashes of either kind, is `src/app/core.py`, and so is `app/core.py` where no
    other path ends like that. A file name alone is enough only where the report says no more.
    """
    ends: dict[str, list[str]] = {}
    for path in paths:
        for end in _ends(path):
            ends.setdefault(end, []).append(path)
    found: dict[str, Ran] = {}
    for told, lines in ran.items():
        plain = posixpath.normpath(told.replace("\\", "/"))
        likely = [end for end in _ends(plain) if "/" in end or end == plain]
        fits = next((ends[end] for end in likely if end in ends), [])
        exact = [path for path in fits if path in likely]
        for path in exact or fits if len(exact or fits) == 1 else ():
            found[path] = lines
    return found


def _ends(path: str) -> list[str]:
    """List a path and every shorter end of it, the longest first."""
    parts = path.lstrip("/").split("/")[-DEEPEST:]
    return ["/".join(parts[place:]) for place in range(len(parts))]
