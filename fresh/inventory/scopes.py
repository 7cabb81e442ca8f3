"""From where each name that a file mentions is looked up, so that every name is looked up once for all who see the same."""

from __future__ import annotations

from collections.abc import Iterable

from fresh.inventory.record import Bound, Import

OF_CLASS = ("self.", "cls.", "super().")
"""Beginnings of names that mean something else in every class."""
NOTHING: frozenset[str] = frozenset()


class Scopes:
    """The scopes of one file: its definitions by index, -1 for the module.

    `owners`, `names` and `are_classes` say of each definition what is around it, what it is called, and whether it is
    a class.
    """

    def __init__(
        self,
        owners: list[int],
        names: list[str],
        are_classes: list[bool],
        imports: Iterable[Import],
        bound: Iterable[Bound],
    ) -> None:
        self._owners = owners
        self._are_classes = are_classes
        self._imported: dict[int, set[str]] = {}
        self._held: dict[int, set[str]] = {}
        self._takes_all = False
        for each in imports:
            self._imported.setdefault(each.owner, set()).add(each.name)
            self._takes_all |= each.name == "*"
        for owner, name in [(each.owner, each.name) for each in bound] + [*zip(owners, names, strict=True)]:
            self._held.setdefault(owner, set()).add(name)
        self._module = NOTHING.union(self._imported.get(-1, NOTHING), self._held.get(-1, NOTHING))
        self._around: dict[int, frozenset[str]] = {}

    def home(self, owner: int) -> int:
        """The class around a definition, or itself; -1 outside of classes."""
        while owner >= 0 and not self._are_classes[owner]:
            owner = self._owners[owner]
        return owner

    def seen_from(self, owner: int) -> frozenset[str]:
        """List the names that the scopes around a definition's code may bind, its module excepted."""
        if owner == -1:
            return NOTHING
        outer = self._seen_inside(self._owners[owner])
        held, imported = self._held.get(owner), self._imported.get(owner)
        return outer.union(held or (), imported or ()) if held or imported else outer

    def _seen_inside(self, owner: int) -> frozenset[str]:
        """List what a scope and those around it bind for the code inside; of a class that is imports alone."""
        if owner == -1:
            return NOTHING
        found = self._around.get(owner)
        if found is None:
            if self._are_classes[owner]:
                found = self._seen_inside(self._owners[owner]) | self._imported.get(owner, NOTHING)
            else:
                found = self.seen_from(owner)
            self._around[owner] = found
        return found

    def sort(self, owner: int, names: Iterable[str]) -> tuple[list[tuple[int, str]], set[str]]:
        """Say for each name of one definition's code from where it can be looked up, nearest to the module.

        What nothing in the file binds means nothing; only the attributes behind it may, and they are listed apart.
        """
        places: list[tuple[int, str]] = []
        loose: set[str] = set()
        seen, home = self.seen_from(owner), self.home(owner)
        for name in names:
            head = name.partition(".")[0]
            if head[-1] == ")":
                head = head[:-2]
            if head in seen:
                places.append((owner, name))
            elif home >= 0 and name.startswith(OF_CLASS):
                places.append((home, name))
            elif head in self._module or self._takes_all:
                places.append((-1, name))
            elif "." in name:
                loose.update(name.replace("()", "").split(".")[1:])
        return places, loose
