"""What kind of value a parameter takes, as far as a command line can express it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from enum import StrEnum

from fresh.engines.codemod.hookup.sources import Module, Sources, dotted

TYPING = ("typing.", "typing_extensions.", "collections.abc.")
LISTS = frozenset({"list", "List", "Sequence", "Iterable", "Collection", "MutableSequence"})
TUPLES = frozenset({"tuple", "Tuple"})
SETS = frozenset({"set", "Set", "AbstractSet", "MutableSet", "frozenset", "FrozenSet"})
ENUMS = frozenset({"enum.Enum", "enum.StrEnum", "enum.IntEnum", "enum.Flag", "enum.IntFlag"})


class Sort(StrEnum):
    """The single value."""

    TEXT = "str"
    INT = "int"
    FLOAT = "float"
    SWITCH = "bool"
    PATH = "Path"
    ENUM = "Enum"
    LITERAL = "Literal"


@dataclass(frozen=True)
class Choices:
    """An Enum of the project: where it is defined, and its members' names and literal values, in order."""

    module: str
    name: str
    members: tuple[tuple[str, str | int], ...]

    @property
    def by_value(self) -> bool:
        """Whether people can type the values; otherwise they type the members' names."""
        return all(isinstance(value, str) and value for _, value in self.members)


@dataclass(frozen=True)
class Shape:
    """A value, or `many` of it (`list`, `tuple`, `set`, `frozenset`); `optional` means that None is allowed."""

    sort: Sort
    many: str = ""
    optional: bool = False
    literals: tuple[str | int, ...] = ()
    choices: Choices | None = None


SIMPLE = {
    "builtins.str": Sort.TEXT,
    "builtins.int": Sort.INT,
    "builtins.float": Sort.FLOAT,
    "builtins.bool": Sort.SWITCH,
    "pathlib.Path": Sort.PATH,
    "pathlib.PurePath": Sort.PATH,
    "os.PathLike": Sort.PATH,
}


class Unmappable(Exception):
    """An annotation has no counterpart on a command line; the message is the annotation."""


class Shapes:
    """Read annotations of one module."""

    def __init__(self, sources: Sources, module: Module) -> None:
        self._sources = sources
        self._module = module

    def read(self, node: ast.expr, hops: int = 4) -> Shape:
        """Read an annotation. Raises Unmappable."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                return self.read(ast.parse(node.value, mode="eval").body, hops)
            except SyntaxError as bad:
                raise Unmappable(node.value) from bad
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._union(_alternatives(node), node)
        if isinstance(node, ast.Subscript):
            return self._generic(node)
        name = dotted(node)
        if not name:
            raise Unmappable(ast.unparse(node))
        return self._named(node, name, hops)

    def _named(self, node: ast.expr, name: str, hops: int) -> Shape:
        origin = self._sources.origin(self._module, name)
        if origin in SIMPLE:
            return Shape(SIMPLE[origin])
        word = _bare(origin)
        if word in LISTS | TUPLES | SETS:
            return Shape(Sort.TEXT, many=_container(word))
        found = self._sources.definition(origin)
        if found is None or hops == 0:
            raise Unmappable(ast.unparse(node))
        module, statement = found
        if isinstance(statement, ast.ClassDef):
            choices = enum_of(self._sources, module, statement)
            if choices is None:
                raise Unmappable(ast.unparse(node))
            return Shape(Sort.ENUM, choices=choices)
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            return Shapes(self._sources, module).read(statement.value, hops - 1)
        raise Unmappable(ast.unparse(node))

    def _generic(self, node: ast.Subscript) -> Shape:
        origin = self._sources.origin(self._module, dotted(node.value) or "?")
        word = _bare(origin)
        inner = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        if origin == "os.PathLike":
            return Shape(Sort.PATH)
        if word == "Optional":
            return replace(self.read(inner[0]), optional=True)
        if word == "Union":
            return self._union(inner, node)
        if word in ("Annotated", "Final"):
            return self.read(inner[0])
        if word == "Literal":
            return _literal(inner, node)
        variadic = len(inner) == 2 and isinstance(inner[1], ast.Constant) and inner[1].value is ...
        if (word in LISTS | SETS and len(inner) == 1) or (word in TUPLES and variadic):
            one = self.read(inner[0])
            if not one.many and not one.optional and one.sort is not Sort.SWITCH:
                return replace(one, many=_container(word))
        raise Unmappable(ast.unparse(node))

    def _union(self, parts: list[ast.expr], whole: ast.expr) -> Shape:
        rest = [part for part in parts if not _is_none(part)]
        shapes = [self.read(part) for part in rest]
        optional = len(rest) < len(parts) or any(shape.optional for shape in shapes)
        singles = {replace(shape, optional=False) for shape in shapes}
        if singles == {Shape(Sort.PATH), Shape(Sort.TEXT)}:
            singles = {Shape(Sort.PATH)}
        if singles == {Shape(Sort.INT), Shape(Sort.FLOAT)}:
            singles = {Shape(Sort.FLOAT)}
        if len(singles) != 1:
            raise Unmappable(ast.unparse(whole))
        return replace(singles.pop(), optional=optional)


def enum_of(sources: Sources, module: Module, node: ast.ClassDef) -> Choices | None:
    """Read an Enum whose members are literals; None for any other class."""
    bases = {sources.origin(module, dotted(base) or "?") for base in node.bases}
    if not bases & ENUMS or bases & {"enum.Flag", "enum.IntFlag"}:
        return None
    members: list[tuple[str, str | int]] = []
    for statement in node.body:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            continue
        name, value = statement.targets[0].id, statement.value
        if name.startswith("_"):
            continue
        if isinstance(value, ast.Constant) and isinstance(value.value, str | int):
            members.append((name, value.value))
        elif isinstance(value, ast.Call) and dotted(value.func).endswith("auto"):
            strings = "enum.StrEnum" in bases
            members.append((name, name.lower() if strings else len(members) + 1))
        else:
            return None
    return Choices(module.name, node.name, tuple(members)) if members else None


def _literal(parts: list[ast.expr], whole: ast.expr) -> Shape:
    optional = any(_is_none(part) for part in parts)
    values = [part.value for part in parts if isinstance(part, ast.Constant) and part.value is not None]
    literals = tuple(
        value for value in values if isinstance(value, str | int) and not isinstance(value, bool)
    )
    if (
        not literals
        or len(literals) + optional != len(parts)
        or len({type(value) for value in literals}) != 1
    ):
        raise Unmappable(ast.unparse(whole))
    return Shape(Sort.LITERAL, optional=optional, literals=literals)


def _alternatives(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_alternatives(node.left), *_alternatives(node.right)]
    return [node]


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _bare(origin: str) -> str:
    """Drop the module of a generic, wherever typing, collections.abc or the builtins spell it."""
    for prefix in (*TYPING, "builtins."):
        if origin.startswith(prefix):
            return origin.removeprefix(prefix)
    return ""


def _container(word: str) -> str:
    if word in TUPLES:
        return "tuple"
    if word in SETS:
        return "frozenset" if word.lower() == "frozenset" else "set"
    return "list"
