"""Which files must be linked anew after a change, and what stays true of all others.

A file's links follow from its own record and from what other files bind to the names that it mentions. So a change is
put down to names: those that a changed file binds otherwise than before. Whoever mentions none of them, nor a name
that somebody else made of them (`from a import old as new`), gets the same answers as before. What reaches further than
a name, such as another base class or another star import, makes everything stale.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from fresh.inventory.bindings import bindings, identities
from fresh.inventory.edges import Column, Edges, Row
from fresh.inventory.mixing import Mixing
from fresh.inventory.modules import Modules, heads
from fresh.inventory.record import Record
from fresh.inventory.symbols import Bases, Symbols

MOST_NAMES = 200
MOST_STALE = 0.5
GONE = -1
"""The number of a node that is no longer there."""


@dataclass(frozen=True)
class Kept:
    """What stays true of a graph, with the numbers that its nodes have now; `stale` are the paths to be linked anew."""

    stale: set[str]
    uses: list[tuple[int, ...]]
    follow: list[tuple[int, ...]]
    weak: list[tuple[str, ...]]
    strings: list[tuple[str, ...]]
    listed: dict[str, set[int]]
    bases: Bases


class Staleness:
    """The difference between the files that edges were kept of and those of today.

    `keys` and `texts` give the content's key and the record's text for every path, `former` the records of other keys.
    """

    def __init__(
        self,
        edges: Edges,
        modules: Modules,
        keys: Mapping[str, str],
        texts: Mapping[str, str],
        former: Callable[[Iterable[str]], Mapping[str, Record]],
    ) -> None:
        self.edges = edges
        self.modules = modules
        self.texts = texts
        before = {row.path: row for row in edges.rows}
        now = {
            path: Row(path, keys[path], each.name, each.source.is_package, len(each.shape.definitions) + 1)
            for path, each in modules.by_path.items()
        }
        self._gone = [row for row in edges.rows if now.get(row.path) != row]
        self._came = [row for row in now.values() if before.get(row.path) != row]
        self._former = former({row.key for row in self._gone})
        self._numbers: list[int] = []

    def keep(self) -> Kept | None:
        """Carry over what is still true; nothing when that is little or can't be told."""
        if self.edges.speaks_2 != self.modules.speaks_2 or len(self._came) > MOST_STALE * len(self.texts):
            return None
        if any(row.key not in self._former for row in self._gone):
            return None
        names = self._names_changed()
        stale = self._mentioning(names) if names is not None else None
        if stale is None or len(stale) > MOST_STALE * len(self.texts):
            return None
        self._numbers = self._renumber()
        return self._carry_over(stale)

    # ---------------------------------------------------------------------------------------------- what changed

    def _names_changed(self) -> set[str] | None:
        """List the names that changed files bind otherwise than before; nothing when a star import is among them."""
        before = {
            (row.path, row.module, row.is_package): bindings(self._former[row.key]) for row in self._gone
        }
        after = {
            (row.path, row.module, row.is_package): bindings(self.modules.by_path[row.path].record)
            for row in self._came
        }
        found: set[str] = set()
        for identity in before.keys() | after.keys():
            if identity not in before or identity not in after:
                found.add(identity[1].rpartition(".")[2])
            old, new = before.get(identity, {}), after.get(identity, {})
            for name in old.keys() | new.keys():
                if old.get(name) != new.get(name):
                    found.update(name.removeprefix("self.").split("."))
        named = self._named_otherwise()
        return None if "*" in found or named is None else found | named

    def _named_otherwise(self) -> set[str] | None:
        """List the parts of names by which modules are found now and were not before, or the other way round."""
        before, today = self.edges.short, self.modules.short
        different = {name for name in before.keys() | today.keys() if before.get(name) != today.get(name)}
        moved = {row.module for row in (*self._gone, *self._came)}
        if any(each.get(name) not in {None, *moved} for name in different for each in (before, today)):
            return None  # a module that has not changed is found by another name
        known = heads((*(row.module for row in self.edges.rows), *before))
        return {name.rpartition(".")[2] for name in different} | (known ^ self.modules.heads)

    def _mentioning(self, names: set[str]) -> set[str] | None:
        """List the changed files and all that mention these names, or names that somebody made of them."""
        stale = {row.path for row in self._came}
        moved = {row.module for row in (*self._gone, *self._came)} - self._staying()
        if moved:
            stale.update(path for path, each in self.modules.by_path.items() if _lies_in(each.package, moved))
        known, waiting = set(names), set(names)
        while waiting:
            if len(known) > MOST_NAMES:
                return None
            mentioning = self._searched(waiting)
            stale.update(mentioning)
            more = {name for path in mentioning for name in self._made_of(path, known)}
            waiting = more - known
            known |= more
        return stale

    def _staying(self) -> set[str]:
        """Name the modules that are there before and after."""
        return {row.module for row in self._gone} & {row.module for row in self._came}

    def _searched(self, names: Iterable[str]) -> list[str]:
        """List the paths whose record mentions any of these names."""
        written = [json.dumps(name)[1:-1] for name in names]
        word = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, written))})(?!\w)")
        return [
            path
            for path, text in self.texts.items()
            if any(name in text for name in written) and word.search(text)
        ]

    def _made_of(self, path: str, names: set[str]) -> Iterable[str]:
        """List the names that a file binds to something with one of these names in it."""
        record = self.modules.by_path[path].record
        for _, name, target in record.shape.imports:
            if not names.isdisjoint(target.split(".")):
                yield from name.split(".")
        for each in record.links.bound:
            if not names.isdisjoint(each.source.split(".")):
                yield from each.name.removeprefix("self.").split(".")

    # ------------------------------------------------------------------------------------------- what stays true

    def _renumber(self) -> list[int]:
        """Map the former number of every node to the one of today."""
        gone = {row.path: row for row in self._gone}
        found: list[int] = []
        for row in self.edges.rows:
            module = self.modules.by_path.get(row.path)
            if row.path not in gone:
                assert module is not None
                found += range(module.body, module.body + row.size)
            elif module is None or (module.name, module.source.is_package) != (row.module, row.is_package):
                found += [GONE] * row.size
            else:
                today = {each: node for node, each in enumerate(identities(module.record), module.body + 1)}
                found.append(module.body)
                found += [today.get(each, GONE) for each in identities(self._former[row.key])]
        return found

    def same_bases(self, symbols: Symbols, stale: set[str]) -> bool:
        """Tell whether every class of the files to be linked anew that was there before has the bases that it had."""
        edges, of = self.edges, self.modules.of
        for before, node in enumerate(self._numbers):
            if node == GONE or of[node].source.path not in stale:
                continue
            if (before in edges.unseen) != (node in symbols.has_unseen_base):
                return False
            if [self._numbers[base] for base in edges.bases.get(before, ())] != symbols.bases.get(node, []):
                return False
        return True

    def mixed_otherwise(self, symbols: Symbols) -> set[str]:
        """List the files of classes that other classes inherit from side by side with others than before."""
        before, today = Mixing(self.edges.bases, self.edges.unseen), symbols.mixing
        number = self._numbers.__getitem__
        beside = {number(node): set(map(number, others)) for node, others in before.beside.items()}
        changed = {
            node for node in beside.keys() | today.beside.keys() if beside.get(node) != today.beside.get(node)
        }
        changed |= set(map(number, before.beside_unseen)) ^ today.beside_unseen
        return {self.modules.of[node].source.path for node in changed - {GONE}}

    def _carry_over(self, stale: set[str]) -> Kept | None:
        """Renumber what was found of all other files."""
        edges, number, count = self.edges, self._numbers.__getitem__, len(self.modules.of)
        uses, follow = (self._renumbered(each) for each in (edges.uses, edges.follow))
        kept = Kept(
            stale, [()] * count, [()] * count, [()] * count, [()] * count, {}, Bases({}, set(), stale)
        )
        end, staying = 0, set()
        for row in edges.rows:
            start, end = end, end + row.size
            if row.path in stale or row.path not in self.modules.by_path:
                continue
            if GONE in follow.all_of(start, end):
                return None  # never seen; then the file that uses it should have been stale
            staying.add(row.path)
            here = slice(number(start), number(start) + row.size)
            kept.uses[here], kept.follow[here] = uses.of(start, end), follow.of(start, end)
            kept.weak[here], kept.strings[here] = edges.weak.of(start, end), edges.strings.of(start, end)
        of = self.modules.of
        for before, bases in edges.bases.items():
            if (node := number(before)) != GONE and of[node].source.path in staying:
                kept.bases.seen[node] = [*map(number, bases)]
        kept.bases.unseen.update(
            node for node in map(number, edges.unseen) if node != GONE and of[node].source.path in staying
        )
        for place, before in edges.listed:
            if (path := edges.rows[place].path) in staying:
                kept.listed.setdefault(path, set()).add(number(before))
        return kept

    def _renumbered(self, column: Column[int]) -> Column[int]:
        """Give the nodes of a column their numbers of today, in order for every node."""
        found = Column(column.lengths, map(self._numbers.__getitem__, column.flat))
        if _in_order(self._numbers):
            return found
        count = len(column.lengths)
        return Column(column.lengths, chain.from_iterable(map(sorted, found.of(0, count))))


def _lies_in(package: str, moved: set[str]) -> bool:
    while package:
        if package in moved:
            return True
        package = package.rpartition(".")[0]
    return False


def _in_order(numbers: Iterable[int]) -> bool:
    last = -1
    for number in numbers:
        if number >= 0:
            if number < last:
                return False
            last = number
    return True
