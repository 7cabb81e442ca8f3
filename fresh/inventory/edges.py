"""The edges of a whole graph as flat columns, so that the next scan reads in a moment what it need not find again."""

from __future__ import annotations

import json
import sys
import zlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from fresh.inventory.cache import write_whole

INTEGER = "i"
T = TypeVar("T")


class Row(NamedTuple):
    """One file: its nodes are `size` numbers that follow on those of the file before."""

    path: str
    key: str
    module: str
    is_package: bool
    size: int


class Column(Generic[T]):
    """A tuple for every node, all in one."""

    def __init__(self, lengths: Iterable[int], flat: Iterable[T]) -> None:
        self.lengths = array(INTEGER, lengths)
        self.flat = tuple(flat)
        self._ends = array(INTEGER, accumulate(self.lengths, initial=0))

    def of(self, first: int, last: int) -> list[tuple[T, ...]]:
        """Cut out the tuples of some nodes that follow on each other."""
        flat, ends = self.flat, self._ends[first : last + 1]
        return [flat[start:end] if start < end else () for start, end in pairwise(ends)]

    def all_of(self, first: int, last: int) -> tuple[T, ...]:
        """Join the tuples of some nodes that follow on each other."""
        return self.flat[self._ends[first] : self._ends[last]]


def column(tuples: Sequence[Sequence[T]]) -> Column[T]:
    """Put the tuples of all nodes together."""
    return Column(map(len, tuples), chain.from_iterable(tuples))


@dataclass(frozen=True)
class Edges:
    """What was found of all nodes, in the order of their numbers; `listed` are pairs of a file's place and a node.

    The other attributes are those of the graph and the modules that they come from.
    """

    rows: list[Row]
    short: dict[str, str]
    speaks_2: bool
    uses: Column[int]
    follow: Column[int]
    weak: Column[str]
    strings: Column[str]
    bases: dict[int, list[int]]
    unseen: set[int]
    listed: list[tuple[int, int]]


def keep_edges(path: Path, edges: Edges) -> None:
    """Write edges down in place of those of another scan. Raises StorageFailed."""
    table: dict[str, int] = {}
    columns = []
    for each in (edges.uses, edges.follow):
        columns += [each.lengths, array(INTEGER, each.flat)]
    for words in (edges.weak, edges.strings):
        columns += [
            words.lengths,
            array(INTEGER, [table.setdefault(word, len(table)) for word in words.flat]),
        ]
    columns += [
        array(
            INTEGER, chain.from_iterable((node, len(bases), *bases) for node, bases in edges.bases.items())
        ),
        array(INTEGER, sorted(edges.unseen)),
        array(INTEGER, chain.from_iterable(edges.listed)),
    ]
    head = {
        "rows": edges.rows,
        "short": edges.short,
        "speaks_2": edges.speaks_2,
        "names": [*table],
        "sizes": [len(column) for column in columns],
    }
    content = (
        json.dumps(head, separators=(",", ":")).encode() + b"\n" + b"".join(c.tobytes() for c in columns)
    )
    write_whole(path, f"{zlib.crc32(content):08x} {sys.byteorder}\n".encode() + content)


def load_edges(path: Path) -> Edges | None:
    """Read what another scan has kept; nothing when that is not there or damaged."""
    try:
        check, _, content = path.read_bytes().partition(b"\n")
        if check != f"{zlib.crc32(content):08x} {sys.byteorder}".encode():
            return None
        first, _, rest = content.partition(b"\n")
        head = json.loads(first)
        return _read(head, rest)
    except (OSError, ValueError, TypeError, KeyError, IndexError, MemoryError, RecursionError):
        return None


def _read(head: dict[str, Any], content: bytes) -> Edges:
    columns: list[list[int]] = []
    start, names = 0, head["names"]
    for size in head["sizes"]:
        column = array(INTEGER)
        column.frombytes(content[start : start + size * column.itemsize])
        start += size * column.itemsize
        columns.append(column.tolist())
    bases: dict[int, list[int]] = {}
    place, flat = 0, columns[8]
    while place < len(flat):
        end = place + 2 + flat[place + 1]
        bases[flat[place]] = flat[place + 2 : end]
        place = end
    return Edges(
        rows=[*map(Row._make, head["rows"])],
        short=head["short"],
        speaks_2=head["speaks_2"],
        uses=Column(columns[0], columns[1]),
        follow=Column(columns[2], columns[3]),
        weak=Column(columns[4], map(names.__getitem__, columns[5])),
        strings=Column(columns[6], map(names.__getitem__, columns[7])),
        bases=bases,
        unseen=set(columns[9]),
        listed=[*zip(columns[10][::2], columns[10][1::2], strict=True)],
    )
