"""What the examples in docstrings show: lines behind `>>>` that use code of the project."""

from __future__ import annotations

from typing import NamedTuple

from fresh.inventory.graph import Graph
from fresh.inventory.layout import Role
from fresh.inventory.marks import SHOWS


class Example(NamedTuple):
    """Where a docstring shows something; `is_its_own` where nothing else's docstring does."""

    place: str
    is_its_own: bool


def find_examples(graph: Graph) -> dict[int, Example]:
    """Map every top-level definition of product code that an example uses to the first such docstring, another's first."""
    found: dict[int, Example] = {}
    modules = (each for each in graph.modules.by_path.values() if each.source.role is Role.PRODUCT)
    for node, definition in (
        pair for each in modules for pair in enumerate(each.shape.definitions, each.body + 1)
    ):
        if definition.owner != -1:
            continue
        names = [mark.removeprefix(SHOWS) for mark in definition.marks if mark.startswith(SHOWS)]
        if not names:
            continue
        place = f"an example of {graph.modules.key(node)} ({graph.modules.place(node)})"
        for shown in dict.fromkeys(each for name in names for each in _shown(graph, node, name)):
            example = Example(place, graph.modules.key(shown) == graph.modules.key(node))
            if shown not in found or (found[shown].is_its_own and not example.is_its_own):
                found[shown] = example
    return found


def _shown(graph: Graph, node: int, name: str) -> list[int]:
    """Find the definitions that a name in an example means: as its module sees it, or by its whole name.

    Of a class whose inherited method is called it means both.
    """
    module = graph.modules.of[node]
    found = graph.symbols.find(module, -1, name) or graph.symbols.resolve(name)
    return (
        [top for each in (found.node, *found.through) if _is_ours(graph, top := graph.modules.tops[each])]
        if found
        else []
    )


def _is_ours(graph: Graph, node: int) -> bool:
    definition = graph.modules.definitions[node]
    product = graph.modules.of[node].source.role is Role.PRODUCT
    return product and definition is not None and not definition.name.startswith("_")
