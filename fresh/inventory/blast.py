"""How far a change reaches: who depends on a feature, and what a hookup of it would bring along.

Both count top-level definitions of product code; methods and nested definitions stand for their owners.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from fresh.inventory.graph import Graph

BLOCK = 4096
ENOUGH = 400
"""Definitions after which the count of what a hookup brings along ends: from each of a long chain it takes for ever."""


class Blast:
    """The graph of top-level definitions."""

    def __init__(self, graph: Graph, outside: bytearray) -> None:
        """Leave the nodes out that are marked in `outside`."""
        modules = graph.modules
        self.tops = [
            node
            for node, top in enumerate(modules.tops)
            if top == node and not outside[node] and modules.definitions[node] is not None
        ]
        place = {node: index for index, node in enumerate(self.tops)}
        for node, doubles in modules.doubles.items():
            if node in place:
                place[node] = place[doubles[0]]
        self.place = place
        self.users: list[set[int]] = [set() for _ in self.tops]
        self.callers: list[set[int]] = [set() for _ in self.tops]
        for node, mark in enumerate(outside):
            if not mark:
                self._link(graph, node)

    def _link(self, graph: Graph, node: int) -> None:
        """File a node's owner as a user of what the node uses; a module body counts as a caller, but ends there."""
        tops, place = graph.modules.tops, self.place
        top = tops[node]
        source = place.get(top)
        for target in (*graph.uses[node], *graph.symbols.bases.get(node, ())):
            used = place.get(tops[target])
            if used is not None and used != source:
                self.callers[used].add(top)
                if source is not None:
                    self.users[used].add(source)

    def dependents(self) -> dict[int, int]:
        """Count for every top-level node the definitions that depend on it, directly or not.

        Cycles are folded into one first; then sets of definitions travel along the folded graph as bit sets,
        a block of definitions at a time so that memory stays small.
        """
        fold, order = _fold_cycles(self.users)
        members: list[list[int]] = [[] for _ in order]
        for index, group in enumerate(fold):
            members[group].append(index)
        above = [
            {fold[user] for index in members[group] for user in self.users[index]} - {group}
            for group in range(len(order))
        ]
        counts = [0] * len(order)
        for start in range(0, len(self.tops), BLOCK):
            seen = [0] * len(order)
            for group in order:
                bits = 0
                for index in members[group]:
                    if start <= index < start + BLOCK:
                        bits |= 1 << (index - start)
                for other in above[group]:
                    bits |= seen[other]
                seen[group] = bits
                counts[group] += bits.bit_count()
        return {node: counts[fold[self.place[node]]] - 1 for node in self.place}

    def direct(self, node: int) -> int:
        """Count the definitions and module bodies that use a top-level node themselves."""
        return len(self.callers[self.place[node]])


def _fold_cycles(edges: list[set[int]]) -> tuple[list[int], list[int]]:
    """Give every node the number of its cycle; the order lists the cycles with all that they lead to first."""
    count = len(edges)
    number, low, fold = [0] * count, [0] * count, [-1] * count
    order: list[int] = []
    path: list[int] = []
    clock = 0
    for start in range(count):
        if number[start]:
            continue
        work = [(start, iter(sorted(edges[start])))]
        clock += 1
        number[start] = low[start] = clock
        path.append(start)
        while work:
            node, rest = work[-1]
            for target in rest:
                if not number[target]:
                    clock += 1
                    number[target] = low[target] = clock
                    path.append(target)
                    work.append((target, iter(sorted(edges[target]))))
                    break
                if fold[target] == -1:
                    low[node] = min(low[node], number[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    _close_cycle(node, path, fold, order)
    return fold, order


def _close_cycle(node: int, path: list[int], fold: list[int], order: list[int]) -> None:
    group = len(order)
    order.append(group)
    while True:
        member = path.pop()
        fold[member] = group
        if member == node:
            return


def unlocks(graph: Graph, node: int, is_unhooked: Mapping[int, bool]) -> int:
    """Count the other unhooked top-level definitions that a strong path from a node would reach; many are not counted out."""
    seen = {node}
    waiting = [node]
    while waiting and len(seen) < ENOUGH:
        for target in islice(graph.follow[waiting.pop()], ENOUGH):
            if target not in seen and graph.modules.definitions[target] is not None:
                seen.add(target)
                waiting.append(target)
    # One node speaks for all that share its key, so nodes can be counted in place of keys.
    tops = {top for each in seen if is_unhooked.get(top := graph.modules.tops[each])}
    return len(tops - {node})
