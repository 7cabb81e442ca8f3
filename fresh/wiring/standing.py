"""The toolboxes of this process, each built on first use."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fresh.settings import read_settings
from fresh.wiring.box import Toolbox
from fresh.wiring.building import build_toolbox

_standing: dict[Path, Toolbox] = {}
_building = threading.RLock()


def toolbox(repository: Path) -> Toolbox:
    """Give the toolbox of a repository, built on first use."""
    with _building:
        if repository not in _standing:
            _standing[repository] = build_toolbox(repository, read_settings())
        return _standing[repository]


def standing_toolboxes() -> tuple[Toolbox, ...]:
    """List the toolboxes that this process has built so far."""
    with _building:
        return tuple(_standing.values())


@contextmanager
def using(tools: Toolbox) -> Iterator[Toolbox]:
    """Put a toolbox, with fakes in it, in place of the real one for as long as the context is open."""
    with _building:
        before = _standing.get(tools.repository)
        _standing[tools.repository] = tools
    try:
        yield tools
    finally:
        with _building:
            if before is None:
                del _standing[tools.repository]
            else:
                _standing[tools.repository] = before
