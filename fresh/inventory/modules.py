"""Modules as the graph sees them: each with a row of nodes, one for its body and one per definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fresh.inventory.layout import Role, Source, short_names
from fresh.inventory.record import Bound, Definition, Record

IN_2 = "Missing parentheses in call to"
"""What the interpreter says of a `print` or `exec` statement."""


@dataclass(frozen=True, slots=True)
class Module:
    """One parsed file. Node `body` is its module body, node `body + 1 + i` its definition `i`.

    `imports` and `bound` are filed under the owner's index, -1 for the module; import targets are absolute.
    """

    source: Source
    record: Record
    body: int
    top: dict[str, int] = field(default_factory=dict)
    imports: dict[int, dict[str, list[str]]] = field(default_factory=dict)
    bound: dict[int, dict[str, list[Bound]]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The dotted name."""
        return self.source.module

    @property
    def package(self) -> str:
        """The package that relative imports start from."""
        return self.name if self.source.is_package else self.name.rpartition(".")[0]

    def node(self, owner: int) -> int:
        """The node of a definition, or of the body for -1."""
        return self.body + 1 + owner

    @property
    def is_product(self) -> bool:
        """Whether the file belongs to what the project offers, its own tools included."""
        return self.source.role in (Role.PRODUCT, Role.TOOL, Role.VENDORED)


class Modules:
    """All modules of a codebase, and what each node is."""

    def __init__(self, sources: Mapping[str, Source], records: Mapping[str, Record]) -> None:
        self.by_name: dict[str, Module] = {}
        self.by_path: dict[str, Module] = {}
        self.of: list[Module] = []
        self.definitions: list[Definition | None] = []
        self.members: dict[int, dict[str, int]] = {}
        for path in sorted(records):
            self._add(Module(sources[path], records[path], len(self.of)))
        self.speaks_2 = any(record.tolerated.startswith(IN_2) for record in records.values())
        known = {**_names_by_path(sources), **short_names(sources)}
        self.short = {short: full for short, full in known.items() if full in self.by_name}
        self.tops = {name.partition(".")[0] for name in (*self.by_name, *self.short)}
        for module in self.by_name.values():
            self._bind(module)

    def _add(self, module: Module) -> None:
        self.by_name[module.name] = self.by_path[module.source.path] = module
        self.of.extend([module] * (len(module.record.definitions) + 1))
        self.definitions.append(None)
        for index, definition in enumerate(module.record.definitions):
            node = module.node(index)
            self.definitions.append(definition)
            if definition.owner == -1:
                module.top[definition.qualname] = node
            else:
                self.members.setdefault(module.node(definition.owner), {})[definition.name] = node

    def _bind(self, module: Module) -> None:
        for owner, name, target in module.record.imports:
            absolute = self._absolute(module, target)
            if name == "*":
                module.stars.append(absolute)
            else:
                module.imports.setdefault(owner, {}).setdefault(name, []).append(absolute)
        for each in module.record.bound:
            module.bound.setdefault(each.owner, {}).setdefault(each.name, []).append(each)

    def _absolute(self, module: Module, target: str) -> str:
        """Resolve leading dots; a name that is only known beside the importer is a script's neighbour."""
        bare = target.lstrip(".")
        dots = len(target) - len(bare)
        if not dots:
            return f"{module.package}.{target}" if self._is_neighbour(module, target) else target
        parts = module.package.split(".") if module.package else []
        parts = parts[: max(len(parts) - (dots - 1), 0)]
        return ".".join([*parts, bare] if bare else parts)

    def _is_neighbour(self, module: Module, target: str) -> bool:
        """Tell whether a bare name means the file beside its importer: scripts see their folder, Python 2 its package."""
        head, package = target.partition(".")[0], module.package
        beside = f"{package}.{head}"
        if not package or head in self.tops or beside not in self.by_name or beside == module.name:
            return False
        return self.speaks_2 or package not in self.by_name

    def get(self, name: str) -> Module | None:
        """Find a module by its name or by the name of its package tree alone."""
        return self.by_name.get(name) or self.by_name.get(self.short.get(name, ""))

    def holding(self, name: str) -> Module | None:
        """Find the module whose body runs when `name` is imported: the longest prefix that is a module."""
        while name:
            if module := self.get(name):
                return module
            name = name.rpartition(".")[0]
        return None

    def is_external(self, target: str) -> bool:
        """Tell whether an absolute name belongs to another project."""
        return target.partition(".")[0] not in self.tops

    def owner(self, node: int) -> int:
        """The node of the enclosing definition or module body."""
        definition = self.definitions[node]
        return node if definition is None else self.of[node].node(definition.owner)

    def key(self, node: int) -> str:
        """Identify a node as `module:qualname`; a module's body is `module:<module>`."""
        definition = self.definitions[node]
        return f"{self.of[node].name}:{definition.qualname if definition else '<module>'}"

    def place(self, node: int) -> str:
        """Say where a node lies as `path:line`."""
        definition = self.definitions[node]
        return f"{self.of[node].source.path}:{definition.line if definition else 1}"


def _names_by_path(sources: Mapping[str, Source]) -> dict[str, str]:
    """Map the name that a file has from the top of the repository to its module, where that is another one: `src.app.x`."""
    known = {source.module for source in sources.values()}
    found = {}
    for path, source in sources.items():
        name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if name not in known and name.endswith(source.module) and name.replace(".", "_").isidentifier():
            found[name] = source.module
    return found
