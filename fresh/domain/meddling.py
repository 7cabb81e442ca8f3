"""How test code could change what it tests: for other tests as well, and without a fixture that puts it back."""

from __future__ import annotations

import ast
from collections.abc import Iterator

SETTERS = frozenset({"setattr", "delattr", "exec", "eval"})
OPENERS = frozenset({"vars", "getattr"})
"""What gives a part of its first argument."""


def meddling(tree: ast.Module) -> Iterator[str]:
    """Name what a module imports and then changes, as `name` or `name.part`; a patch that is started by its maker.

    What `monkeypatch`, or `with patch(...)`, changes is put back, and is not among it. Code that builds names at run
    time can hide from this: a person who reads the tests can't be replaced by it.
    """
    imported = {
        alias.asname or alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        match node:
            case (
                ast.Attribute(ctx=ast.Store() | ast.Del())
                | ast.Subscript(ctx=ast.Store() | ast.Del()) as place
            ):
                if _root(place.value) in imported:
                    yield ast.unparse(place)
            case ast.Call(func=ast.Name(id=setter), args=[target, *_]) if setter in SETTERS:
                if setter in ("exec", "eval") or _root(target) in imported:
                    yield ast.unparse(node.func) + f"({ast.unparse(target)[:40]})"
            case ast.Call(func=ast.Attribute(attr="update" | "pop" | "clear" | "setdefault", value=part)):
                if isinstance(part, ast.Attribute | ast.Call) and _is_space(part) and _root(part) in imported:
                    yield ast.unparse(part)
            case ast.Call(func=ast.Attribute(attr="start", value=ast.Call(func=maker))):
                if "patch" in ast.unparse(maker).split("."):
                    yield f"{ast.unparse(maker)}(...).start()"
            case _:
                continue


def _root(node: ast.expr) -> str | None:
    """Name what an expression is a part of."""
    while True:
        match node:
            case ast.Attribute(value=inner) | ast.Subscript(value=inner):
                node = inner
            case ast.Call(func=ast.Name(id=opener), args=[inner, *_]) if opener in OPENERS:
                node = inner
            case ast.Name(id=name):
                return name
            case _:
                return None


def _is_space(part: ast.expr) -> bool:
    """Tell whether an expression is the names of something: `x.__dict__`, `vars(x)`, `sys.modules`."""
    match part:
        case ast.Attribute(attr="__dict__" | "modules") | ast.Call(func=ast.Name(id="vars")):
            return True
        case _:
            return False
