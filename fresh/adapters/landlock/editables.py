"""Editable installations, which name the repository by its own path: nothing is shown there in this form.

A path file of such an installation that is not found is skipped by Python, so what it stands for is put on PYTHONPATH.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from fresh.adapters.landlock.paths import Moves, is_below
from fresh.adapters.landlock.texts import read_text
from fresh.adapters.landlock.venvs import environments, sites
from fresh.ports import Mount

_MAPPING = re.compile(r"^MAPPING(?:: [^=\n]*)? = (\{.*?\})$", re.MULTILINE)


def import_roots(mounts: Sequence[Mount], moves: Moves) -> tuple[str, ...]:
    """Find where packages really lie that an environment among these mounts imports from a place that moved.

    The files are read as text and may have been written by the target's build: nothing in them is run.
    """
    found: dict[str, None] = {}
    for mount in environments(mounts):
        for site in sites(mount.source):
            for path in (
                path for root in _named(mount.source, site) for path in [_moved(root, mounts, moves)] if path
            ):
                found[path] = None
    return tuple(found)


def _named(root: Path, site: Path) -> Iterator[str]:
    for file in sorted(site.glob("*.pth")):
        yield from (line.strip() for line in read_text(root, file).splitlines() if line.startswith("/"))
    for file in sorted(site.glob("__editable__*_finder.py")):
        for written in _MAPPING.findall(read_text(root, file)):
            yield from _parents(written)


def _parents(written: str) -> Iterator[str]:
    """Read setuptools' own table of packages and their directories."""
    try:
        mapping = ast.literal_eval(written)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return
    for name, place in mapping.items() if isinstance(mapping, dict) else ():
        path = PurePosixPath(str(place))
        if path.stem == str(name).rpartition(".")[2]:
            yield str(path.parents[str(name).count(".")])


def _moved(root: str, mounts: Sequence[Mount], moves: Moves) -> str | None:
    if not any(root == mount.target or is_below(root, mount.target) for mount in mounts):
        return None
    real = moves(root)
    return None if real == root or ":" in real else real
