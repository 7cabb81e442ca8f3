"""Which classes others inherit from side by side: there one may override a method of another."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

MOST_ANCESTORS = 200
"""Ancestors of one class that are looked at: the largest hierarchies that people write have about half as many."""
MOST_BESIDE = 200
"""Classes beside one class: more than people ever mix."""


class Mixing:
    """`beside[n]`: the classes that some class inherits from beside n, or beside an heir of n. `beside_unseen`: those
    that have a class beside them which nobody sees."""

    def __init__(self, bases: Mapping[int, Sequence[int]], unseen: Container[int]) -> None:
        self.beside: dict[int, set[int]] = {}
        self.beside_unseen: set[int] = set()
        for node in sorted(bases):  # which of very many count must not depend on who was asked first
            own = bases[node]
            if len(own) + (node in unseen) < 2:
                continue
            for base in own:
                others = set(own[:MOST_BESIDE]) - {base}
                for mixed in (base, *ancestors(base, bases)):
                    beside = self.beside.setdefault(mixed, set())
                    if len(beside) < MOST_BESIDE:
                        beside |= others
                    if node in unseen:
                        self.beside_unseen.add(mixed)


def ancestors(node: int, bases: Mapping[int, Sequence[int]]) -> tuple[int, ...]:
    """List the classes that a class inherits from, nearest first, as far as they are looked at."""
    found: dict[int, None] = {}
    waiting = list(reversed(bases.get(node, ())))
    while waiting:
        base = waiting.pop()
        if base not in found and base != node:
            found[base] = None
            if len(found) == MOST_ANCESTORS:
                break
            waiting.extend(reversed(bases.get(base, ())))
    return tuple(found)
