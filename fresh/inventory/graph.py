"""Who uses whom: strong edges between nodes, and the bare names that each node mentions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, takewhile

from fresh.inventory.edges import Edges, Row, column
from fresh.inventory.linking import Linker
from fresh.inventory.modules import Module, Modules
from fresh.inventory.staleness import Kept
from fresh.inventory.symbols import Symbols
from fresh.inventory.words import words

NEUTRAL = words(
    "coroutine property staticmethod classmethod abstractmethod overload cached_property wraps contextmanager",
    "asynccontextmanager lru_cache cache dataclass override final setter getter deleter total_ordering",
    "runtime_checkable singledispatch deprecated unique namedtuple abstractproperty classproperty hybrid_property",
    "typing_extensions.override attrs define frozen no_type_check deprecated_alias",
)


FEW_TWINS = 50
"""Definitions of one name that all lead to each other; of more than these all lead to the first, and it to all."""


class Graph:
    """Nodes and edges of one codebase.

    `uses[n]`: nodes that n's code names. `follow[n]`: all that runs or exists because n does. Both in order.
    `weak[n]`: attribute names whose object is unknown, as far as anything here is called so.
    `strings[n]`: literals that could name some of it. `listed`: classes whose subclasses the code of each file asks for.
    """

    def __init__(self, modules: Modules, symbols: Symbols, kept: Kept | None = None) -> None:
        self.modules = modules
        self.symbols = symbols
        count = len(modules.of)
        self.uses: list[tuple[int, ...]] = kept.uses if kept else [()] * count
        self.follow: list[tuple[int, ...]] = kept.follow if kept else [()] * count
        self.weak: list[tuple[str, ...]] = kept.weak if kept else [()] * count
        self.strings: list[tuple[str, ...]] = kept.strings if kept else [()] * count
        self.listed: dict[str, set[int]] = kept.listed if kept else {}
        self.by_name: dict[str, list[int]] = {}
        for node, name in enumerate(modules.names):
            if name:
                self.by_name.setdefault(name, []).append(node)
        self._module_names = {name.rpartition(".")[2] for name in (*modules.by_name, *modules.short)}
        linker = Linker(symbols)
        for module in modules.by_name.values():
            if kept is None or module.source.path in kept.stale:
                self._link(module, linker)
        self._names = sorted(self.by_name)
        self._mirrored = sorted(name[::-1] for name in self._names)
        self._like: dict[str, list[int]] = {}
        self._paired: dict[int, list[tuple[int, str]]] = {}

    def named_like(self, pattern: str) -> list[int]:
        """List the definitions whose name fits a pattern with one `*` at its beginning or end."""
        if pattern not in self._like:
            start, _, end = pattern.partition("*")
            fits = _beginning(self._names, start) if start else self._ending(end)
            self._like[pattern] = [node for name in fits if name.endswith(end) for node in self.by_name[name]]
        return self._like[pattern]

    def paired(self, node: int) -> list[tuple[int, str]]:
        """List what a string names beside one that names its module, and the pair: `("app.plugs", "Plug")`."""
        if node not in self._paired:
            strings = self.strings[node]
            self._paired[node] = [*self._pairs(node, strings)] if len(strings) > 1 else []
        return self._paired[node]

    def _pairs(self, node: int, strings: Sequence[str]) -> Iterator[tuple[int, str]]:
        package, get = self.modules.of[node].package, self.modules.get
        for text in strings:
            if text.rpartition(".")[2] not in self._module_names:
                continue
            module = get(f"{package}.{text.lstrip('.')}" if package else text)
            module = module or (get(text) if "." in text else None)
            for name in strings if module is not None else ():
                if module is not None and (target := module.top.get(name)) is not None:
                    yield target, f"string {name!r} beside {text!r}"

    def _ending(self, end: str) -> list[str]:
        """List the names with an end, in their order, without looking at all others."""
        return sorted(name[::-1] for name in _beginning(self._mirrored, end[::-1]))

    def __len__(self) -> int:
        return len(self.uses)

    def _link(self, module: Module, linker: Linker) -> None:
        body, links = module.body, module.links
        every: list[set[int]] = [set() for _ in range(len(module.shape.definitions) + 1)]
        self._link_imports(module, every)
        linker.listed = set()
        self.listed.pop(module.source.path, None)
        meaning = linker.meaning
        meanings = [
            meaning(module, owner, name) for owner, name in zip(links.seen_from, links.names, strict=True)
        ]
        for owner, names, attributes, strings in links.uses:
            found, weak = every[owner + 1], set(attributes)
            for nodes, more in map(meanings.__getitem__, names):
                found.update(nodes)
                weak.update(more)
            found.discard(body + 1 + owner)
            self.weak[body + 1 + owner] = tuple(sorted(weak & self.by_name.keys()))
            self.strings[body + 1 + owner] = tuple([text for text in strings if self._could_name(text)])
        if linker.listed:
            self.listed[module.source.path] = linker.listed
        for node, used in enumerate(every, body):
            self.follow[node] = self._followers(node, used)
            self.uses[node] = tuple(sorted(used))

    def _could_name(self, text: str) -> bool:
        return text in self.by_name or text in self._module_names or not text.isidentifier()

    def _link_imports(self, module: Module, every: list[set[int]]) -> None:
        """Importing a module runs its body."""
        holding = self.modules.holding
        for owner, imports in module.imports.items():
            for target in (target for targets in imports.values() for target in targets):
                if holder := holding(target):
                    every[owner + 1].add(holder.body)
        for star in module.stars:
            if holder := holding(star):
                every[0].add(holder.body)

    def _followers(self, node: int, used: set[int]) -> tuple[int, ...]:
        """List what is reached with a node, whoever reaches it: uses, live members, bases, owner and doubles."""
        modules, found = self.modules, set(used)
        definition = modules.definitions[node]
        if definition is not None:
            for name, member in modules.members[node].items() if node in modules.members else ():
                if not definition.is_class or self.lives_with_class(node, name, member):
                    found.add(member)
            if definition.is_class:
                found.update(self.symbols.bases.get(node, ()))
            if node in modules.doubles:
                twins = modules.doubles[node]
                found.update(twins if node == twins[0] or len(twins) <= FEW_TWINS else twins[:1])
            found.add(modules.owners[node])
            found.add(modules.of[node].body)
        found.discard(node)
        return tuple(sorted(found))

    def edges(self, keys: Mapping[str, str]) -> Edges:
        """Give all edges in the form that is kept; `keys` names the content of every file."""
        modules = [*self.modules.by_path.items()]
        rows = [
            Row(path, keys[path], each.name, each.source.is_package, len(each.shape.definitions) + 1)
            for path, each in modules
        ]
        places = {path: place for place, (path, _) in enumerate(modules)}
        return Edges(
            rows=rows,
            short=self.modules.short,
            speaks_2=self.modules.speaks_2,
            uses=column(self.uses),
            follow=column(self.follow),
            weak=column(self.weak),
            strings=column(self.strings),
            bases=self.symbols.bases,
            unseen=self.symbols.has_unseen_base,
            listed=[
                (places[path], node) for path, nodes in sorted(self.listed.items()) for node in sorted(nodes)
            ],
        )

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
        if target == modules.owners[source]:
            return "owner"
        return "module body" if modules.definitions[target] is None else "same name"

    def _name(self, node: int) -> str:
        definition = self.modules.definitions[node]
        return definition.name if definition else ""


def _beginning(names: Sequence[str], start: str) -> Iterator[str]:
    """Walk over the names with a beginning, which lie together in a sorted list."""
    first = bisect_left(names, start)
    return takewhile(lambda name: name.startswith(start), islice(names, first, None))
