"""Code that is reached by names computed at run time, or named by files that nobody could read: what can't be known."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping

from fresh.inventory.graph import Graph
from fresh.inventory.modules import Module
from fresh.inventory.record import Dynamic
from fresh.inventory.symbols import descendants

WORD = re.compile(r"[A-Za-z_]\w+")
LOADING = ("import_module", "__import__", "iter_modules", "walk_packages")
LISTING = ("dir(", "vars(", "getmembers(")
GETTING = "getattr("
OWN = ("self", "cls")
NEAR = 30
"""Lines between loading modules by name and taking from them what is not named."""


class Computed:
    """The regions that computed names reach, each with the place that does so.

    `looked_up` are modules whose contents are taken by computed names, `loaded` packages whose modules are imported so.
    """

    def __init__(self, graph: Graph, unread: Mapping[str, bytes]) -> None:
        self.graph = graph
        self.looked_up: dict[str, str] = {}
        self.loaded: dict[str, str] = {}
        self._listed: dict[str, str] = {}
        self._members: dict[int, str] = {}
        self._unread = {path: _words(text) for path, text in sorted(unread.items())}
        self._heirs = descendants(graph.symbols.bases)
        for module in graph.modules.by_name.values():
            if module.is_product:
                self._note(module)

    def reason(self, node: int, *, runs: bool) -> str | None:
        """Say what keeps us from knowing whether a node is reached. `runs` says that its module's body is."""
        definition, module = self.graph.modules.definitions[node], self.graph.modules.of[node]
        name = definition.name if definition else ""
        for path, words in self._unread.items():
            if name in words:
                return f"{path} names it and could not be parsed"
        if module.name in self.looked_up:
            return self.looked_up[module.name]
        if node in self._members:
            return self._members[node]
        # What is imported by name shows its uses; what is not, or is listed as a whole after that, can't.
        for region, why in (self._listed if runs else self.loaded).items():
            if module.name.startswith(region + "."):
                return why
        return None

    def _note(self, module: Module) -> None:
        """Note which modules and objects are looked into, and which packages are imported from, by computed names."""
        dynamic = list(dict.fromkeys(module.shape.dynamic))
        objects = self._objects(module, dynamic)
        lists = sorted(each.line for each in dynamic if _takes_unnamed(each, objects[each]))
        for each in dynamic:
            construct, region, line = each
            why = f"{module.source.path}:{line} reaches code by a computed name: {construct}"
            if construct.startswith(LOADING) and _is_near(line, lists):
                self._listed.setdefault(module.package if region == "." else region, why)
            if region == "":
                self.looked_up.setdefault(module.name, why)
            elif region == ".":
                self.loaded.setdefault(module.package, why)
            elif (node := objects[each]) is None:
                if not self.graph.modules.is_external(region):
                    self.loaded.setdefault(region, why)
            elif self.graph.modules.definitions[node] is None:
                self.looked_up.setdefault(self.graph.modules.of[node].name, why)
            else:
                for member in self._members_of_family(node):
                    self._members.setdefault(member, why)

    def _objects(self, module: Module, dynamic: list[Dynamic]) -> dict[Dynamic, int | None]:
        """Find the modules, or the classes of the objects, whose contents are taken."""
        owners = _owners(module, {each.line for each in dynamic})
        known: dict[tuple[int, str], int | None] = {}
        found = {}
        for each in dynamic:
            asked = (owners[each.line], each.region)
            if asked not in known:
                known[asked] = self._object(module, *asked)
            found[each] = known[asked]
        return found

    def _object(self, module: Module, owner: int, region: str) -> int | None:
        symbols = self.graph.symbols
        if region in OWN:
            home = symbols.enclosing_class(module, owner)
            return module.node(home) if home >= 0 else None
        found = symbols.find(module, owner, region) if region.strip(".") else None
        return None if found is None or found.left or found.is_made else found.node

    def _members_of_family(self, node: int) -> Iterator[int]:
        """List the methods of a class, its ancestors and its heirs."""
        members = self.graph.modules.members
        for each in (node, *self.graph.symbols.ancestors(node), *self._heirs.get(node, ())):
            yield from members.get(each, {}).values()


def _takes_unnamed(each: Dynamic, node: int | None) -> bool:
    """Tell whether a construct takes from something that is not known whatever is in it."""
    if each.construct.startswith(LISTING):
        return True
    return node is None and each.region not in ("", *OWN) and each.construct.startswith(GETTING)


def _is_near(line: int, others: list[int]) -> bool:
    place = bisect_left(others, line - NEAR + 1)
    return place < len(others) and others[place] < line + NEAR


def _owners(module: Module, lines: set[int]) -> dict[int, int]:
    """Map lines to the innermost definition around each; -1 for the module's body."""
    ordered = sorted(lines)
    owners = [-1] * len(ordered)
    for index, each in enumerate(module.shape.definitions):  # inner ones come after those around them
        start, end = bisect_left(ordered, each.line), bisect_right(ordered, each.end_line)
        owners[start:end] = [index] * (end - start)
    return dict(zip(ordered, owners, strict=True))


def _words(text: bytes) -> frozenset[str]:
    return frozenset(WORD.findall(text.decode("utf-8", "replace")))
