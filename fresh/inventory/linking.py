"""What the names that a file mentions mean."""

from __future__ import annotations

from typing import NamedTuple

from fresh.inventory.modules import Module
from fresh.inventory.symbols import Symbols

LISTING = ".__subclasses__"


class Meaning(NamedTuple):
    """The nodes that a name leads to, and the names of attributes whose object is unknown."""

    nodes: tuple[int, ...] = ()
    attributes: tuple[str, ...] = ()


NOTHING = Meaning()


class Linker:
    """Find what names mean. `listed` are the classes whose subclasses are asked for."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols
        self.listed: set[int] = set()

    def meaning(self, module: Module, owner: int, name: str) -> Meaning:
        """Say what a name means inside a definition (-1: the module's body)."""
        if name.endswith(LISTING):
            self._note_listing(module, owner, name.removesuffix(LISTING))
        found = self.symbols.find(module, owner, name)
        if found is not None:
            return Meaning(found.nodes, found.left)
        if "." in name and not self._is_external(module, owner, name):
            return Meaning((), tuple(name.replace("()", "").split(".")[1:]))
        return NOTHING

    def _note_listing(self, module: Module, owner: int, name: str) -> None:
        """Note the class whose subclasses are asked for."""
        symbols = self.symbols
        home = symbols.enclosing_class(module, owner) if name in ("self", "cls", "type(self)") else -1
        found = symbols.find(module, owner, name) if home < 0 else None
        if home >= 0:
            self.listed.add(module.node(home))
        elif found is not None and not found.left:
            self.listed.add(found.node)

    def _is_external(self, module: Module, owner: int, name: str) -> bool:
        """Tell whether a name begins with an import of another project, whose attributes can't be ours."""
        head = name.partition(".")[0].removesuffix("()")
        while owner >= -1:
            if targets := module.imports.get(owner, {}).get(head):
                return all(self.symbols.modules.is_external(target) for target in targets)
            if owner == -1:
                break
            owner = module.shape.definitions[owner].owner
        return False
