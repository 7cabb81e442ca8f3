"""A function's parameters: their shapes, defaults and help, from annotations, defaults and the docstring."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from fresh.engines.codemod.hookup.docstrings import Docstring, Documented, plain
from fresh.engines.codemod.hookup.shapes import Shape, Shapes, Sort, Unmappable
from fresh.engines.codemod.hookup.sources import Module, Sources, dotted
from fresh.errors import Declined

Scalar = str | int | float | bool | None
SUPPORTED = "str, int, float, bool, Path, Enum, Literal, Optional and lists of them"
SPOKEN = {"string": "str", "integer": "int", "boolean": "bool", "number": "float", "text": "str"}


@dataclass(frozen=True)
class Default:
    """A parameter's default: a literal (an Enum's member by name, a Path as text), or several in a tuple.

    `constant` is the public module-level name that holds it.
    """

    literal: Scalar | tuple[Scalar, ...]
    constant: str = ""


@dataclass(frozen=True)
class Parameter:
    """One parameter; without a default it is required."""

    name: str
    shape: Shape
    default: Default | None = None
    positional_only: bool = False
    keyword_only: bool = False
    help: str = ""


@dataclass(frozen=True)
class Signature:
    """Read parameters; annotations first, then defaults, then what the docstring says."""

    function: str
    module: Module
    sources: Sources
    docstring: Docstring

    def read(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[Parameter, ...]:
        arguments = node.args
        ordered = [*arguments.posonlyargs, *arguments.args]
        missing: list[ast.expr | None] = [None] * (len(ordered) - len(arguments.defaults))
        pairs = list(zip(ordered, [*missing, *arguments.defaults], strict=True))
        pairs += list(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
        found: list[Parameter] = []
        bad: list[str] = []
        for argument, default in pairs:
            try:
                one = self._parameter(argument, default)
            except Unmappable as stuck:
                bad.append(f"{argument.arg}: {stuck}")
                continue
            positional, worded = argument in arguments.posonlyargs, argument in arguments.kwonlyargs
            found.append(replace(one, positional_only=positional, keyword_only=worded))
        if bad:
            named = ", ".join(bad)
            raise Declined(
                f"{self.function} takes what no option can express ({named}).",
                hint=f"Supported: {SUPPORTED}.",
            )
        return tuple(found)

    def _parameter(self, argument: ast.arg, default: ast.expr | None) -> Parameter:
        said = self.docstring.parameters.get(argument.arg, Documented())
        shape = self._shape(argument, default, said)
        text = said.text.strip()
        if default is None:
            return Parameter(argument.arg, shape, help=text)
        if isinstance(default, ast.Constant) and default.value is None:
            return Parameter(argument.arg, replace(shape, optional=True), Default(None), help=text)
        return Parameter(argument.arg, shape, self._default(default, shape), help=text)

    def _shape(self, argument: ast.arg, default: ast.expr | None, said: Documented) -> Shape:
        shapes = Shapes(self.sources, self.module)
        if argument.annotation is not None:
            return shapes.read(argument.annotation)
        if default is not None and (inferred := _inferred(default)) is not None:
            return inferred
        if said.kind:
            spoken = SPOKEN.get(said.kind.lower(), said.kind)
            try:
                return shapes.read(ast.parse(spoken, mode="eval").body)
            except (SyntaxError, Unmappable) as bad:
                raise Unmappable(f"no annotation, documented as {plain(said.kind)}") from bad
        raise Unmappable("no annotation")

    def _default(self, node: ast.expr, shape: Shape) -> Default:
        if shape.sort is Sort.ENUM:
            return Default(self._member(node, shape))
        if shape.sort is Sort.PATH and isinstance(node, ast.Call) and len(node.args) == 1:
            return Default(_fitting(_literal(node.args[0]), shape, node))
        name = dotted(node)
        if name and "." not in name:
            found = self.sources.definition(self.sources.origin(self.module, name))
            if found is None or not isinstance(found[1], ast.Assign | ast.AnnAssign):
                raise Unmappable(f"the default {name}")
            try:
                value = self._default(found[1].value or node, shape)
            except Unmappable as bad:
                raise Unmappable(f"the default {name}") from bad
            public = name in self.module.defined and not name.startswith("_") and shape.sort is not Sort.PATH
            return replace(value, constant=name if public and not shape.many else "")
        return Default(_fitting(_literal(node), shape, node))

    def _member(self, node: ast.expr, shape: Shape) -> str:
        name = dotted(node)
        if name.endswith(".value"):
            name = name.removesuffix(".value")
        member = name.rpartition(".")[2]
        assert shape.choices is not None
        if "." not in name or member not in dict(shape.choices.members) or shape.many:
            raise Unmappable(f"the default {ast.unparse(node)}")
        return member


def _inferred(node: ast.expr) -> Shape | None:
    """Say what a literal default tells about its parameter; None when it tells nothing."""
    try:
        value: object = ast.literal_eval(node)
    except (ValueError, SyntaxError):
        return None
    sorts = {bool: Sort.SWITCH, int: Sort.INT, float: Sort.FLOAT, str: Sort.TEXT}
    if type(value) in sorts:
        return Shape(sorts[type(value)])
    if isinstance(value, list | tuple) and value and len({type(item) for item in value}) == 1:
        sort = sorts.get(type(value[0]))
        if sort is not None and sort is not Sort.SWITCH:
            return Shape(sort, many=type(value).__name__)
    return None


def _literal(node: ast.expr) -> object:
    try:
        value: object = ast.literal_eval(node)
    except (ValueError, SyntaxError) as bad:
        if ast.unparse(node) in ("list()", "tuple()", "set()", "frozenset()"):
            return ()
        raise Unmappable(f"the default {ast.unparse(node)}") from bad
    return value


def _fitting(value: object, shape: Shape, node: ast.expr) -> Scalar | tuple[Scalar, ...]:
    """Check that a default is what its shape says. Raises Unmappable."""
    allowed: dict[Sort, tuple[type, ...]] = {
        Sort.TEXT: (str,),
        Sort.INT: (int,),
        Sort.FLOAT: (int, float),
        Sort.SWITCH: (bool,),
        Sort.PATH: (str,),
        Sort.LITERAL: (str, int),
    }
    if shape.many and isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else list(value)
        if all(isinstance(item, allowed[shape.sort]) for item in items):
            return tuple(items)
    switch = isinstance(value, bool) is (shape.sort is Sort.SWITCH)
    fits = switch and not shape.many and isinstance(value, allowed[shape.sort])
    if fits and isinstance(value, str | int | float | bool):
        return value
    raise Unmappable(f"the default {ast.unparse(node)}")
