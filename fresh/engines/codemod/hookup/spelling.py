"""How names are spelled in a module that is edited: by what it imports already, else by an import to be added."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from dataclasses import dataclass, field

from fresh.engines.codemod.hookup.sources import Module, Sources, origins

UNION = re.compile(r": [\w\[\], ]+ \| None\b")


@dataclass(frozen=True)
class Import:
    """`from module import name as alias`; without a name it is `import module`."""

    module: str
    name: str = ""
    alias: str = ""

    @property
    def bound(self) -> str:
        """The name that it binds."""
        return self.alias or self.name or self.module.partition(".")[0]

    def source(self, spelled: str = "") -> str:
        """Write the statement; `spelled` replaces the module's name, for a relative import."""
        alias = f" as {self.alias}" if self.alias else ""
        if not self.name:
            return f"import {self.module}{alias}"
        return f"from {spelled or self.module} import {self.name}{alias}"


@dataclass
class Spelling:
    """Collect the imports that the new code needs in `module`.

    Imports below `if TYPE_CHECKING` bind nothing when the program runs, so only unconditional ones count.
    """

    module: Module
    avoid: set[str] = field(default_factory=set)
    wanted: list[Import] = field(default_factory=list)

    def __post_init__(self) -> None:
        body = [node for node in self.module.tree.body if not isinstance(node, ast.If)]
        self._bound = origins(body, self.module.package)
        for node in ast.walk(self.module.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if not alias.asname and "." in alias.name and node in self.module.tree.body:
                        self._bound.setdefault(alias.name, alias.name)

    @property
    def taken(self) -> set[str]:
        """Every name that stands for something at the module's top level, or will."""
        known = {*self.module.imported, *self.module.defined, *self.avoid}
        return known | {wanted.bound for wanted in self.wanted}

    def name(self, module: str, name: str) -> str:
        """Spell one name of a module."""
        if module == self.module.name:
            return name
        for local, origin in self._bound.items():
            if origin == f"{module}.{name}":
                return local
        for local, origin in self._bound.items():
            if origin == module:
                return f"{local}.{name}"
        return self._want(Import(module, name))

    def whole(self, module: str) -> str:
        """Spell a module."""
        for local, origin in self._bound.items():
            if origin == module:
                return local
        return self._want(Import(module))

    def _want(self, wanted: Import) -> str:
        for one in self.wanted:
            if (one.module, one.name) == (wanted.module, wanted.name):
                return one.bound
        if wanted.bound in self.taken:
            stem = wanted.module.rpartition(".")[2].strip("_")
            alias = f"{stem}_{wanted.name}" if wanted.name else f"{stem}_module"
            while alias in self.taken:
                alias += "_"
            wanted = Import(wanted.module, wanted.name, alias)
        self.wanted.append(wanted)
        return wanted.bound


def free_name(choices: Collection[str], taken: Collection[str]) -> str:
    """Take the first name that stands for nothing yet."""
    for choice in choices:
        if choice not in taken:
            return choice
    last = list(choices)[-1]
    while last in taken:
        last += "_"
    return last


def prefers_relative(module: Module, sources: Sources) -> bool:
    """Say whether a module imports its own package by dots rather than by name."""
    top = module.name.partition(".")[0]
    found = [node for node in ast.walk(module.tree) if isinstance(node, ast.ImportFrom)]
    dotted = sum(1 for node in found if node.level)
    named = sum(1 for node in found if not node.level and (node.module or "").partition(".")[0] == top)
    return dotted > named


def writes_unions(module: Module, sources: Sources) -> bool:
    """Say whether `X | None` works in a module: it is there already, or the project needs Python 3.10 anyway."""
    metadata = "".join(sources.text(path) for path in ("pyproject.toml", "setup.cfg", "setup.py"))
    oldest = re.search(r"""(?:requires-python|python_requires)\s*=\s*["']?\s*>=\s*3\.(\d+)""", metadata)
    return (oldest is not None and int(oldest[1]) >= 10) or bool(UNION.search(module.text))


def imports_late(module: Module) -> bool:
    """Say whether a module imports its own package inside of its functions rather than at its top."""
    top = module.name.partition(".")[0]
    own = [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").partition(".")[0] == top)
    ]
    early = sum(1 for node in own if node in module.tree.body)
    return len(own) - early > max(1, early)


def relative(package: str, target: str) -> str:
    """Spell a module from inside a package, with dots; empty when they share no package."""
    here, there = package.split("."), target.split(".")
    common = 0
    while common < min(len(here), len(there)) and here[common] == there[common]:
        common += 1
    if not common or not package:
        return ""
    return "." * (len(here) - common + 1) + ".".join(there[common:])
