"""Rewrite an expression of one file so that it means the same in another."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from fresh.engines.codemod.cases.inside.wire import Import

DEEPEST = 6
PLAIN_MODULES = {"datetime", "decimal", "fractions", "pathlib", "uuid", "collections", "math"}


@dataclass(frozen=True)
class Portable:
    """An expression as source, with the imports that complete it."""

    source: str
    imports: tuple[Import, ...] = ()


@dataclass
class Names:
    """What the names of one file stand for: imports of the project or of plain modules, and constants."""

    imports: dict[str, Import] = field(default_factory=dict)
    constants: dict[str, ast.expr] = field(default_factory=dict)

    def portable(self, node: ast.expr, depth: int = 0) -> Portable | None:
        """Write an expression that holds only literals, known names and calls of them; None for any other."""
        literal = _literal(node)
        if literal is not None:
            return Portable(literal)
        if depth > DEEPEST:
            return None
        if isinstance(node, ast.Name) and node.id in self.constants:
            return self.portable(self.constants[node.id], depth + 1)
        if isinstance(node, ast.Name | ast.Attribute):
            return self._reference(node)
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return self._collection(node, depth)
        return self._call(node, depth) if isinstance(node, ast.Call) else None

    def _reference(self, node: ast.expr) -> Portable | None:
        """Write a name or a dotted name by what it was imported from."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.imports:
            return None
        found = self.imports[node.id]
        if not found.name and not parts:
            return None
        return Portable(".".join([found.name or found.module, *parts]), (found,))

    def _collection(self, node: ast.List | ast.Tuple | ast.Set, depth: int) -> Portable | None:
        items = [self.portable(item, depth + 1) for item in node.elts]
        known = [item for item in items if item is not None]
        if len(known) != len(items):
            return None
        body = ", ".join(item.source for item in known)
        brackets = {ast.List: "[]", ast.Tuple: "()", ast.Set: "{}"}[type(node)]
        comma = "," if isinstance(node, ast.Tuple) and len(items) == 1 else ""
        return Portable(f"{brackets[0]}{body}{comma}{brackets[1]}", _all_imports(known))

    def _call(self, node: ast.Call, depth: int) -> Portable | None:
        called = self._reference(node.func)
        values = [
            self.portable(value, depth + 1) for value in (*node.args, *(item.value for item in node.keywords))
        ]
        known = [value for value in values if value is not None]
        if called is None or len(known) != len(values) or any(item.arg is None for item in node.keywords):
            return None
        names = [""] * len(node.args) + [f"{item.arg}=" for item in node.keywords]
        body = ", ".join(name + value.source for name, value in zip(names, known, strict=True))
        return Portable(f"{called.source}({body})", _all_imports([called, *known]))


def names_of(tree: ast.Module, own: set[str]) -> Names:
    """Read what a file imports from the project's packages (`own`) and plain modules, and its constants."""
    found = Names()
    for node in tree.body:
        if isinstance(node, ast.Import):
            for item in node.names:
                if _known(item.name, own) and (item.asname or "." not in item.name):
                    found.imports[item.asname or item.name] = Import(item.name, "")
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level and _known(node.module, own):
            found.imports |= {
                item.name: Import(node.module, item.name) for item in node.names if not item.asname
            }
        elif (
            isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        ):
            found.constants[node.targets[0].id] = node.value
    return found


def _known(module: str, own: set[str]) -> bool:
    root = module.split(".")[0]
    return root in own or root in PLAIN_MODULES


def _literal(node: ast.expr) -> str | None:
    try:
        return repr(ast.literal_eval(node))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _all_imports(parts: list[Portable]) -> tuple[Import, ...]:
    return tuple(dict.fromkeys(found for part in parts for found in part.imports))
