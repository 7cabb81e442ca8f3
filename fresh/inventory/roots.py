"""A place where outside code enters."""

from __future__ import annotations

from typing import NamedTuple

from fresh.domain.entry_rules import EntryRule
from fresh.inventory.modules import Module


class Root(NamedTuple):
    """A node that outside code runs. `weak` says that the rule only makes it likely."""

    node: int
    rule: EntryRule
    detail: str
    path: str
    line: int
    weak: bool = False

    @property
    def words(self) -> str:
        """The rule in words."""
        return f"{self.rule}: {self.detail}"


def packages_used(module: Module) -> set[str]:
    """List the first names of everything that a module imports."""
    return {target.lstrip(".").partition(".")[0] for _, _, target in module.shape.imports}
