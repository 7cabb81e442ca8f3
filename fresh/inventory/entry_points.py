"""The roots from which a codebase is reached, each with the rule that made it one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from posixpath import normpath

from fresh.domain.entry_rules import EntryRule
from fresh.domain.feature import EntryPoint
from fresh.inventory.conventions import called_by_name, loaded_by_name, registered_by_base
from fresh.inventory.declared import Declared
from fresh.inventory.graph import NEUTRAL, Graph
from fresh.inventory.handed import Handed, handed_over
from fresh.inventory.layout import Role, join, parents
from fresh.inventory.modules import Module
from fresh.inventory.origins import origin, rule_of
from fresh.inventory.reach import Reach
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

MOST_FOLDERS = 20
"""Folders in front of a path that may exist elsewhere only."""

OF_FIELD = frozenset({"default", "validator", "converter"})
GENERIC = frozenset({"singledispatch", "singledispatchmethod"})


def find_roots(graph: Graph, declared: Iterable[Declared]) -> list[Root]:
    """List every root of the project's own code, without doubles, in a fixed order."""
    found, handed = [*_of_declared(graph, declared)], list[Handed]()
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
        handed += chain(handed_over(graph, module), _cases(graph, module))
        found += _of_definitions(graph, module)
    found += _of_handed(graph, found, handed)
    return sorted(set(found), key=lambda root: (root.weak, root.path, root.line, root.node, root.words))


def _of_handed(graph: Graph, roots: Iterable[Root], handed: Sequence[Handed]) -> list[Root]:
    """Judge what code hands to frameworks: that counts for sure only where the code itself is reached."""
    reached = Reach(graph, [root.node for root in roots if not root.weak], weak=False)
    return [each.root if each.by in reached else each.root._replace(weak=True) for each in handed]


def _rule_of_run(module: Module) -> EntryRule | None:
    """Say by which rule a file is run as it is; a project's scripts are, also without a guard."""
    if module.shape.runs_as_main or module.name.rpartition(".")[2] == "__main__":
        return EntryRule.MAIN
    is_started = module.source.role is Role.TOOL or module.source.path.endswith(".pyw")
    return EntryRule.SCRIPT if is_started else None


def _runs_itself(graph: Graph, module: Module) -> bool:
    """Tell whether a file outside of any package uses code of the project when it is run, not only to define its own."""
    if module.source.is_package or module.package in graph.modules.by_name:
        return False
    definitions, find = graph.modules.definitions, graph.symbols.find
    named = {name for each in module.shape.definitions for name in (*each.bases, *each.decorators)}
    making = {found.node for name in named if (found := find(module, -1, name))}
    return any(definitions[node] is not None and node not in making for node in graph.uses[module.body])


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
        node = _declared_node(graph, target, path)
        if node is not None and graph.modules.of[node].is_product:
            yield Root(node, rule, f"{detail} = {target}", path, line)


def _declared_node(graph: Graph, target: str, declaring: str) -> int | None:
    """Find a file, `module:function`, or the body of the module whose variable is named.

    What a file starts may lie beside it, and a container or shell has its own names for the folders above.
    """
    modules = graph.modules
    path, _, inside = target.partition(":")
    for place in _places(path, declaring):
        if file := modules.by_path.get(place):
            return file.top.get(inside, file.body)
    name = target.split("[")[0].strip().replace(":", ".")
    if found := graph.symbols.resolve(name):
        return found.node
    if ":" in target and (holder := modules.holding(name)):
        return holder.body
    for place in _places(f"{path.replace('.', '/')}.py", declaring)[1:]:
        if file := modules.by_path.get(place):
            return file.top.get(inside, file.body)
    return None


def _places(path: str, declaring: str) -> list[str]:
    """List where a path that some file names may be: as it stands, from the folders above that file, or, below a folder
    that only exists elsewhere, without its first parts."""
    if not path.endswith((".py", ".pyw")):
        return []
    below = path.lstrip("/")
    found = [below, *(normpath(join(folder, below)) for folder in parents(declaring))]
    if below != path:
        rest = below.split("/")[-MOST_FOLDERS:]
        found += ["/".join(rest[start:]) for start in range(1, len(rest))]
    return found


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
                detail = f"module of {definition.name}"
                yield Root(module.body, EntryRule.HOOK, detail, root.path, 1, weak=root.weak)


def _decorated(graph: Graph, module: Module, node: int, definition: Definition) -> Root | None:
    likely: Root | None = None
    for name in definition.decorators:
        last = name.rpartition(".")[2]
        if (
            last in NEUTRAL
            or name.partition(".")[0] == definition.name
            or _is_of_field(module, definition, name)
        ):
            continue
        where = (module.source.path, definition.line)
        if last == "register" and _generic(graph, module, definition, name) is not None:
            continue
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


def _is_of_field(module: Module, definition: Definition, name: str) -> bool:
    """Tell whether a decorator belongs to a field of the class around: `@size.default`, `@size.validator`."""
    owner, last = definition.owner, name.rpartition(".")[2]
    if owner < 0 or not module.shape.definitions[owner].is_class or last not in OF_FIELD:
        return False
    return name.partition(".")[0] in module.bound.get(owner, {})


def _cases(graph: Graph, module: Module) -> Iterator[Handed]:
    """List the cases of functions of one's own, which are called where these are."""
    for index, definition in enumerate(module.shape.definitions):
        for name in definition.decorators:
            if (
                name.endswith(".register")
                and (generic := _generic(graph, module, definition, name)) is not None
            ):
                where = (module.source.path, definition.line)
                yield Handed(Root(module.node(index), EntryRule.REGISTERED, f"@{name}", *where), generic)


def _generic(graph: Graph, module: Module, definition: Definition, name: str) -> int | None:
    """Find the function of one's own that a decorator adds a case to; it may have no callers itself."""
    found = graph.symbols.find(module, definition.owner, name.rpartition(".")[0])
    generic = graph.modules.definitions[found.node] if found else None
    if found is None or generic is None:
        return None
    return found.node if any(each.rpartition(".")[2] in GENERIC for each in generic.decorators) else None
