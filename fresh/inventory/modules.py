"""Modules as the graph sees them: each with a row of nodes, one for its body and one per definition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from fresh.inventory.layout import Role, Source, dirname, is_python, short_names
from fresh.inventory.places import Places
from fresh.inventory.record import Bound, Definition, Links, Record, Shape

IN_2 = "Missing parentheses in call to"
"""What the interpreter says of a `print` or `exec` statement."""


@dataclass(frozen=True)
class Module:
    """One parsed file. Node `body` is its module body, node `body + 1 + i` its definition `i`.

    `name` is the dotted name, `package` the one that relative imports start from.
    `imports` and `bound` are filed under the owner's index, -1 for the module; import targets are absolute.
    """

    source: Source
    record: Record
    body: int
    name: str
    package: str
    top: dict[str, int] = field(default_factory=dict)
    imports: dict[int, dict[str, list[str]]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)

    @property
    def shape(self) -> Shape:
        """What the file holds."""
        return self.record.shape

    @cached_property
    def links(self) -> Links:
        """What is needed to follow its names."""
        return self.record.links

    @cached_property
    def bound(self) -> dict[int, dict[str, list[Bound]]]:
        """The variables of every scope."""
        found: dict[int, dict[str, list[Bound]]] = {}
        for each in self.links.bound:
            found.setdefault(each.owner, {}).setdefault(each.name, []).append(each)
        return found

    def node(self, owner: int) -> int:
        """The node of a definition, or of the body for -1."""
        return self.body + 1 + owner

    @property
    def is_product(self) -> bool:
        """Whether the file belongs to what the project offers, its own tools included."""
        return self.source.role in (Role.PRODUCT, Role.TOOL, Role.VENDORED)


class Modules:
    """All modules of a codebase, and what each node is.

    `names[n]` is the last part of a definition's name, empty for a module's body; `owners[n]` the node around it and
    `tops[n]` the top-level definition around it, both the body itself for a body. `doubles[n]` lists all definitions that share n's identity where there are several.
    """

    def __init__(self, sources: Mapping[str, Source], records: Mapping[str, Record]) -> None:
        self.by_name: dict[str, Module] = {}
        self.by_path: dict[str, Module] = {}
        self.of: list[Module] = []
        self.definitions: list[Definition | None] = []
        self.names: list[str] = []
        self.owners: list[int] = []
        self.tops: list[int] = []
        self.doubles: dict[int, list[int]] = {}
        self.members: dict[int, dict[str, int]] = {}
        self._held: dict[str, Module | None] = {}
        for path in sorted(records):
            self._add(_module(sources[path], records[path], len(self.of)))
        self.speaks_2 = any(record.shape.tolerated.startswith(IN_2) for record in records.values())
        known = {**_names_by_path(sources), **short_names(sources)}
        self.short = {short: full for short, full in known.items() if full in self.by_name}
        self.heads = heads((*self.by_name, *self.short))
        self._places = Places((module.source for module in self.by_name.values()), self._holds)
        for module in self.by_name.values():
            self._bind(module)

    def _add(self, module: Module) -> None:
        body, shape, members, names, tops = module.body, module.shape, self.members, self.names, self.tops
        self.by_name[module.name] = self.by_path[module.source.path] = module
        self.of.extend([module] * (len(shape.definitions) + 1))
        self.definitions.append(None)
        self.definitions += shape.definitions
        self.owners.append(body)
        self.owners += [body + 1 + definition.owner for definition in shape.definitions]
        names.append("")
        tops.append(body)
        first: dict[str, int] = {}
        for node, definition in enumerate(shape.definitions, body + 1):
            qualname = definition.qualname
            if definition.owner == -1:
                name = qualname
                module.top[name] = node
                tops.append(node)
            else:
                name = qualname.rpartition(".")[2]
                members.setdefault(body + 1 + definition.owner, {})[name] = node
                tops.append(tops[body + 1 + definition.owner])
            names.append(name)
            if (double := first.setdefault(qualname, node)) != node:
                self.doubles.setdefault(double, [double]).append(node)
        for node in first.values() if len(first) < len(shape.definitions) else ():
            for double in self.doubles.get(node, ())[1:]:
                self.doubles[double] = self.doubles[node]

    def _bind(self, module: Module) -> None:
        imports = module.imports
        known = {target: self._absolute(module, target) for _, _, target in module.shape.imports}
        # `import a.b` binds `a`, which may be a folder without a file of its own.
        firsts = {
            head: found.removesuffix(f".{rest}")
            for each, found in known.items()
            for head, dot, rest in [each.partition(".")]
            if head and dot
        }
        for owner, name, target in module.shape.imports:
            absolute = known[target]
            if absolute == target and "." not in target:
                absolute = firsts.get(target, target)
            if name == "*":
                module.stars.append(absolute)
            else:
                imports.setdefault(owner, {}).setdefault(name, []).append(absolute)

    def _absolute(self, module: Module, target: str) -> str:
        """Resolve leading dots, and names that are known from the folders above the importer."""
        if target[:1] != ".":
            return self._from_above(module, target)
        bare = target.lstrip(".")
        dots = len(target) - len(bare)
        parts = module.package.split(".") if module.package else []
        parts = parts[: max(len(parts) - (dots - 1), 0)]
        return ".".join([*parts, bare] if bare else parts)

    def _from_above(self, module: Module, target: str) -> str:
        found = self._places.absolute(module.source, target)
        head = target.partition(".")[0]
        if found != target or head in self.heads:
            return found
        beside = f"{module.package}.{head}"
        if self.speaks_2 and beside in self.by_name and beside != module.name:
            # In Python 2 a bare name means the file beside its importer, inside of a package too.
            return f"{module.package}.{target}"
        return (_grows_path(module) and self._places.anywhere(target)) or target

    def _holds(self, name: str, inside: str) -> bool:
        """Tell whether a module seems to bind a name; its text is searched, not read."""
        module = self.by_name.get(name)
        if module is None or inside in module.top:
            return module is not None
        if any(each.name in (inside, "*") for each in module.shape.imports):
            return True
        return f'"{inside}"' in module.record.written

    def having(self, *roles: Role) -> bytearray:
        """Mark the nodes of modules with these roles."""
        marks = bytearray(len(self.of))
        for module in self.by_name.values():
            if module.source.role in roles:
                size = len(module.shape.definitions) + 1
                marks[module.body : module.body + size] = b"\1" * size
        return marks

    def get(self, name: str) -> Module | None:
        """Find a module by its name or by the name of its package tree alone."""
        module = self.by_name.get(name)
        if module is None and (full := self.short.get(name)) is not None:
            return self.by_name.get(full)
        return module

    def holding(self, name: str) -> Module | None:
        """Find the module whose body runs when `name` is imported: the longest prefix that is a module."""
        if name not in self._held:
            found, rest = None, name
            while rest and found is None:
                found, rest = self.get(rest), rest.rpartition(".")[0]
            self._held[name] = found
        return self._held[name]

    def is_external(self, target: str) -> bool:
        """Tell whether an absolute name belongs to another project."""
        return target.partition(".")[0] not in self.heads

    def key(self, node: int) -> str:
        """Identify a node as `module:qualname`; a module's body is `module:<module>`."""
        definition = self.definitions[node]
        return f"{self.of[node].name}:{definition.qualname if definition else '<module>'}"

    def place(self, node: int) -> str:
        """Say where a node lies as `path:line`."""
        definition = self.definitions[node]
        return f"{self.of[node].source.path}:{definition.line if definition else 1}"


def _grows_path(module: Module) -> bool:
    return '"sys.path.' in module.record.written


def _names_by_path(sources: Mapping[str, Source]) -> dict[str, str]:
    """Map the name that a file has from the top of the repository to its module, where that is another one: `src.app.x`."""
    known = {source.module for source in sources.values()}
    found = {}
    for path, source in sources.items():
        name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if name not in known and name.endswith(source.module) and name.replace(".", "_").isidentifier():
            found[name] = source.module
    return found


def _module(source: Source, record: Record, body: int) -> Module:
    name = source.module
    if not is_python(source.path):
        package = dirname(source.path).replace("/", ".")
    else:
        package = name if source.is_package else name.rpartition(".")[0]
    return Module(source, record, body, name, package)


def heads(names: Iterable[str]) -> set[str]:
    """List the first parts of names."""
    return {name.partition(".")[0] for name in names}
