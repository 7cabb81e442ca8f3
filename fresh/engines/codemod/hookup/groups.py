"""click groups and typer apps: objects that commands are attached to by decorators, and how they are nested."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from fresh.engines.codemod.hookup.neighbours import AnyFunction
from fresh.engines.codemod.hookup.sources import Module, Sources, dotted, statements
from fresh.inventory.layout import Role

CLICKS = ("click.", "rich_click.", "click.decorators.", "click.core.")
STRIPPED = ("_command", "_cmd", "_group", "_grp")
"""Endings that click 8.2 takes off a function's name, and earlier ones leave."""


@dataclass
class Group:
    """One group; `key` is `module.variable`. `word` is empty for a root, `callback` matters for typer only."""

    key: str
    library: str
    module: Module
    variable: str
    statement: ast.stmt
    word: str = ""
    parent: str = ""
    callback: bool = False
    commands: list[tuple[str, AnyFunction, Module]] = field(default_factory=list)
    registered: set[str] = field(default_factory=set)
    unnamed: bool = False
    sites: dict[str, int] = field(default_factory=dict)


def find_groups(sources: Sources) -> dict[str, Group]:
    """Find every group of the product's modules, with the commands and groups attached to it."""
    modules = [
        module
        for path in sources.paths(Role.PRODUCT, Role.TOOL)
        if any(word in sources.text(path) for word in ("click", "typer", ".command"))
        and (module := sources.at(path)) is not None
    ]
    groups: dict[str, Group] = {}
    for module in modules:
        for group in _created(module, sources):
            groups[group.key] = group
    for _ in range(4):
        for module in modules:
            _nest_decorated(module, groups, sources)
    for module in modules:
        _attach(module, groups, sources)
    return groups


def chain(group: Group, groups: dict[str, Group]) -> tuple[Group, tuple[str, ...]] | None:
    """Walk up to the root; give it and the words from it to the group. None when a word on the way is unsure."""
    words: list[str] = []
    seen: set[str] = set()
    while group.parent:
        if not group.word or group.key in seen or group.parent not in groups:
            return None
        seen.add(group.key)
        words.append(group.word)
        group = groups[group.parent]
    return group, tuple(reversed(words))


def command_word(call: ast.expr, function: str, library: str) -> str:
    """Say under which word a decorated function is reached; empty when click's versions differ on it."""
    if isinstance(call, ast.Call):
        named = next((word.value for word in call.keywords if word.arg == "name"), None)
        first = named if named is not None else next(iter(call.args), None)
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            return first.value
    if library == "click" and function.endswith(STRIPPED):
        return ""
    return function.lower().replace("_", "-")


def _created(module: Module, sources: Sources) -> Iterator[Group]:
    for node in module.tree.body:
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                origin = _origin(module, decorator, sources)
                if origin.startswith(CLICKS) and origin.endswith(".group"):
                    yield Group(f"{module.name}.{node.name}", "click", module, node.name, node)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            origin = _origin(module, node.value, sources)
            name = dotted(target)
            if not name or "." in name:
                continue
            if origin.startswith(CLICKS) and origin.endswith(".Group"):
                yield Group(f"{module.name}.{name}", "click", module, name, node)
            elif origin in ("typer.Typer", "typer.main.Typer"):
                callback = any(word.arg == "callback" for word in node.value.keywords)
                group = Group(f"{module.name}.{name}", "typer", module, name, node, callback=callback)
                yield group


def _nest_decorated(module: Module, groups: dict[str, Group], sources: Sources) -> None:
    """Find `@parent.group()`, whose parent may be found one round earlier only."""
    for node in module.tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            parent, method = _method(module, decorator, groups, sources)
            key = f"{module.name}.{node.name}"
            if parent is not None and method == "group" and key not in groups:
                word = command_word(decorator, node.name, "click")
                groups[key] = Group(key, "click", module, node.name, node, word, parent.key)
                parent.registered.add(word)


def _attach(module: Module, groups: dict[str, Group], sources: Sources) -> None:
    for node in statements(module.tree.body):
        if isinstance(node, AnyFunction):
            for decorator in node.decorator_list:
                parent, method = _method(module, decorator, groups, sources)
                if parent is not None and method == "command":
                    word = command_word(decorator, node.name, parent.library)
                    parent.commands.append((word, node, module))
                    parent.unnamed = parent.unnamed or not word
                    if node in module.tree.body:
                        parent.sites[module.path] = node.lineno
                elif parent is not None and method == "callback":
                    parent.callback = True
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            _join(module, node, node.value, groups, sources)


def _join(
    module: Module, statement: ast.Expr, call: ast.Call, groups: dict[str, Group], sources: Sources
) -> None:
    """Read `parent.add_command(child)` and `parent.add_typer(child, name=...)`."""
    parent, method = _method(module, call, groups, sources)
    if parent is None or method not in ("add_command", "add_typer") or not call.args:
        return
    spelled = dotted(call.args[0])
    origin = sources.origin(module, spelled) if spelled else ""
    found = sources.definition(origin) if origin else None
    child = groups.get(origin)
    if child is None and found is not None:
        child = groups.get(f"{found[0].name}.{spelled.rpartition('.')[2]}")
    named = next((word.value for word in call.keywords if word.arg == "name"), None)
    if named is None and method == "add_command" and len(call.args) > 1:
        named = call.args[1]
    word = named.value if isinstance(named, ast.Constant) and isinstance(named.value, str) else ""
    if child is not None and child is not parent:
        child.parent = parent.key
        child.word = word or _own_name(child)
        parent.registered.add(child.word)
    else:
        parent.registered.add(word or spelled.rpartition(".")[2].lower().replace("_", "-"))
    if statement in module.tree.body and parent.module is module and method == "add_command":
        parent.sites.setdefault(module.path, statement.lineno)
        parent.sites[module.path] = max(parent.sites[module.path], statement.lineno)


def _own_name(child: Group) -> str:
    if isinstance(child.statement, ast.FunctionDef):
        own = next((each for each in child.statement.decorator_list), None)
        return command_word(own, child.variable, "click") if own is not None else ""
    value = child.statement.value if isinstance(child.statement, ast.Assign | ast.AnnAssign) else None
    if isinstance(value, ast.Call):
        named = next((word.value for word in value.keywords if word.arg == "name"), None)
        if isinstance(named, ast.Constant) and isinstance(named.value, str):
            return named.value
    return ""


def _origin(module: Module, node: ast.expr, sources: Sources) -> str:
    spelled = dotted(node.func if isinstance(node, ast.Call) else node)
    return sources.origin(module, spelled) if spelled else ""


def _method(
    module: Module, node: ast.expr, groups: dict[str, Group], sources: Sources
) -> tuple[Group | None, str]:
    """Split `group.method(...)` into a known group and the method's name."""
    origin = _origin(module, node, sources)
    owner, _, method = origin.rpartition(".")
    if owner in groups:
        return groups[owner], method
    found = (
        sources.definition(owner)
        if owner and method in ("command", "add_command", "add_typer", "group")
        else None
    )
    key = f"{found[0].name}.{owner.rpartition('.')[2]}" if found is not None else ""
    return groups.get(key), method
