"""How Python code starts an argparse command line: the function that parses, and how it gets the words."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from fresh.engines.codemod.hookup.launches import Launch
from fresh.engines.codemod.hookup.neighbours import AnyFunction
from fresh.engines.codemod.hookup.sources import Module, Sources, dotted
from fresh.engines.codemod.hookup.trials import Entry

WORDS = frozenset(
    {"argv", "args", "arguments", "cli_args", "cmdline", "raw_args", "command_line", "argument_list"}
)


@dataclass(frozen=True)
class Main:
    """A function that a test can call. `entry` says how; `returns_nothing` that it is annotated so."""

    entry: Entry
    returns_nothing: bool


def find_main(module: Module, launch: Launch, sources: Sources) -> Main | None:
    """Find the function that a person's command would run; None when there is none that can be called."""
    found = _declared(launch, sources) or _guarded(module) or _parsing(module)
    if found is None:
        return None
    where, node = found
    positional = [*node.args.posonlyargs, *node.args.args]
    required = positional[: len(positional) - len(node.args.defaults)]
    required += [
        argument
        for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        if default is None
    ]
    if isinstance(node, ast.AsyncFunctionDef):
        return None
    way, keyword = "argv", ""
    taking = [
        argument.arg for argument in [*positional, *node.args.kwonlyargs] if _takes_words(argument.arg, node)
    ]
    if taking:
        first = positional[0].arg if positional else ""
        way, keyword = "main", "" if taking[0] == first else taking[0]
    if [argument.arg for argument in required if argument.arg not in taking[:1]]:
        return None
    program = launch.words[0] if len(launch.words) == 1 else launch.words[-1]
    entry = Entry(module=where.name, attribute=node.name, way=way, keyword=keyword, program=program)
    returns = node.returns
    return Main(entry, isinstance(returns, ast.Constant) and returns.value is None)


def _takes_words(name: str, node: AnyFunction) -> bool:
    if name in WORDS:
        return True
    calls = [part for part in ast.walk(node) if isinstance(part, ast.Call)]
    parsing = [call for call in calls if dotted(call.func).endswith(("parse_args", "parse_known_args"))]
    return any(isinstance(part, ast.Name) and part.id == name for call in parsing for part in call.args)


def _declared(launch: Launch, sources: Sources) -> tuple[Module, AnyFunction] | None:
    found = sources.definition(f"{launch.module}.{launch.attribute}") if launch.attribute else None
    if found is None or not isinstance(found[1], AnyFunction):
        return None
    return found[0], found[1]


def _guarded(module: Module) -> tuple[Module, AnyFunction] | None:
    functions = {node.name: node for node in module.tree.body if isinstance(node, AnyFunction)}
    for node in module.tree.body:
        if isinstance(node, ast.If) and "__main__" in ast.dump(node.test):
            for call in ast.walk(node):
                if isinstance(call, ast.Call) and dotted(call.func) in functions:
                    return module, functions[dotted(call.func)]
    return None


def _parsing(module: Module) -> tuple[Module, AnyFunction] | None:
    for node in module.tree.body:
        if isinstance(node, AnyFunction):
            for call in ast.walk(node):
                if isinstance(call, ast.Call) and dotted(call.func).endswith(".parse_args"):
                    return module, node
    return None
