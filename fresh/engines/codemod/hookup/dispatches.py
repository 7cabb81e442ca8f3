"""How an argparse command line gets from the chosen command to the code behind it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fresh.engines.codemod.hookup.neighbours import AnyFunction
from fresh.engines.codemod.hookup.parsers import Builder, blocks, gap_above, method_of
from fresh.engines.codemod.hookup.sources import Module, dotted


class Style(StrEnum):
    """How the chosen command's code is found."""

    DEFAULTS = "set_defaults"
    BRANCHES = "if"
    MATCH = "match"
    TABLE = "dict"


@dataclass(frozen=True)
class Dispatch:
    """`namespace` is the variable that holds the parsed arguments, `delegates` pairs commands with function names.

    `line` is the statement to extend (none for set_defaults), `branch` the body of the last command's branch.
    """

    style: Style
    namespace: str = "args"
    key: str = ""
    subject: str = ""
    line: int = 0
    delegates: tuple[tuple[str, str], ...] = ()
    branch: tuple[ast.stmt, ...] = ()
    branch_gap: int = 0
    scope: AnyFunction | None = None
    separate: bool = False


def find_dispatch(module: Module, builder: Builder) -> Dispatch | None:
    """Find how the command line gets from the chosen command to its code."""
    return (
        _defaults(module) or _branches(module, builder) or _match(module, builder) or _table(module, builder)
    )


def _defaults(module: Module) -> Dispatch | None:
    found: list[tuple[str, str]] = []
    keys: list[str] = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and method_of(node) == "set_defaults" and len(node.keywords) == 1:
            word = node.keywords[0]
            name = dotted(word.value)
            if word.arg and (name or isinstance(word.value, ast.Lambda)):
                keys.append(word.arg)
                found.append(("", name))
    key = max(keys, key=keys.count, default="")
    called = [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and dotted(node.func).endswith(f".{key}") and node.args
    ]
    used = [node for node in ast.walk(module.tree) if isinstance(node, ast.Attribute) and node.attr == key]
    looked_up = f'"{key}"' in module.text or f"'{key}'" in module.text
    if not key or not (called or used or looked_up):
        return None
    return Dispatch(Style.DEFAULTS, key=key, delegates=tuple(found))


def _branches(module: Module, builder: Builder) -> Dispatch | None:
    for scope, block in _all_blocks(module):
        chains = [node for node in block if isinstance(node, ast.If) and _compared(node.test, builder, scope)]
        if not chains:
            continue
        head = chains[-1]
        last = head
        while len(last.orelse) == 1 and isinstance(last.orelse[0], ast.If):
            if not _compared(last.orelse[0].test, builder, scope):
                break
            last = last.orelse[0]
        compared = _compared(last.test, builder, scope)
        assert compared is not None
        subject, _ = compared
        return Dispatch(
            Style.BRANCHES,
            namespace=_namespace(subject, scope, builder),
            subject=subject,
            line=last.lineno,
            branch=tuple(last.body),
            branch_gap=gap_above(module, head),
            delegates=tuple(_called(chains, builder, scope)),
            scope=scope,
            separate=len(chains) > 1,
        )
    return None


def _match(module: Module, builder: Builder) -> Dispatch | None:
    for scope, block in _all_blocks(module):
        for node in block:
            if isinstance(node, ast.Match) and (subject := _subject(node.subject, builder, scope)):
                cases = [case for case in node.cases if isinstance(case.pattern, ast.MatchValue)]
                if cases:
                    pairs = tuple(pair for case in cases for pair in _delegates("", case.body))
                    return Dispatch(
                        Style.MATCH,
                        namespace=_namespace(subject, scope, builder),
                        subject=subject,
                        line=node.lineno,
                        branch=tuple(cases[-1].body),
                        delegates=pairs,
                        scope=scope,
                    )
    return None


def _table(module: Module, builder: Builder) -> Dispatch | None:
    if not builder.dest or f".{builder.dest}" not in module.text:
        return None
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(node.value, ast.Dict):
            continue
        keys = [key.value for key in node.value.keys if isinstance(key, ast.Constant)]
        names = [dotted(value) for value in node.value.values]
        if keys and len(keys) == len(names) and all(names) and set(keys) <= builder.taken:
            pairs = tuple((str(key), name) for key, name in zip(keys, names, strict=True))
            return Dispatch(Style.TABLE, line=node.lineno, delegates=pairs)
    return None


def _called(
    chains: Sequence[ast.If], builder: Builder, scope: AnyFunction | None
) -> Iterator[tuple[str, str]]:
    for chain in chains:
        node: ast.If | None = chain
        while node is not None:
            compared = _compared(node.test, builder, scope)
            if compared is not None:
                yield from _delegates(compared[1], node.body)
            following = node.orelse[0] if len(node.orelse) == 1 else None
            node = following if isinstance(following, ast.If) else None


def _delegates(word: str, body: Sequence[ast.stmt]) -> Iterator[tuple[str, str]]:
    """Give the function that a branch hands everything to, when that is all it does."""
    only = body[0] if body else None
    if isinstance(only, ast.Expr | ast.Return) and isinstance(only.value, ast.Call) and len(body) == 1:
        call = only.value
        plain = all(isinstance(argument, ast.Name) for argument in call.args) and not call.keywords
        if plain and len(call.args) == 1 and isinstance(call.func, ast.Name):
            yield word, call.func.id


def _compared(node: ast.expr, builder: Builder, scope: AnyFunction | None) -> tuple[str, str] | None:
    """Read `args.command == "word"` as its subject and its word."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq):
        return None
    for left, right in ((node.left, node.comparators[0]), (node.comparators[0], node.left)):
        if isinstance(right, ast.Constant) and right.value in builder.taken:
            subject = _subject(left, builder, scope)
            if subject:
                return subject, str(right.value)
    return None


def _subject(node: ast.expr, builder: Builder, scope: AnyFunction | None) -> str:
    """Say how the chosen command is spelled: `args.command`, or a variable that holds it."""
    spelled = dotted(node)
    if builder.dest and spelled.endswith(f".{builder.dest}"):
        return spelled
    return spelled if spelled and _assigned(spelled, builder, scope) else ""


def _assigned(name: str, builder: Builder, scope: AnyFunction | None) -> str:
    for node in ast.walk(scope) if scope is not None else ():
        if isinstance(node, ast.Assign) and dotted(node.targets[0]) == name:
            value = dotted(node.value)
            if builder.dest and value.endswith(f".{builder.dest}"):
                return value
    return ""


def _namespace(subject: str, scope: AnyFunction | None, builder: Builder) -> str:
    spelled = subject if "." in subject else _assigned(subject, builder, scope)
    return spelled.rpartition(".")[0]


def _all_blocks(module: Module) -> Iterator[tuple[AnyFunction | None, Sequence[ast.stmt]]]:
    for scope in [node for node in ast.walk(module.tree) if isinstance(node, AnyFunction)]:
        for block in blocks(scope):
            yield scope, block
    for block in blocks(module.tree):
        yield None, block
