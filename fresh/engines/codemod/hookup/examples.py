"""Calls with literal arguments that the project itself makes: in docstrings, tests, documents and code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from fresh.engines.codemod.hookup.functions import Function
from fresh.engines.codemod.hookup.samples import Given, Sample, Sampler
from fresh.engines.codemod.hookup.sources import Sources, dotted
from fresh.inventory.layout import Role

DOCUMENTS = (".md", ".rst", ".txt")


def found_samples(function: Function, sampler: Sampler, sources: Sources) -> Iterator[Sample]:
    """Find calls with literal arguments: in the docstring, then in tests, documents and the code itself."""
    seen: set[tuple[tuple[str, str], ...]] = set()
    for origin, tree in _places(function, sources):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or dotted(node.func).rpartition(".")[2] != function.name:
                continue
            given = _expressed(function, node, sampler)
            key = tuple((name, one.source) for name, one in (given or {}).items())
            if given is not None and key not in seen:
                seen.add(key)
                yield Sample(given, origin)


def _expressed(function: Function, call: ast.Call, sampler: Sampler) -> dict[str, Given] | None:
    positional = [one.name for one in function.parameters if not one.keyword_only]
    if len(call.args) > len(positional) or any(word.arg is None for word in call.keywords):
        return None
    pairs = [
        *zip(positional, call.args, strict=False),
        *((word.arg or "", word.value) for word in call.keywords),
    ]
    known = {one.name for one in function.parameters}
    found: dict[str, Given] = {}
    for name, node in pairs:
        if name not in known or name in found:
            return None
        try:
            given = sampler.given(name, ast.literal_eval(node))
        except (ValueError, SyntaxError, TypeError):
            return None
        if given is None:
            return None
        found[name] = given
    found = {**sampler.implied, **found}
    if any(one.default is None and one.name not in found for one in function.parameters):
        return None
    return {name: found[name] for name in [one.name for one in function.parameters] if name in found}


def _places(function: Function, sources: Sources) -> Iterator[tuple[str, ast.AST]]:
    for example in function.docstring.examples:
        yield from (("its docstring", tree) for tree in _parsed(example))
    for path in sources.paths(Role.TEST, Role.PRODUCT, Role.EXAMPLE):
        if (
            re.search(rf"\b{function.name}\(", sources.text(path))
            and (module := sources.at(path)) is not None
        ):
            yield path, module.tree
    for path in sources.documents(DOCUMENTS):
        for line in re.findall(rf"^.*\b{function.name}\(.*\).*$", sources.text(path), re.MULTILINE):
            yield from ((path, tree) for tree in _parsed(line.strip().removeprefix(">>>").strip()))


def _parsed(text: str) -> Iterator[ast.AST]:
    try:
        yield ast.parse(text)
    except (SyntaxError, ValueError):
        return
