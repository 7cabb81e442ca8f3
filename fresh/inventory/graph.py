"""Who uses whom: strong edges between nodes, and the bare names that each node mentions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, takewhile

from fresh.inventory.layout import Source
from fresh.inventory.modules import Module, Modules
from fresh.inventory.record import Record, Uses
from fresh.inventory.symbols import Symbols
from fresh.inventory.words import words

NEUTRAL = words(
    "property staticmethod classmethod abstractmethod overload cached_property wraps contextmanager",
    "asynccontextmanager lru_cache cache dataclass override final setter getter deleter total_ordering",
    "runtime_checkable singledispatch deprecated unique namedtuple abstractproperty classproperty hybrid_property",
    "typing_extensions.override attrs define frozen no_type_check deprecated_alias",
)


LISTING = ".__subclasses__"


class Graph:
    """Nodes and edges of one codebase.

    `uses[n]`: nodes that n's code names. `follow[n]`: all that runs or exists because n does, in a fixed order.
    `listed`: classes whose subclasses the code asks for.
    `weak[n]`: attribute names whose object is unknown. `strings[n]`: literals that could name code.
    """

    def __init__(self, sources: Mapping[str, Source], records: Mapping[str, Record]) -> None:
        self.modules = Modules(sources, records)
        self.symbols = Symbols(self.modules)
        count = len(self.modules.of)
        self.uses: list[set[int]] = [set() for _ in range(count)]
        self.weak: list[tuple[str, ...]] = [()] * count
        self.strings: list[list[str]] = [[]] * count
        self.listed: set[int] = set()
        self.by_name: dict[str, list[int]] = {}
        self.twins: dict[str, list[int]] = {}
        for module in self.modules.by_name.values():
            self._link(module)
        for node, definition in enumerate(self.modules.definitions):
            if definition is not None:
                self.by_name.setdefault(definition.name, []).append(node)
                self.twins.setdefault(self.modules.key(node), []).append(node)
        self.follow = [self._followers(node) for node in range(count)]
        self._names = sorted(self.by_name)
        self._mirrored = sorted(name[::-1] for name in self._names)
        self._like: dict[str, list[int]] = {}

    def named_like(self, pattern: str) -> list[int]:
        """List the definitions whose name fits a pattern with one `*` at its beginning or end."""
        if pattern not in self._like:
            start, _, end = pattern.partition("*")
            fits = _beginning(self._names, start) if start else self._ending(end)
            self._like[pattern] = [node for name in fits if name.endswith(end) for node in self.by_name[name]]
        return self._like[pattern]

    def _ending(self, end: str) -> list[str]:
        """List the names with an end, in their order, without looking at all others."""
        return sorted(name[::-1] for name in _beginning(self._mirrored, end[::-1]))

    def __len__(self) -> int:
        return len(self.uses)

    def _link(self, module: Module) -> None:
        for each in module.record.imports:
            self._link_import(module, each.owner, each.name)
        for star in module.stars:
            if holder := self.modules.holding(star):
                self.uses[module.body].add(holder.body)
        for uses in module.record.uses:
            self._link_uses(module, uses)

    def _link_import(self, module: Module, owner: int, name: str) -> None:
        """Importing a module runs its body."""
        for target in module.imports.get(owner, {}).get(name, ()):
            if holder := self.modules.holding(target):
                self.uses[module.node(owner)].add(holder.body)

    def _link_uses(self, module: Module, uses: Uses) -> None:
        node = module.node(uses.owner)
        weak = set(uses.attributes)
        for name in uses.dotted:
            if name.endswith(LISTING):
                self._note_listing(module, uses.owner, name.removesuffix(LISTING))
            found = self.symbols.find(module, uses.owner, name)
            if found is not None:
                self.uses[node].update((found.node, *found.through))
                weak.update(found.left)
            elif "." in name and not self._is_external(module, uses.owner, name):
                weak.update(name.replace("()", "").split(".")[1:])
        self.uses[node].discard(node)
        self.weak[node] = tuple(sorted(weak))
        self.strings[node] = uses.strings

    def _note_listing(self, module: Module, owner: int, name: str) -> None:
        """Note the class whose subclasses are asked for."""
        home = self.symbols.enclosing_class(module, owner) if name in ("self", "cls", "type(self)") else -1
        found = self.symbols.find(module, owner, name) if home < 0 else None
        if home >= 0:
            self.listed.add(module.node(home))
        elif found is not None and not found.left:
            self.listed.add(found.node)

    def _is_external(self, module: Module, owner: int, name: str) -> bool:
        """Tell whether a name begins with an import of another project, whose attributes can't be ours."""
        head = name.partition(".")[0].removesuffix("()")
        while owner >= -1:
            if targets := module.imports.get(owner, {}).get(head):
                return all(self.modules.is_external(target) for target in targets)
            if owner == -1:
                break
            owner = module.record.definitions[owner].owner
        return False

    def _followers(self, node: int) -> list[int]:
        """List what is reached with a node, whoever reaches it: uses, live members, bases, owner and twins."""
        found = set(self.uses[node])
        definition = self.modules.definitions[node]
        if definition is not None:
            for name, member in self.modules.members.get(node, {}).items():
                if not definition.is_class or self.lives_with_class(node, name, member):
                    found.add(member)
            found.update(self.symbols.bases.get(node, ()))
            found.update(self.twins[self.modules.key(node)])
            found.update((self.modules.owner(node), self.modules.of[node].body))
        found.discard(node)
        return sorted(found)

    def top(self, node: int) -> int:
        """The top-level definition that holds a node; a module body stands for itself."""
        while (definition := self.modules.definitions[node]) is not None and definition.owner != -1:
            node = self.modules.owner(node)
        return node

    def lives_with_class(self, node: int, name: str, member: int) -> bool:
        """Tell whether a class's member is called by others than its users: protocols, overrides, nested classes."""
        definition = self.modules.definitions[member]
        nested = definition is not None and definition.is_class
        return nested or name.startswith("__") or self.symbols.overrides(node, name)

    def why(self, source: int, target: int) -> str:
        """Say which rule joins two nodes."""
        modules = self.modules
        definition = modules.definitions[source]
        if target in self.uses[source]:
            return "imports" if modules.definitions[target] is None else "uses"
        if modules.members.get(source, {}).get(self._name(target)) == target:
            name = self._name(target)
            if definition is not None and definition.is_class:
                if name.startswith("__"):
                    return "protocol method"
                return "override" if self.symbols.overrides(source, name) else "nested class"
            return "nested"
        if target in self.symbols.bases.get(source, ()):
            return "base class"
        if target == modules.owner(source):
            return "owner"
        return "module body" if modules.definitions[target] is None else "same name"

    def _name(self, node: int) -> str:
        definition = self.modules.definitions[node]
        return definition.name if definition else ""


def _beginning(names: Sequence[str], start: str) -> Iterator[str]:
    """Walk over the names with a beginning, which lie together in a sorted list."""
    first = bisect_left(names, start)
    return takewhile(lambda name: name.startswith(start), islice(names, first, None))
