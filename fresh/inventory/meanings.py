"""What a name may lead to, and questions about names that lead to one another, also in circles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

LONGEST_CHAIN = 60
LARGEST_CIRCLE = 200
"""Questions of one circle that are followed for the one that began it."""
UNCUT = 1 << 30
TOO_DEEP = -1


class Found(NamedTuple):
    """The node that a dotted name leads to, and the attributes behind it that could not be followed.

    `through` are classes that the name passes on its way to a member that they inherit; `others` is what else the name
    may mean. `is_made` says that it is what a call of the node gives, whose attributes nobody knows.
    """

    node: int
    left: tuple[str, ...] = ()
    through: tuple[int, ...] = ()
    others: tuple[Found, ...] = ()
    is_made: bool = False

    @property
    def nodes(self) -> tuple[int, ...]:
        """List every node that the name stands for or passes."""
        if not self.through and not self.others:
            return (self.node,)
        beside = (node for other in self.others for node in (other.node, *other.through))
        return tuple(dict.fromkeys((self.node, *self.through, *beside)))


def either(found: Sequence[Found]) -> Found | None:
    """Join what a name may mean; the first counts as its meaning."""
    if len(found) < 2:
        return found[0] if found else None
    first, *more = found
    others = (each for other in more for each in (other._replace(others=()), *other.others))
    return first._replace(others=tuple(dict.fromkeys((*first.others, *others))))


class Questions:
    """Ask each question as seldom as can be, such that no answer depends on what was asked before.

    A question that leads back to one that is being asked is a circle and finds nothing there. What was found inside of
    a circle, or cut off because it lies too deep, holds for the question that began it alone, and is forgotten with it.
    """

    def __init__(self) -> None:
        self._known: dict[str, Found | None] = {}
        self._firsts: dict[str, Found | None] = {}
        self._within: dict[str, tuple[Found | None, int]] = {}
        self._asking: dict[str, int] = {}
        self._lowest = UNCUT

    def ask(self, key: str, answer: Callable[[], Found | None]) -> Found | None:
        """Answer the question that `key` names. `answer` may ask others."""
        if key in self._known:
            return self._known[key]
        depth = len(self._asking)
        if not depth and key in self._firsts:
            return self._firsts[key]
        if (held := self._within.get(key)) is not None:
            self._lowest = min(self._lowest, held[1])
            return held[0]
        if key in self._asking or depth > LONGEST_CHAIN or len(self._within) > LARGEST_CIRCLE:
            self._lowest = min(self._lowest, self._asking.get(key, TOO_DEEP))
            return None
        outer, self._lowest, inner = self._lowest, UNCUT, len(self._within)
        self._asking[key] = depth
        found = answer()
        del self._asking[key]
        lowest = self._lowest
        if lowest == UNCUT:
            self._known[key] = found
        elif lowest >= depth:
            self._close(key, found, inner)
            lowest = UNCUT
        else:
            self._within[key] = (found, lowest)
        if not depth:
            self._firsts[key] = found
            self._within.clear()
            lowest = UNCUT
        self._lowest = min(outer, lowest)
        return found

    def _close(self, key: str, found: Found | None, inner: int) -> None:
        """Forget what was found in a circle that began with `key`; one that leads nowhere does so from anywhere."""
        circle = list(self._within)[inner:]
        leads = found is not None or any(self._within[each][0] is not None for each in circle)
        for each in circle:
            del self._within[each]
        if not leads:
            self._known.update(dict.fromkeys((key, *circle)))
