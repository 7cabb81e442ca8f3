"""The project's own modules, read once each, and where the names in them come from."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fresh.engines.texts import text_of
from fresh.inventory.layout import Role, Source, lay_out
from fresh.ports import Bench

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
HOPS = 8
"""How many re-exports are followed before a name is given up."""


@dataclass(frozen=True)
class Module:
    """One module: `imported` maps top-level names to dotted origins, `defined` holds every other top-level name."""

    source: Source
    text: str
    tree: ast.Module
    imported: dict[str, str] = field(default_factory=dict)
    defined: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The name that importers use."""
        return self.source.module

    @property
    def path(self) -> str:
        """Where the file lies in the repository."""
        return self.source.path

    @property
    def package(self) -> str:
        """The package that relative imports start from."""
        return self.name if self.source.is_package else self.name.rpartition(".")[0]

    def segment(self, node: ast.AST) -> str:
        """Read the source text of a node."""
        return ast.get_source_segment(self.text, node) or ast.unparse(node)


def statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Walk the statements that run when a module is imported, also below `if` and `try`."""
    for node in body:
        yield node
        if isinstance(node, ast.If):
            yield from statements([*node.body, *node.orelse])
        elif isinstance(node, ast.Try):
            yield from statements([*node.body, *(line for each in node.handlers for line in each.body)])
            yield from statements([*node.orelse, *node.finalbody])
        elif isinstance(node, ast.With):
            yield from statements(node.body)


def dotted(node: ast.AST) -> str:
    """Spell a name or an attribute chain; empty for any other expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def origins(body: Sequence[ast.stmt], package: str) -> dict[str, str]:
    """Map every imported name to the dotted name of what it stands for."""
    found: dict[str, str] = {}
    for node in statements(body):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                found[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom):
            origin = absolute(node, package)
            for alias in node.names:
                found[alias.asname or alias.name] = f"{origin}.{alias.name}"
    return found


def absolute(node: ast.ImportFrom, package: str) -> str:
    """Name the module that a from-import names, also a relative one."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    above = parts[: len(parts) - node.level + 1]
    return ".".join([*above, *([node.module] if node.module else [])])


def _defined(body: Sequence[ast.stmt]) -> frozenset[str]:
    found: set[str] = set()
    for node in statements(body):
        if isinstance(node, Definition):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.For):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {
                name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)
            }
    return frozenset(found)


class Sources:
    """Read modules through the bench; a file that can't be decoded or parsed is no module."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._layout = lay_out(bench.paths())
        self._by_name = {source.module: path for path, source in self._layout.items()}
        self._read: dict[str, Module | None] = {}
        self._texts: dict[str, str] = {}

    def paths(self, *roles: Role) -> list[str]:
        """List the Python files that have one of these roles."""
        return [path for path, source in self._layout.items() if source.role in roles]

    def documents(self, endings: tuple[str, ...]) -> list[str]:
        """List the files whose names end in one of these."""
        return [path for path in self._bench.paths() if path.endswith(endings)]

    def text(self, path: str) -> str:
        """Read a file; empty when there is none, it is no text, or it is a link or too long to be source."""
        if path not in self._texts:
            self._texts[path] = text_of(self._bench, path)
        return self._texts[path]

    def at(self, path: str) -> Module | None:
        """Read the module that lies at a path."""
        if path not in self._read:
            self._read[path] = self._parse(path)
        return self._read[path]

    def named(self, name: str) -> Module | None:
        """Read the module that is imported by a name."""
        path = self._by_name.get(name)
        return self.at(path) if path is not None else None

    def origin(self, module: Module, name: str) -> str:
        """Say what a dotted name in a module stands for, as a dotted name from outside of it."""
        first, _, rest = name.partition(".")
        if first in module.imported:
            start = module.imported[first]
        elif first in module.defined:
            start = f"{module.name}.{first}"
        else:
            start = f"builtins.{first}"
        return f"{start}.{rest}" if rest else start

    def definition(self, name: str, hops: int = HOPS) -> tuple[Module, ast.stmt] | None:
        """Find the statement that defines a dotted name in the project, through its re-exports."""
        owner, _, last = name.rpartition(".")
        module = self.named(owner) if owner else None
        if module is None or hops == 0:
            return None
        for node in reversed(list(statements(module.tree.body))):
            if isinstance(node, Definition) and node.name == last:
                return module, node
            if isinstance(node, ast.Assign) and [dotted(target) for target in node.targets] == [last]:
                return module, node
            if isinstance(node, ast.AnnAssign) and dotted(node.target) == last and node.value is not None:
                return module, node
        if last in module.imported:
            return self.definition(module.imported[last], hops - 1)
        return None

    def imports(self, module: Module) -> set[str]:
        """List the project's own modules that this one imports when it is imported."""
        found: set[str] = set()
        for origin in module.imported.values():
            parts = origin.split(".")
            found |= {".".join(parts[:count]) for count in range(1, len(parts) + 1)} & self._by_name.keys()
        return found - {module.name}

    def reaches(self, start: str, goal: str) -> bool:
        """Say whether importing `start` imports `goal`, directly or through others."""
        seen, pending = {start}, [start]
        while pending:
            module = self.named(pending.pop())
            if module is None:
                continue
            found = self.imports(module) - seen
            if goal in found:
                return True
            seen |= found
            pending += sorted(found)
        return False

    def _parse(self, path: str) -> Module | None:
        text = self.text(path)
        if path not in self._layout or not text:
            return None
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        source = self._layout[path]
        package = source.module if source.is_package else source.module.rpartition(".")[0]
        return Module(source, text, tree, origins(tree.body, package), _defined(tree.body))
