"""How a change could bend tests that stay in place: their bodies, what they rely on, and what their names mean."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

Function = ast.FunctionDef | ast.AsyncFunctionDef
EXITS = (ast.Return, ast.Raise, ast.Try, ast.Yield, ast.YieldFrom, ast.Delete, ast.Global, ast.Nonlocal)
"""What may end a test early, swallow what it finds, or take a name away."""


SWITCHES = frozenset({"__test__", "pytestmark", "pytest_plugins", "collect_ignore", "collect_ignore_glob"})
ACTS = (ast.Expr, ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match)
"""What does something at a module's top level, or a text there that is none."""
HOOK = re.compile(r"pytest_|(setup|teardown)_?(module|class|function|method)?$|(setUp|tearDown)|load_tests$")


def bent(old: ast.Module, new: ast.Module) -> Iterator[str]:
    """Name what was there before and means something else now; what is merely added is not among it.

    A function may grow by statements, as long as none of them can end it early.
    """
    before, after = dict(_functions(old)), dict(_functions(new))
    for name, function in before.items():
        if name in after and not _only_grows(function, after[name]):
            yield name
    meant, means = _meanings(old), _meanings(new)
    for name, meanings in meant.items():
        # Without a name that is gone the tests that use it fail, which others look at.
        if means.get(name, meanings) - meanings:
            yield name
    switches, known = _switches(new), _switches(old)
    yield from sorted(name for name in switches if switches[name] > known[name])
    gone = {name for node in ast.walk(new) if isinstance(node, ast.Delete) for name in _targets(node.targets)}
    yield from sorted(gone & (meant.keys() | before.keys()))


def _switches(tree: ast.Module) -> Counter[str]:
    """Count what reaches tests that do not name it: marks, what is collected, fixtures that all use, hooks."""
    found: Counter[str] = Counter()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) if name in SWITCHES:
                found[name] += 1
            case ast.keyword(arg="autouse"):
                found["autouse"] += 1
            case ast.FunctionDef(name=name) if HOOK.match(name):
                found[name] += 1
    found["code that runs when the module is read"] = sum(isinstance(node, ACTS) for node in tree.body)
    return found


def _functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    pending: list[tuple[str, list[ast.stmt]]] = [("", tree.body)]
    while pending:
        owner, body = pending.pop()
        for node in body:
            if isinstance(node, Function):
                yield f"{owner}{node.name}", node
            elif isinstance(node, ast.ClassDef):
                pending.append((f"{owner}{node.name}.", node.body))


def _only_grows(old: Function, new: Function) -> bool:
    if _around(old) != _around(new):
        return False
    left = [ast.dump(statement) for statement in old.body]
    for statement in new.body:
        if left and ast.dump(statement) == left[0]:
            left.pop(0)
        elif any(isinstance(node, EXITS) for node in ast.walk(statement)):
            return False
    return not left


def _around(function: Function) -> list[str]:
    return [ast.dump(function.args), *map(ast.dump, function.decorator_list)]


def _meanings(tree: ast.Module) -> Mapping[str, set[str]]:
    """Say what every name of the module's top level may mean; functions are compared by themselves."""
    found: dict[str, set[str]] = {}
    functions: dict[str, int] = {}
    for node in tree.body:
        match node:
            case ast.Import() | ast.ImportFrom():
                source = f"{node.level * '.'}{node.module}" if isinstance(node, ast.ImportFrom) else ""
                for alias in node.names:
                    shown = alias.asname or (alias.name if source else alias.name.partition(".")[0])
                    origin = f"{source}:{alias.name}" if source or alias.asname else shown
                    found.setdefault(shown, set()).add(origin)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                functions[node.name] = functions.get(node.name, 0) + 1
                found.setdefault(node.name, set()).add(f"{type(node).__name__} {functions[node.name]}")
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for name in _targets(targets):
                    found.setdefault(name, set()).add(ast.dump(node))
            case _:
                continue
    return found


def _targets(targets: Sequence[ast.expr]) -> Iterator[str]:
    """Name what is assigned to; an attribute or an item by what it belongs to."""
    for target in targets:
        for node in ast.walk(target):
            if isinstance(node, ast.Name):
                yield node.id
