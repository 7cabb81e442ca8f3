"""Questions about single nodes of a syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any

from fresh.inventory.words import words

Function = ast.FunctionDef | ast.AsyncFunctionDef
LITERALS = frozenset(
    {ast.Constant, ast.JoinedStr, ast.List, ast.Dict, ast.Set, ast.Tuple, ast.ListComp, ast.DictComp}
)
CALLS = (ast.Call, ast.Subscript)
OPEN_END = re.compile(r"([A-Za-z_]\w+_)(?:%s|\{\w*\})")
OPEN_START = re.compile(r"(?:%s|\{\w*\})(_\w+)")
SHORTEST_PART = 3
"""Letters of the known part of a name that is put together, with its `_`: `do_`, `_cb`."""
LONGEST_NAME = 120
LONGEST_TYPE = 400
MOST_PARTS = 100
"""Parts of a dotted name: to look one up takes time with the square of them."""
CHILDLESS = words(
    "attr arg asname id level module name names ctx op ops kind conversion simple is_async type_comment rest",
    "kwd_attrs lineno tag type_ignores",
)
FIELDS: dict[type[ast.AST], tuple[str, ...]] = {
    kind: tuple(field for field in kind._fields if field not in CHILDLESS)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}


def dotted(node: Any) -> str | None:
    """Write a name or a chain of attributes of a name as `a.b.c`; None for anything else, and for endless ones."""
    kind = node.__class__
    if kind is ast.Name:
        return node.id  # type: ignore[no-any-return]
    parts: list[str] = []
    while kind is ast.Attribute:
        parts.append(node.attr)
        node = node.value
        kind = node.__class__
    if kind is not ast.Name or len(parts) > MOST_PARTS:
        return None
    parts.append(node.id)
    parts.reverse()
    return ".".join(parts)


def called(node: ast.AST) -> str | None:
    """Write what a call calls, or the expression itself, as a dotted name; `Base[T]` counts as `Base`."""
    while isinstance(node, CALLS):
        node = node.func if isinstance(node, ast.Call) else node.value
    return dotted(node)


def annotated_class(node: ast.expr | None) -> str | None:
    """Name the one class that an annotation promises: `A`, `"A"`, `A | None`, `Optional[A]`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return annotated_class(_type_in(node.value))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        sides = [side for side in (node.left, node.right) if not is_none(side)]
        return annotated_class(sides[0]) if len(sides) == 1 else None
    if isinstance(node, ast.Subscript):
        name = dotted(node.value)
        return annotated_class(node.slice) if name and name.rpartition(".")[2] == "Optional" else None
    return dotted(node)


def quoted_types(annotation: ast.expr) -> list[ast.expr]:
    """Read the types that stand in quotes in an annotation; the words of a `Literal` are none."""
    found: list[ast.expr] = []
    waiting: list[ast.expr] = [annotation]
    while waiting:
        match waiting.pop():
            case ast.Constant(value=str(text)):
                if (read := _type_in(text)) is not None:
                    found.append(read)
                    waiting.append(read)
            case ast.Subscript(value=generic, slice=inside):
                name = (dotted(generic) or "").rpartition(".")[2]
                if name == "Annotated" and isinstance(inside, ast.Tuple):
                    waiting += inside.elts[:1]
                elif name != "Literal":
                    waiting.append(inside)
            case ast.BinOp(left=left, right=right):
                waiting += (left, right)
            case ast.Tuple(elts=elts) | ast.List(elts=elts):
                waiting += elts
    return found


def _type_in(text: str) -> ast.expr | None:
    if text.isidentifier():
        return ast.Name(text, ast.Load())
    if len(text) > LONGEST_TYPE:
        return None
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def is_none(node: ast.AST) -> bool:
    """Tell whether a node is the literal None."""
    return isinstance(node, ast.Constant) and node.value is None


def has_docstring(body: Sequence[ast.stmt]) -> bool:
    """Tell whether a body begins with a string."""
    first: Any = body[0] if body else None
    if first.__class__ is not ast.Expr:
        return False
    value = first.value
    return value.__class__ is ast.Constant and value.value.__class__ is str


def is_unfinished(body: Sequence[ast.stmt]) -> bool:
    """Tell whether a body holds nothing but a docstring, `pass`, `...` or `raise NotImplementedError`."""
    rest = body[1:] if has_docstring(body) else body
    if len(rest) != 1:
        return not rest
    only = rest[0]
    if isinstance(only, ast.Expr):
        return isinstance(only.value, ast.Constant) and only.value.value is ...
    if isinstance(only, ast.Raise) and only.exc is not None:
        return called(only.exc) == "NotImplementedError"
    return isinstance(only, ast.Pass)


def is_main_guard(test: ast.expr) -> bool:
    """Tell whether a condition asks for `__name__ == "__main__"`, either way round, beside others, or among others."""
    return any(isinstance(each, ast.Compare) and _asks_for_main(each) for each in ast.walk(test))


def _asks_for_main(test: ast.Compare) -> bool:
    sides = [test.left, *test.comparators]
    names = any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
    if not names or not isinstance(test.ops[0], ast.Eq | ast.In):
        return False
    return any(
        isinstance(part, ast.Constant) and part.value == "__main__"
        for side in sides
        for part in ast.walk(side)
    )


def texts(node: ast.AST | None) -> list[str]:
    """List the string elements of a literal list, tuple or set, also of several joined with `+`."""
    if isinstance(node, ast.BinOp):
        return texts(node.left) + texts(node.right)
    if not isinstance(node, ast.List | ast.Tuple | ast.Set):
        return []
    return [e.value for e in node.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)]


def code_name(text: str) -> str | None:
    """Read a short string literal as something that could name code; `visit_*` for a name finished at run time."""
    if text.isidentifier():
        return open_at_end(text) or text
    if text.replace(".", "_").replace(":", "_").isidentifier():
        return text
    if text.endswith(("%s", "}")):
        found = OPEN_END.fullmatch(text)
        return open_at_end(found.group(1)) if found else None
    if text.startswith(("%s", "{")):
        found = OPEN_START.fullmatch(text)
        return open_at_start(found.group(1)) if found else None
    return None


def open_at_end(text: str) -> str | None:
    """Read a text as the beginning of a name: `visit_` as `visit_*`."""
    is_part = text[-1:] == "_" and len(text) >= SHORTEST_PART and text.isidentifier() and text.strip("_")
    return f"{text}*" if is_part else None


def open_at_start(text: str) -> str | None:
    """Read a text as the end of a name: `_handler` as `*_handler`."""
    is_part = text[:1] == "_" and len(text) >= SHORTEST_PART and text.isidentifier() and text.strip("_")
    return f"*{text}" if is_part else None


def open_name(node: ast.JoinedStr) -> str | None:
    """Read an f-string as a name with one open end: `visit_*` or `*_handler`."""
    if not node.values:
        return None
    first, last = node.values[0], node.values[-1]
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        return open_at_end(first.value)
    if isinstance(last, ast.Constant) and isinstance(last.value, str):
        return open_at_start(last.value)
    return None
