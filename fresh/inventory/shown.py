"""Which names the examples in a docstring use: after `>>>`, between fences, and in blocks that `::` announces."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from fresh.inventory.syntax import Function, has_docstring

PROMPTS = (">>>", "...")
FENCES = ("```", "~~~")
BLOCKS = (PROMPTS[0], "::", *FENCES)
"""Without one of these there is no example."""
LONGEST = 20_000
"""Characters of one docstring that are read."""
IN_CODE = re.compile(r"(?<![\w.\"'])[A-Za-z_][\w.]*\w")
IN_BLOCK = re.compile(r"(?<![\w.\"'/])(?:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|[A-Za-z_]\w+(?=\())")
"""In a block there may be anything: a name counts where it has parts, or is called."""
IMPORTED = re.compile(r"^\s*from +([\w.]+) +import +\(?([\w ,]+)", re.MULTILINE)


def names_shown(node: Function | ast.ClassDef | ast.Module) -> list[str]:
    """List the names that the examples in a definition's, or a module's, docstrings use, each as far from its root as they tell."""
    found: dict[str, None] = {}
    for text in _docstrings(node):
        if any(mark in text for mark in BLOCKS):
            found.update(dict.fromkeys(_names(text[:LONGEST])))
    return list(found)


def _docstrings(node: Function | ast.ClassDef | ast.Module) -> Iterator[str]:
    """Give the docstring of a definition; of a class also those of its methods and attributes."""
    if has_docstring(node.body):
        yield ast.get_docstring(node, clean=False) or ""
    for each in node.body[1:] if isinstance(node, ast.ClassDef) else ():
        if (
            isinstance(each, ast.Expr)
            and isinstance(each.value, ast.Constant)
            and isinstance(each.value.value, str)
        ):
            yield each.value.value
    for each in node.body if isinstance(node, ast.ClassDef) else ():
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and has_docstring(each.body):
            yield ast.get_docstring(each, clean=False) or ""


def _names(text: str) -> Iterator[str]:
    code = "\n".join(_after_prompts(text))
    block = "\n".join(_in_blocks(text))
    known: dict[str, str] = {}
    for place, names in IMPORTED.findall(f"{code}\n{block}"):
        for name in names.split(","):
            original, _, alias = name.strip().partition(" as ")
            known[alias.strip() or original] = f"{place}.{original}"
    yield from known.values()
    for name in (*IN_CODE.findall(code), *IN_BLOCK.findall(block)):
        head, dot, rest = name.partition(".")
        yield f"{known.get(head, head)}{dot}{rest}"


def _after_prompts(text: str) -> Iterator[str]:
    for line in text.splitlines():
        bare = line.lstrip()
        if bare.startswith(PROMPTS):
            yield bare[len(PROMPTS[0]) :].lstrip()


def _in_blocks(text: str) -> Iterator[str]:
    """Give the lines between fences, and those that stand deeper than the line with `::` before them."""
    fenced, deeper = False, -1
    for line in text.splitlines():
        bare = line.strip()
        depth = len(line) - len(line.lstrip())
        if bare.startswith(FENCES):
            fenced, deeper = not fenced, -1
        elif fenced or (bare and -1 < deeper < depth):
            yield bare
        elif bare:
            deeper = depth if bare.endswith("::") or bare.startswith(".. code") else -1
