"""What the examples in docstrings show of the project's code, and where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fresh.inventory.graph import Graph
from fresh.inventory.layout import Role
from fresh.inventory.marks import SHOWS
from fresh.inventory.modules import Module


class Example(NamedTuple):
    """Where a docstring shows something; `is_its_own` where nothing else's docstring does."""

    place: str
    is_its_own: bool


def find_examples(graph: Graph) -> dict[int, Example]:
    """Map every top-level definition of product code that an example uses to the first such docstring, another's first."""
    found: dict[int, Example] = {}
    for module in (each for each in graph.modules.by_path.values() if each.source.role is Role.PRODUCT):
        shows = [(module.body, module.shape.shown), *_of_definitions(module)]
        for node, names in shows:
            title = module.name if node == module.body else graph.modules.key(node)
            place = f"an example of {title} ({graph.modules.place(node)})"
            for shown in dict.fromkeys(each for name in names for each in _shown(graph, node, name)):
                example = Example(place, _is_its_own(graph, node, shown))
                if shown not in found or (found[shown].is_its_own and not example.is_its_own):
                    found[shown] = example
    return found


def _of_definitions(module: Module) -> Iterator[tuple[int, Sequence[str]]]:
    """List the top-level definitions of a module with the names that their docstrings show."""
    for node, definition in enumerate(module.shape.definitions, module.body + 1):
        if definition.owner == -1:
            yield node, [mark.removeprefix(SHOWS) for mark in definition.marks if mark.startswith(SHOWS)]


def _is_its_own(graph: Graph, node: int, shown: int) -> bool:
    """Tell whether a docstring shows what it belongs to: the definition, or one of the module that it opens."""
    modules = graph.modules
    opens = modules.definitions[node] is None and modules.of[node] is modules.of[shown]
    return opens or modules.key(node) == modules.key(shown)


def _shown(graph: Graph, node: int, name: str) -> list[int]:
    """Find the definitions that a name in an example means: as its module sees it, or by its whole name.

    Of a class whose inherited method is called it means both.
    """
    module = graph.modules.of[node]
    found = graph.symbols.find(module, -1, name) or graph.symbols.resolve(name)
    return [top for each in found.nodes if _is_ours(graph, top := graph.modules.tops[each])] if found else []


def _is_ours(graph: Graph, node: int) -> bool:
    definition = graph.modules.definitions[node]
    product = graph.modules.of[node].source.role is Role.PRODUCT
    return product and definition is not None and not definition.name.startswith("_")
