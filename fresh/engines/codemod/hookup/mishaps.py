"""How the commands that are there turn exceptions into errors for people; a new one does as they do, or nothing."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence

from fresh.engines.codemod.hookup.functions import Function
from fresh.engines.codemod.hookup.layout import indented
from fresh.engines.codemod.hookup.sources import Module, dotted


def caught(module: Module, neighbours: Sequence[ast.AST], function: Function, body: list[str]) -> list[str]:
    """Put a body under the `except` of a neighbour that catches what the function raises on purpose."""
    clause = next(iter(_fitting(module, neighbours, function)), None)
    if clause is None:
        return body
    return ["try:", *indented(body), *_lines(module, clause)]


def _lines(module: Module, clause: ast.ExceptHandler) -> list[str]:
    """Take a clause as it is written, in steps of four spaces."""
    step = max(1, clause.body[0].col_offset - clause.col_offset)
    written = module.text.splitlines()[clause.lineno - 1 : clause.end_lineno]
    if clause.body[0].lineno == clause.lineno:
        return ast.unparse(clause).splitlines()
    bare = [line.lstrip() for line in written]
    depths = [len(line) - len(text) - clause.col_offset for line, text in zip(written, bare, strict=True)]
    return [
        f"{'    ' * (depth // step)}{text}" if text else "" for depth, text in zip(depths, bare, strict=True)
    ]


def _fitting(
    module: Module, neighbours: Sequence[ast.AST], function: Function
) -> Iterator[ast.ExceptHandler]:
    for neighbour in neighbours:
        for node in ast.walk(neighbour):
            if not isinstance(node, ast.Try) or len(node.handlers) != 1:
                continue
            clause = node.handlers[0]
            if clause.type is not None and _catches(clause.type, function) and _stands_alone(module, clause):
                yield clause


def _catches(node: ast.expr, function: Function) -> bool:
    """Say whether any exception that the function raises is a builtin that this clause catches."""
    names = [dotted(part) for part in (node.elts if isinstance(node, ast.Tuple) else [node])]
    kinds = tuple(kind for name in names if isinstance(kind := getattr(builtins, name, None), type))
    raised = [getattr(builtins, name, None) for name in function.raised]
    return bool(set(names) & function.raised) or any(
        isinstance(kind, type) and issubclass(kind, kinds) for kind in raised
    )


def _stands_alone(module: Module, clause: ast.ExceptHandler) -> bool:
    """Say whether a clause uses nothing but its exception and what the module knows at its top level."""
    known = {clause.name, *module.imported, *module.defined, *dir(builtins)}
    names = [
        part
        for line in clause.body
        for part in ast.walk(line)
        if isinstance(part, ast.Name) and part.id not in known
    ]
    return not names and not any(isinstance(part, ast.Continue | ast.Break) for part in ast.walk(clause))
