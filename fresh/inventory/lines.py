"""Which lines of a feature run only when it is used, and not already when its module is imported."""

from __future__ import annotations

import ast

from fresh.domain.test_code import parse


def body_lines(source: str, first: int, last: int) -> frozenset[int]:
    """List the lines, within `first` to `last`, on which statements of function bodies begin; docstrings don't count.

    Raises SyntaxError.
    """
    found: set[int] = set()
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            body = node.body if isinstance(node.body, list) else [node.body]
            for statement in body:
                found.update(_begun(statement))
    return frozenset(line for line in found if first <= line <= last)


def _begun(node: ast.stmt | ast.expr) -> set[int]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return set()
    return {inner.lineno for inner in ast.walk(node) if isinstance(inner, ast.stmt)} or {node.lineno}
