"""What others need for the same files: vulture, ruff's parse, and a repo map in aider's manner.

Each gives less than the inventory: vulture unused names, ruff unused imports, a repo map the order in which
definitions are worth showing. The repo map is made here: definitions and references by a query of tree-sitter, a graph
of files joined by the names that they share, and 20 rounds of PageRank over it.
"""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
import time
from collections import Counter, defaultdict
from importlib.util import find_spec
from pathlib import Path

TAGS = """
(class_definition name: (identifier) @definition)
(function_definition name: (identifier) @definition)
(call function: [(identifier) @reference (attribute attribute: (identifier) @reference)])
"""
ROUNDS, DAMPING = 20, 0.85


def peers() -> tuple[str, ...]:
    """Name those that are installed here."""
    found = ["repo map"]
    if shutil.which("ruff") or find_spec("ruff"):
        found.append("ruff")
    if find_spec("vulture"):
        found.append("vulture")
    return tuple(found)


def vulture(repository: Path, state: Path) -> tuple[int, float]:
    """Find unused names."""
    return _command(sys.executable, "-m", "vulture", str(repository))


def ruff(repository: Path, state: Path) -> tuple[int, float]:
    """Parse every file and resolve its names: the least that ruff does, without its cache."""
    return _command(
        sys.executable, "-m", "ruff", "check", "-q", "--isolated", "--no-cache", "--exit-zero", "--select", "F401",
        "--output-format", "concise", str(repository),
    )  # fmt: skip


def _command(*words: str) -> tuple[int, float]:
    start = time.perf_counter()
    done = subprocess.run(words, capture_output=True, check=False)
    return len(done.stdout.splitlines()), time.perf_counter() - start


def repo_map(repository: Path, state: Path) -> tuple[int, float]:
    """Rank the definitions of all files."""
    import tree_sitter_python
    from tree_sitter import Language, Parser, Query, QueryCursor

    start = time.perf_counter()
    language = Language(tree_sitter_python.language())
    parser, query = Parser(language), Query(language, TAGS)
    defines: defaultdict[str, set[str]] = defaultdict(set)
    refers: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for path in sorted(repository.rglob("*.py")):
        tree = parser.parse(path.read_bytes())
        for kind, nodes in QueryCursor(query).captures(tree.root_node).items():
            for node in nodes:
                name = (node.text or b"").decode("utf-8", "replace")
                if kind == "definition":
                    defines[name].add(str(path))
                else:
                    refers[name][str(path)] += 1
    rank = _page_rank(_edges(defines, refers))
    ranked = sorted(
        ((rank.get(file, 0.0), name) for name, files in defines.items() for file in files), reverse=True
    )
    return len(ranked), time.perf_counter() - start


def _edges(
    defines: defaultdict[str, set[str]], refers: defaultdict[str, Counter[str]]
) -> dict[str, dict[str, float]]:
    """Join each file to those that define what it names; a name that many define says little."""
    edges: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for name, files in defines.items():
        for file, times in refers.get(name, Counter()).items():
            for target in files:
                edges[file][target] += math.sqrt(times) / len(files)
    return {file: dict(targets) for file, targets in edges.items()}


def _page_rank(edges: dict[str, dict[str, float]]) -> dict[str, float]:
    nodes = sorted({*edges, *(target for targets in edges.values() for target in targets)})
    rank = dict.fromkeys(nodes, 1 / max(len(nodes), 1))
    for _ in range(ROUNDS):
        after = dict.fromkeys(nodes, (1 - DAMPING) / max(len(nodes), 1))
        for node, targets in edges.items():
            total = sum(targets.values())
            for target, weight in targets.items():
                after[target] += DAMPING * rank[node] * weight / total
        rank = after
    return rank
