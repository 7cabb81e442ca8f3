"""Where an argparse command line builds its subparsers, and how it dispatches to the code behind them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fresh.engines.codemod.hookup.neighbours import Handler
from fresh.engines.codemod.hookup.sources import Module, dotted


class Style(StrEnum):
    """How the chosen command's code is found."""

    DEFAULTS = "set_defaults"
    BRANCHES = "if"
    MATCH = "match"
    TABLE = "dict"


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
    scope: ast.Module | Handler


@dataclass(frozen=True)
class Dispatch:
    """`namespace` is the variable that holds the parsed arguments, `handlers` pairs commands with function names.

    `line` is the statement to extend (none for set_defaults), `branch` the body of the last command's branch.
    """

    style: Style
    namespace: str = "args"
    key: str = ""
    subject: str = ""
    line: int = 0
    handlers: tuple[tuple[str, str], ...] = ()
    branch: tuple[ast.stmt, ...] = ()
    branch_gap: int = 0
    scope: Handler | None = None
    separate: bool = False


def find_builder(module: Module) -> Builder | None:
    """Find the first root parser with subparsers."""
    for scope in [module.tree, *(node for node in ast.walk(module.tree) if isinstance(node, Handler))]:
        for block in _blocks(scope):
            for number, node in enumerate(block):
                call = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
                if isinstance(call, ast.Call) and dotted(call.func).endswith(".add_subparsers"):
                    found = _builder(module, scope, block, number, call)
                    if found is not None:
                        return found
    return None


def find_dispatch(module: Module, builder: Builder) -> Dispatch | None:
    """Find how the command line gets from the chosen command to its code."""
    return (
        _defaults(module) or _branches(module, builder) or _match(module, builder) or _table(module, builder)
    )


def _builder(
    module: Module, scope: ast.Module | Handler, block: Sequence[ast.stmt], number: int, call: ast.Call
) -> Builder | None:
    node = block[number]
    subparsers = dotted(node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", node))
    parser = dotted(call.func).removesuffix(".add_subparsers")
    made = [
        each for each in ast.walk(scope) if isinstance(each, ast.Assign) and dotted(each.targets[0]) == parser
    ]
    if not subparsers or any(_method(each.value) == "add_parser" for each in made):
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
            gaps.append(_gap(module, each))
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


def _defaults(module: Module) -> Dispatch | None:
    found: list[tuple[str, str]] = []
    keys: list[str] = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and _method(node) == "set_defaults" and len(node.keywords) == 1:
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
    return Dispatch(Style.DEFAULTS, key=key, handlers=tuple(found))


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
            branch_gap=_gap(module, head),
            handlers=tuple(_called(chains, builder, scope)),
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
                        handlers=pairs,
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
            return Dispatch(Style.TABLE, line=node.lineno, handlers=pairs)
    return None


def _called(chains: Sequence[ast.If], builder: Builder, scope: Handler | None) -> Iterator[tuple[str, str]]:
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


def _compared(node: ast.expr, builder: Builder, scope: Handler | None) -> tuple[str, str] | None:
    """Read `args.command == "word"` as its subject and its word."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq):
        return None
    for left, right in ((node.left, node.comparators[0]), (node.comparators[0], node.left)):
        if isinstance(right, ast.Constant) and right.value in builder.taken:
            subject = _subject(left, builder, scope)
            if subject:
                return subject, str(right.value)
    return None


def _subject(node: ast.expr, builder: Builder, scope: Handler | None) -> str:
    """Say how the chosen command is spelled: `args.command`, or a variable that holds it."""
    spelled = dotted(node)
    if builder.dest and spelled.endswith(f".{builder.dest}"):
        return spelled
    return spelled if spelled and _assigned(spelled, builder, scope) else ""


def _assigned(name: str, builder: Builder, scope: Handler | None) -> str:
    for node in ast.walk(scope) if scope is not None else ():
        if isinstance(node, ast.Assign) and dotted(node.targets[0]) == name:
            value = dotted(node.value)
            if builder.dest and value.endswith(f".{builder.dest}"):
                return value
    return ""


def _namespace(subject: str, scope: Handler | None, builder: Builder) -> str:
    spelled = subject if "." in subject else _assigned(subject, builder, scope)
    return spelled.rpartition(".")[0]


def _all_blocks(module: Module) -> Iterator[tuple[Handler | None, Sequence[ast.stmt]]]:
    for scope in [node for node in ast.walk(module.tree) if isinstance(node, Handler)]:
        for block in _blocks(scope):
            yield scope, block
    for block in _blocks(module.tree):
        yield None, block


def _blocks(scope: ast.Module | Handler) -> Iterator[Sequence[ast.stmt]]:
    """Walk the blocks of statements of one scope, without the functions inside of it."""
    pending: list[Sequence[ast.stmt]] = [scope.body]
    while pending:
        block = pending.pop(0)
        yield block
        for node in block:
            if isinstance(node, Handler | ast.ClassDef):
                continue
            for part in ("body", "orelse", "finalbody"):
                inner = getattr(node, part, None)
                if (
                    isinstance(inner, list)
                    and inner
                    and not (part == "orelse" and isinstance(inner[0], ast.If))
                ):
                    pending.append(inner)
            for handler in getattr(node, "handlers", []):
                pending.append(handler.body)


def _taken(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and _method(node) == "add_parser":
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


def _gap(module: Module, node: ast.stmt) -> int:
    number = node.lineno - 2
    return int(number >= 0 and not module.text.splitlines()[number].strip())


def _method(node: ast.AST) -> str:
    return node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""


def _first_text(call: ast.Call) -> str:
    first = call.args[0] if call.args else None
    return str(first.value) if isinstance(first, ast.Constant) else ""


def _keyword_text(call: ast.Call, name: str) -> str:
    found = next((word.value for word in call.keywords if word.arg == name), None)
    return str(found.value) if isinstance(found, ast.Constant) else ""
