"""Search a tree inside the sandbox: patterns come from a model, and some would keep the host busy for ever."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

from fresh.domain.evidence import RunEnd
from fresh.engines.llm.draft import Mistake
from fresh.ports import Bench

MOST = 60
WALL = 20.0


@dataclass(frozen=True)
class Hits:
    """The first lines that were found, as `path:line: text`, and how many there are."""

    lines: tuple[str, ...]
    count: int


def search(bench: Bench, pattern: str, glob: str = "*", most: int = MOST) -> Hits:
    """Find lines that match a regular expression. Raises Mistake."""
    asked = json.dumps({"pattern": pattern, "glob": glob or "*", "most": most}).encode()
    ended = bench.python(("-I", "-c", _program()), wall=WALL, stdin=asked)
    rows = ended.text.splitlines()
    if ended.ended is RunEnd.TIMEOUT:
        raise Mistake(f"The search took more than {WALL:g} s; use a simpler pattern or a narrower glob.")
    if rows and rows[-1].startswith("! "):
        raise Mistake(f"{pattern!r} is no regular expression: {rows[-1][2:]}.")
    if not rows or not rows[-1].startswith("= "):
        raise Mistake(f"The search broke: {ended.text[-300:]}")
    return Hits(tuple(rows[:-1]), int(rows[-1][2:]))


@cache
def _program() -> str:
    return (resources.files(f"{__package__}.inside") / "searching.py").read_text(encoding="utf-8")
