"""The habits of the commands that are there: how their functions are named, annotated and spaced."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from fresh.engines.codemod.hookup.sources import Module, dotted, statements

TELLING = frozenset({"cmd", "command", "do", "run", "handle", "handler", "cli", "main", "sub", "subcommand"})
AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Habits:
    """`prefix` and `suffix` surround the command's name in the name of its function; `gap` counts empty lines."""

    prefix: str = ""
    suffix: str = ""
    annotated: bool = False
    documented: bool = True
    gap: int = 2
    last_line: int | None = None

    def name(self, word: str, taken: Collection[str]) -> str:
        """Name a function for a command so that nothing of that name is hidden."""
        stem = word.replace("-", "_")
        choices = [
            f"{self.prefix}{stem}{self.suffix}",
            f"{stem}_command",
            f"run_{stem}",
            f"{stem}_from_command_line",
        ]
        found = next((choice for choice in choices if choice not in taken), choices[-1])
        while found in taken:
            found += "_"
        return found


def habits_of(module: Module, behind: Sequence[tuple[str, AnyFunction]]) -> Habits:
    """Read the habits from the functions behind the commands."""
    if not behind:
        functions = [node for node in module.tree.body if isinstance(node, AnyFunction)]
        return Habits(
            annotated=any(node.returns is not None for node in functions), gap=gap_before(module, functions)
        )
    prefix, suffix = _habit([_around(word, node.name) for word, node in behind])
    nodes = [node for _, node in behind]
    annotated = [node.returns is not None or any(arg.annotation for arg in node.args.args) for node in nodes]
    return Habits(
        prefix=prefix,
        suffix=suffix,
        annotated=sum(annotated) * 2 > len(annotated),
        documented=any(ast.get_docstring(node) for node in nodes),
        gap=gap_before(module, nodes),
        last_line=max((node.lineno for node in nodes if node in module.tree.body), default=None),
    )


def echoes(module: Module, nodes: Sequence[ast.AST], echo: str, library: str) -> bool:
    """Say whether commands print with the library's echo rather than with print()."""
    if "print" in module.imported or "print" in module.defined:
        return True
    names = [dotted(node.func) for root in nodes for node in ast.walk(root) if isinstance(node, ast.Call)]
    return names.count("print") == 0 or names.count(echo) + names.count(f"{library}.{echo}") > names.count(
        "print"
    )


def gap_before(module: Module, nodes: Sequence[AnyFunction]) -> int:
    """Count the empty lines that a module puts before its functions."""
    lines = module.text.splitlines()
    gaps = []
    for node in nodes:
        number = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 2
        gap = 0
        while number >= 0 and not lines[number].strip():
            gap, number = gap + 1, number - 1
        gaps.append(gap)
    return min(2, max(1, round(sum(gaps) / len(gaps)))) if gaps else 2


def functions_named(module: Module, names: Sequence[tuple[str, str]]) -> list[tuple[str, AnyFunction]]:
    """Find the module's functions for (command, function name) pairs."""
    known = {node.name: node for node in statements(module.tree.body) if isinstance(node, AnyFunction)}
    return [(word, known[name]) for word, name in names if name in known]


def _habit(around: list[tuple[str, str]]) -> tuple[str, str]:
    """Take what surrounds most names; a single name tells nothing unless it says that it is a command."""
    (prefix, suffix), count = max(Counter(around).items(), key=lambda pair: (pair[1], pair[0]))
    told = count > 1 or TELLING.intersection([*prefix.split("_"), *suffix.split("_")])
    return (prefix, suffix) if told else ("", "")


def _around(word: str, name: str) -> tuple[str, str]:
    stem = word.replace("-", "_")
    before, found, after = name.partition(stem)
    return (before, after) if found else ("", "")
