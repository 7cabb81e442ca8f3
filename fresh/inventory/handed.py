"""Functions and classes that a call hands to a framework, which runs them later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fresh.domain.entry_rules import EntryRule
from fresh.inventory.graph import Graph
from fresh.inventory.modules import Module
from fresh.inventory.origins import origin, rule_of
from fresh.inventory.record import Registration
from fresh.inventory.roots import Root
from fresh.inventory.words import words

CALLS = {
    "set_defaults": EntryRule.ARGPARSE,
    "Fire": EntryRule.FIRE,
    **dict.fromkeys(
        words(
            "add_url_rule add_api_route add_api_websocket_route add_route Route WebSocketRoute add_event_handler",
            "add_exception_handler register_error_handler add_resource add_get add_post add_put add_delete add_patch",
            "add_view add_websocket_route",
        ),
        EntryRule.ROUTE,
    ),
}
"""Calls whose name alone says what they do."""
NEEDS_ORIGIN = words(
    "add_command add_typer command group callback run default path re_path url get post put delete patch head view route",
    "register_task",
)
"""Calls that say it only when they come from a framework."""
DJANGO_ROUTES = frozenset({"path", "re_path", "url"})


class Handed(NamedTuple):
    """What the code of the node `by` hands to a framework."""

    root: Root
    by: int


def handed_over(graph: Graph, module: Module) -> Iterator[Handed]:
    """List what one module hands over."""
    for each in module.shape.registrations:
        rule = _rule_of(graph, module, each)
        if rule is None:
            continue
        for node in _nodes(graph, module, each, rule):
            root = Root(node, rule, f"{each.call}({each.target})", module.source.path, each.line)
            yield Handed(root, module.node(each.owner))


def _nodes(graph: Graph, module: Module, each: Registration, rule: EntryRule) -> Iterator[int]:
    """Find what is handed over; `fire` makes commands of everything in a module."""
    if each.target:
        found = graph.symbols.find(module, each.owner, each.target)
        if found is None or found.left:
            return
        node = found.node
    else:
        node = module.body
    if graph.modules.definitions[node] is not None:
        yield node
    elif rule is EntryRule.FIRE:
        yield from (member for name, member in graph.modules.of[node].top.items() if not name.startswith("_"))


def _rule_of(graph: Graph, module: Module, call: Registration) -> EntryRule | None:
    last = call.call.rpartition(".")[2]
    if last not in NEEDS_ORIGIN:
        return CALLS.get(last)
    source = origin(graph.symbols, module, call.owner, call.call)
    rule = rule_of(source) if source else None
    if rule is EntryRule.DJANGO and last in DJANGO_ROUTES:
        return EntryRule.ROUTE
    if rule is None and last == "add_command":
        return EntryRule.CLICK
    return rule if rule is not EntryRule.TASK or last == "register_task" else None
