"""The roots from which a codebase is reached, each with the rule that made it one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fresh.domain.entry_rules import EntryRule
from fresh.domain.feature import EntryPoint
from fresh.inventory.declared import Declared
from fresh.inventory.graph import NEUTRAL, Graph
from fresh.inventory.layout import Role
from fresh.inventory.modules import Module
from fresh.inventory.origins import origin, rule_of
from fresh.inventory.record import Definition, Registration
from fresh.inventory.words import words

REGISTERING = words(
    "command group route get post put delete patch websocket flow task callback fixture hookimpl receiver",
    "register tag simple_tag filter inclusion_tag api_view action event on_event middleware exception_handler cli",
    "subcommand errorhandler before_request after_request app_template_filter listener subscribe handler",
)
REGISTERING_BARE = frozenset({"flow", "task", "receiver", "fixture", "hookimpl", "register", "shared_task"})
HOOKS = frozenset({"setup", "upgrade", "downgrade", "load_ipython_extension", "__getattr__", "__dir__"})
DJANGO_BASES = frozenset({"AppConfig", "Migration", "BaseCommand", "MiddlewareMixin"})
DJANGO_MODULES = frozenset({"admin", "models", "signals", "urls"})
CALLS = {
    "set_defaults": EntryRule.ARGPARSE,
    "add_url_rule": EntryRule.ROUTE,
    "add_api_route": EntryRule.ROUTE,
    "add_api_websocket_route": EntryRule.ROUTE,
    "add_route": EntryRule.ROUTE,
    "Route": EntryRule.ROUTE,
    "WebSocketRoute": EntryRule.ROUTE,
    "add_event_handler": EntryRule.ROUTE,
    "Fire": EntryRule.FIRE,
}
NEEDS_ORIGIN = frozenset(
    {"add_command", "add_typer", "command", "group", "callback", "run", "default", "path"}
)


class Root(NamedTuple):
    """A node that outside code runs. `weak` says that the rule only makes it likely."""

    node: int
    rule: EntryRule
    detail: str
    path: str
    line: int
    weak: bool = False

    @property
    def words(self) -> str:
        """The rule in words."""
        return f"{self.rule}: {self.detail}"


def find_roots(graph: Graph, declared: Iterable[Declared]) -> list[Root]:
    """List every root of the project's own code, without doubles, in a fixed order."""
    found = [*_of_declared(graph, declared)]
    for module in graph.modules.by_name.values():
        if not module.is_product or module.source.role is Role.VENDORED:
            continue
        if rule := _rule_of_run(module):
            found.append(Root(module.body, rule, module.name, module.source.path, 1))
        if module.name.rpartition(".")[2] in DJANGO_MODULES and "django" in _externals(module):
            found.append(
                Root(module.body, EntryRule.DJANGO, "module loaded by name", module.source.path, 1, True)
            )
        found += _of_registrations(graph, module)
        found += _of_definitions(graph, module)
    return sorted(set(found), key=lambda root: (root.weak, root.path, root.line, root.node, root.words))


def _rule_of_run(module: Module) -> EntryRule | None:
    """Say by which rule a file is run as it is; a project's scripts are, also without a guard."""
    if module.record.runs_as_main or module.name.rpartition(".")[2] == "__main__":
        return EntryRule.MAIN
    return EntryRule.SCRIPT if module.source.role is Role.TOOL else None


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
    if file := modules.by_path.get(target):
        return file.body
    name = target.split("[")[0].strip().replace(":", ".")
    if found := graph.symbols.resolve(name):
        return found.node
    holder = modules.holding(name) if ":" in target else None
    return holder.body if holder else None


def _of_registrations(graph: Graph, module: Module) -> Iterator[Root]:
    for each in module.record.registrations:
        found = graph.symbols.find(module, each.owner, each.target)
        if found is None or graph.modules.definitions[found.node] is None or found.left:
            continue
        rule = _rule_of_call(graph, module, each)
        if rule is not None:
            yield Root(found.node, rule, f"{each.call}({each.target})", module.source.path, each.line)


def _rule_of_call(graph: Graph, module: Module, call: Registration) -> EntryRule | None:
    last = call.call.rpartition(".")[2]
    if last not in NEEDS_ORIGIN:
        return CALLS.get(last)
    source = origin(graph.symbols, module, call.owner, call.call)
    rule = rule_of(source) if source else None
    if rule is None and last == "add_command":
        return EntryRule.CLICK
    return rule if rule is not EntryRule.TASK else None


def _of_definitions(graph: Graph, module: Module) -> Iterator[Root]:
    for index, definition in enumerate(module.record.definitions):
        node = module.node(index)
        root = (
            _decorated(graph, module, node, definition)
            or _conventional(graph, module, node, definition)
            or _registered_by_base(graph, module, node, definition)
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


def _conventional(graph: Graph, module: Module, node: int, definition: Definition) -> Root | None:
    name, path = definition.name, module.source.path
    if definition.owner != -1:
        return None
    if not definition.is_class and (name in HOOKS or name.startswith("pytest_")):
        return Root(node, EntryRule.HOOK, name, path, definition.line)
    if not definition.is_class:
        return None
    if name == "Command" and "/management/commands/" in f"/{path}":
        return Root(node, EntryRule.DJANGO, "management command", path, definition.line)
    bases = {base.rpartition(".")[2] for base in definition.bases}
    if bases & DJANGO_BASES and "django" in _externals(module):
        return Root(node, EntryRule.DJANGO, f"subclass of {min(bases & DJANGO_BASES)}", path, definition.line)
    if module.name.rpartition(".")[2] == "models" and "django" in _externals(module):
        return Root(node, EntryRule.DJANGO, "model module", path, definition.line, weak=True)
    return None


def _registered_by_base(graph: Graph, module: Module, node: int, definition: Definition) -> Root | None:
    """Find a class that its base class takes note of: by `__init_subclass__`, or by a decorator on the base."""
    for base in graph.symbols.ancestors(node) if definition.is_class else ():
        ancestor = graph.modules.definitions[base]
        if ancestor is None:
            continue
        noted = any(name.rpartition(".")[2] not in NEUTRAL for name in ancestor.decorators)
        if noted or "__init_subclass__" in graph.modules.members.get(base, {}):
            where = (module.source.path, definition.line)
            return Root(
                node, EntryRule.DECORATED, f"registered by its base {ancestor.name}", *where, weak=True
            )
    return None


def _externals(module: Module) -> set[str]:
    return {target.lstrip(".").partition(".")[0] for _, _, target in module.record.imports}
