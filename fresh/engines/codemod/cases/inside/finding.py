"""Import the target module as the tree has it, and find the feature in it."""

from __future__ import annotations

import ast
import importlib
import os
import sys
from types import ModuleType
from typing import NamedTuple

from .wire import Question


class NotThere(Exception):
    """The feature can't be reached; the message says why in one line."""


class Subject(NamedTuple):
    """The feature as a live object and as source."""

    module: ModuleType
    name: str
    live: object
    owner: object
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    path: str
    lines: tuple[int, ...]


def find(question: Question) -> Subject:
    """Import the module from the tree, not from an installed copy, and look the feature up. Raises NotThere."""
    path = os.path.realpath(question.path)
    root = os.path.realpath(question.root or ".")
    # The empty entry would follow every change of directory.
    sys.path[:] = [place for place in sys.path if place]
    for place in (os.getcwd(), root):
        if place not in sys.path:
            sys.path.insert(0, place)
    module, name = _import(question.modules, path)
    owner: object = None
    live: object = module
    for part in question.qualname.split("."):
        if not hasattr(live, part):
            raise NotThere(f"{name} has no {question.qualname} once it is imported")
        owner, live = live, getattr(live, part)
    node = definition(path, question.qualname)
    return Subject(module, name, live, owner, node, path, executable_lines(node))


def _import(names: tuple[str, ...], path: str) -> tuple[ModuleType, str]:
    trouble = ""
    for name in names:
        try:
            module = importlib.import_module(name)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (a target's import may raise anything)
            first = str(error).strip().splitlines()
            trouble = (
                trouble or f"importing {name} raises {type(error).__name__}: {first[0] if first else ''}"
            )
            continue
        if os.path.realpath(getattr(module, "__file__", None) or "") == path:
            return module, name
        trouble = trouble or f"importing {name} finds another file than the one in the tree"
    raise NotThere(trouble[:300])


def definition(path: str, qualname: str) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef:
    """Find the definition that stands last under a qualified name. Raises NotThere."""
    with open(path, encoding="utf-8") as file:
        return within(ast.parse(file.read()), qualname)


def within(tree: ast.AST, qualname: str) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef:
    """Find that definition in a syntax tree. Raises NotThere."""
    for part in qualname.split("."):
        found = [node for node in _definitions(tree) if node.name == part]
        if not found:
            raise NotThere(f"the file does not define {qualname}")
        tree = found[-1]
    assert isinstance(tree, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    return tree


def _definitions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    found: list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef] = []
    queue = list(ast.iter_child_nodes(tree))
    while queue:
        node = queue.pop(0)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.append(node)
        elif isinstance(node, (ast.If, ast.Try, ast.With, ast.ExceptHandler)):
            queue = list(ast.iter_child_nodes(node)) + queue
    return found


def executable_lines(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> tuple[int, ...]:
    """List the lines on which a statement of a function's body starts, without docstrings."""
    if isinstance(node, ast.ClassDef):
        methods = [item for item in node.body if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef))]
        return tuple(sorted({line for method in methods for line in executable_lines(method)}))
    lines: set[int] = set()
    for statement in body_of(node):
        lines.update(
            item.lineno for item in ast.walk(statement) if isinstance(item, ast.stmt) and _runs(item)
        )
    return tuple(sorted(lines))


def body_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
    """Give a function's statements without its docstring."""
    first = node.body[0]
    text = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    return node.body[1:] if text else node.body


def _runs(node: ast.stmt) -> bool:
    bare = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return not bare and not isinstance(node, (ast.Global, ast.Nonlocal))
