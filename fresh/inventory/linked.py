"""Link a commit's files, taking over from the last scan what a change has not touched."""

from __future__ import annotations

import shutil
from pathlib import Path

from fresh.inventory.cache import rules_version
from fresh.inventory.edges import keep_edges, load_edges
from fresh.inventory.graph import Graph
from fresh.inventory.modules import Modules
from fresh.inventory.reading import Reading
from fresh.inventory.staleness import Kept, Staleness
from fresh.inventory.symbols import Symbols

NAME = "edges"
FEW_STALE = 40
"""Files that are linked anew in less time than it takes to write all edges down."""


def link(reading: Reading, cache: Path) -> Graph:
    """Build the graph of a commit, and keep its edges for the next one. Raises StorageFailed."""
    modules = Modules(reading.sources, reading.records)
    keys = {path: reading.files[path].blob for path in reading.records}
    folder = cache / f"{NAME}-{rules_version()}"
    edges = load_edges(folder / NAME)
    kept: Kept | None = None
    symbols: Symbols | None = None
    if edges is not None:
        staleness = Staleness(edges, modules, keys, reading.texts, reading.former)
        if kept := staleness.keep():
            symbols = Symbols(modules, kept.bases)
            if staleness.same_bases(symbols, kept.stale):
                kept.stale.update(staleness.mixed_otherwise(symbols))
            else:
                kept = symbols = None
    symbols = symbols or Symbols(modules)
    graph = Graph(modules, symbols, kept)
    if kept is None or len(kept.stale) > FEW_STALE:
        keep_edges(folder / NAME, graph.edges(keys))
        for other in cache.glob(f"{NAME}-*"):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
    return graph
