"""Which classes others inherit from side by side: there one may override a method of another."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence


class Mixing:
    """`beside[n]`: the classes that some class inherits from beside n, or beside an heir of n. `beside_unseen`: those
    that have a class beside them which nobody sees."""

    def __init__(self, bases: Mapping[int, Sequence[int]], unseen: Container[int]) -> None:
        self.beside: dict[int, set[int]] = {}
        self.beside_unseen: set[int] = set()
        for node, own in bases.items():
            if len(own) + (node in unseen) < 2:
                continue
            for base in own:
                for mixed in (base, *ancestors(base, bases)):
                    self.beside.setdefault(mixed, set()).update(set(own) - {base})
                    if node in unseen:
                        self.beside_unseen.add(mixed)


def ancestors(node: int, bases: Mapping[int, Sequence[int]]) -> tuple[int, ...]:
    """List the classes that a class inherits from, nearest first."""
    found: dict[int, None] = {}
    waiting = list(reversed(bases.get(node, ())))
    while waiting:
        base = waiting.pop()
        if base not in found and base != node:
            found[base] = None
            waiting.extend(reversed(bases.get(base, ())))
    return tuple(found)
