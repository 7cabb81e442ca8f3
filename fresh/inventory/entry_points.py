"""The roots from which a codebase is reached, each with the rule that made it one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from fresh.domain.entry_rules import EntryRule
from fresh.domain.feature import EntryPoint
from fresh.inventory.conventions import called_by_name, loaded_by_name, registered_by_base
from fresh.inventory.declared import Declared
from fresh.inventory.graph import NEUTRAL, Graph
from fresh.inventory.handed import handed_over
from fresh.inventory.layout import Role
from fresh.inventory.modules import Module
from fresh.inventory.origins import origin, rule_of
from fresh.inventory.record import Definition
from fresh.inventory.roots import Root
from fresh.inventory.words import words

REGISTERING = words(
    "command group route get post put delete patch websocket flow task callback fixture hookimpl receiver",
    "register tag simple_tag filter inclusion_tag api_view action event on_event middleware exception_handler cli",
    "subcommand errorhandler before_request after_request app_template_filter listener subscribe handler connect",
    "connect_via default",
)
REGISTERING_BARE = frozenset({"flow", "task", "receiver", "fixture", "hookimpl", "register", "shared_task"})


def find_roots(graph: Graph, declared: Iterable[Declared]) -> list[Root]:
    """List every root of the project's own code, without doubles, in a fixed order."""
    found = [*_of_declared(graph, declared)]
    imported = set(chain.from_iterable(graph.uses))
    for module in graph.modules.by_name.values():
        if not module.is_product or module.source.role is Role.VENDORED:
            continue
        if rule := _rule_of_run(module):
            found.append(Root(module.body, rule, module.name, module.source.path, 1))
        elif module.body not in imported and _runs_itself(graph, module):
            detail = "file that nobody imports and that runs code"
            found.append(Root(module.body, EntryRule.SCRIPT, detail, module.source.path, 1, weak=True))
        found += loaded_by_name(module)
        found += handed_over(graph, module)
        found += _of_definitions(graph, module)
    return sorted(set(found), key=lambda root: (root.weak, root.path, root.line, root.node, root.words))


def _rule_of_run(module: Module) -> EntryRule | None:
    """Say by which rule a file is run as it is; a project's scripts are, also without a guard."""
    if module.shape.runs_as_main or module.name.rpartition(".")[2] == "__main__":
        return EntryRule.MAIN
    return EntryRule.SCRIPT if module.source.role is Role.TOOL else None


def _runs_itself(graph: Graph, module: Module) -> bool:
    """Tell whether a file outside of any package calls its own code when it is run."""
    if module.source.is_package or module.package in graph.modules.by_name:
        return False
    named = {name for each in module.shape.definitions for name in (*each.bases, *each.decorators)}
    own = {node for name, node in module.top.items() if name not in named}
    return not own.isdisjoint(graph.uses[module.body])


def as_entry_points(graph: Graph, roots: Iterable[Root]) -> tuple[EntryPoint, ...]:
    """Show the certain roots to people and engines, each where its code lies."""
    found = []
    for root in roots:
        if not root.weak:
            path, _, line = graph.modules.place(root.node).rpartition(":")
            rule = root.words if root.path == path else f"{root.words} ({root.path}:{root.line})"
            found.append(EntryPoint(key=graph.modules.key(root.node), rule=rule, path=path, line=int(line)))
    return tuple(found)


def _of_declared(graph: Graph, declared: Iterable[Declared]) -> Iterator[Root]:
    for rule, detail, target, path, line in declared:
        node = _declared_node(graph, target)
        if node is not None and graph.modules.of[node].is_product:
            yield Root(node, rule, f"{detail} = {target}", path, line)


def _declared_node(graph: Graph, target: str) -> int | None:
    """Find a file, `module:function`, or the body of the module whose variable is named."""
    modules = graph.modules
    path, _, inside = target.partition(":")
    if file := modules.by_path.get(path):
        return file.top.get(inside, file.body)
    name = target.split("[")[0].strip().replace(":", ".")
    if found := graph.symbols.resolve(name):
        return found.node
    holder = modules.holding(name) if ":" in target else None
    return holder.body if holder else None


def _of_definitions(graph: Graph, module: Module) -> Iterator[Root]:
    for index, definition in enumerate(module.shape.definitions):
        node = module.node(index)
        root = (
            _decorated(graph, module, node, definition)
            or called_by_name(module, node, definition)
            or registered_by_base(graph, module, node, definition)
        )
        if root is not None:
            yield root
            if root.rule is EntryRule.HOOK:
                yield Root(module.body, EntryRule.HOOK, f"module of {definition.name}", root.path, 1)


def _decorated(graph: Graph, module: Module, node: int, definition: Definition) -> Root | None:
    likely: Root | None = None
    for name in definition.decorators:
        last = name.rpartition(".")[2]
        if last in NEUTRAL or name.partition(".")[0] == definition.name:
            continue
        where = (module.source.path, definition.line)
        registering = last in REGISTERING_BARE or (last in REGISTERING and "." in name)
        source = origin(graph.symbols, module, definition.owner, name)
        rule = rule_of(source) if source else None
        if rule is not None and registering:
            return Root(node, rule, f"@{name}", *where)
        if registering:
            return Root(node, EntryRule.REGISTERED, f"@{name}", *where)
        if "<locals>" not in definition.qualname and likely is None:
            likely = Root(node, rule or EntryRule.DECORATED, f"@{name}", *where, weak=True)
    return likely
