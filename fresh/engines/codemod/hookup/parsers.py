"""Where an argparse command line builds its subparsers."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fresh.engines.codemod.hookup.neighbours import AnyFunction
from fresh.engines.codemod.hookup.sources import Module, dotted


@dataclass(frozen=True)
class Builder:
    """The block of statements that fills `subparsers`; `last` is the line of the statement to insert after.

    `names` are the variables of the subparsers, each with its command; `dests` the root parser's own values.
    """

    subparsers: str
    parser: str
    dest: str
    last: int
    gap: int
    names: tuple[tuple[str, str], ...]
    taken: frozenset[str]
    dests: frozenset[str]
    scope: ast.Module | AnyFunction


def find_builder(module: Module) -> Builder | None:
    """Find the first root parser with subparsers."""
    for scope in [module.tree, *(node for node in ast.walk(module.tree) if isinstance(node, AnyFunction))]:
        for block in blocks(scope):
            for number, node in enumerate(block):
                call = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
                if isinstance(call, ast.Call) and dotted(call.func).endswith(".add_subparsers"):
                    found = _builder(module, scope, block, number, call)
                    if found is not None:
                        return found
    return None


def _builder(
    module: Module, scope: ast.Module | AnyFunction, block: Sequence[ast.stmt], number: int, call: ast.Call
) -> Builder | None:
    node = block[number]
    subparsers = dotted(node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", node))
    parser = dotted(call.func).removesuffix(".add_subparsers")
    made = [
        each for each in ast.walk(scope) if isinstance(each, ast.Assign) and dotted(each.targets[0]) == parser
    ]
    if not subparsers or any(method_of(each.value) == "add_parser" for each in made):
        return None
    names: list[tuple[str, str]] = []
    last, gaps = number, []
    for place, each in enumerate(block[number + 1 :], number + 1):
        spelled = {dotted(part) for part in ast.walk(each) if isinstance(part, ast.Name | ast.Attribute)}
        mine = {subparsers, *(variable for _, variable in names)}
        parsing = any(name.endswith(("parse_args", "parse_known_args")) for name in spelled)
        if parsing or isinstance(each, ast.Return) or not spelled & mine:
            continue
        last = place
        value = each.value if isinstance(each, ast.Assign | ast.Expr) else None
        if isinstance(value, ast.Call) and dotted(value.func) == f"{subparsers}.add_parser":
            gaps.append(gap_above(module, each))
            target = dotted(each.targets[0]) if isinstance(each, ast.Assign) else ""
            if target:
                names.append((_first_text(value), target))
    return Builder(
        subparsers=subparsers,
        parser=parser,
        dest=_keyword_text(call, "dest"),
        last=block[last].lineno,
        gap=max(gaps, default=0),
        names=tuple(names),
        taken=frozenset(_taken(module)),
        dests=frozenset(_dests(scope, parser)),
        scope=scope,
    )


def blocks(scope: ast.Module | AnyFunction) -> Iterator[Sequence[ast.stmt]]:
    """Walk the blocks of statements of one scope, without the functions inside of it."""
    pending: list[Sequence[ast.stmt]] = [scope.body]
    while pending:
        block = pending.pop(0)
        yield block
        for node in block:
            if isinstance(node, AnyFunction | ast.ClassDef):
                continue
            for part in ("body", "orelse", "finalbody"):
                inner = getattr(node, part, None)
                if (
                    isinstance(inner, list)
                    and inner
                    and not (part == "orelse" and isinstance(inner[0], ast.If))
                ):
                    pending.append(inner)
            for clause in getattr(node, "handlers", []):
                pending.append(clause.body)


def _taken(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and method_of(node) == "add_parser":
            yield _first_text(node)
            aliases = next((word.value for word in node.keywords if word.arg == "aliases"), None)
            yield from (
                str(part.value) for part in ast.walk(aliases or ast.Pass()) if isinstance(part, ast.Constant)
            )


def _dests(scope: ast.AST, parser: str) -> Iterator[str]:
    """List the attributes that the root parser sets itself; a subparser's default would overwrite them."""
    for node in ast.walk(scope):
        if isinstance(node, ast.Call) and dotted(node.func) == f"{parser}.add_argument":
            texts = [part.value for part in node.args if isinstance(part, ast.Constant)]
            flags = [str(text) for text in texts]
            long = next((flag for flag in flags if flag.startswith("--")), flags[0] if flags else "")
            yield _keyword_text(node, "dest") or long.lstrip("-").replace("-", "_")


def gap_above(module: Module, node: ast.stmt) -> int:
    number = node.lineno - 2
    return int(number >= 0 and not module.text.splitlines()[number].strip())


def method_of(node: ast.AST) -> str:
    return node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""


def _first_text(call: ast.Call) -> str:
    first = call.args[0] if call.args else None
    return str(first.value) if isinstance(first, ast.Constant) else ""


def _keyword_text(call: ast.Call, name: str) -> str:
    found = next((word.value for word in call.keywords if word.arg == name), None)
    return str(found.value) if isinstance(found, ast.Constant) else ""
