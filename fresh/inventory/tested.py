"""Which tests run a feature: by a strong path from a test that asserts, or by a name alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fresh.domain.counting import count
from fresh.inventory.graph import Graph
from fresh.inventory.layout import Role
from fresh.inventory.reach import BUILTIN_METHODS
from fresh.inventory.record import Definition

STRONG = 0.5
WEAK = 0.25
DEEPEST_HELP = 3
MOST_NAMED = 8
NO_DATA = "; no coverage data"
PREPARING = ("setup", "setUp", "asyncSetUp", "teardown", "tearDown")


class Tested(NamedTuple):
    """How well a feature is tested without coverage data, and by which tests."""

    value: float
    by: tuple[str, ...]
    why: str


class TestPaths:
    """Everything that asserting tests run. Importing a module is no test of it, so module bodies end a path."""

    __test__ = False

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._in_tests = graph.modules.having(Role.TEST)
        self._fixtures = self._find_fixtures()
        names = graph.modules.names
        tests = [
            node
            for node, mark in enumerate(self._in_tests)
            if mark and names[node][:4] == "test" and self._is_test(node)
        ]
        self.tests = [node for node in tests if self._asserts(node)]
        self.idle = len(tests) - len(self.tests)
        self._parent: list[int] = [-1] * len(graph)
        self._ids: dict[int, str] = {}
        self._strong = frozenset(self._search(self.tests))
        self._search_weak()
        self._direct = self._find_direct()

    def of(self, nodes: Sequence[int]) -> Tested:
        """Say how the definitions of one feature are tested."""
        direct = {test for node in nodes for test in self._direct.get(node, ())}
        if direct or any(node in self._strong for node in nodes):
            tests = direct or {self._root(node) for node in nodes if node in self._strong}
            names = tuple(sorted(self.node_id(test) for test in tests))
            how = "use it" if direct else "reach it through other code"
            told = f"{count(len(names), 'asserting test')}, found to {how}{NO_DATA}"
            return Tested(STRONG, names[:MOST_NAMED], told)
        if reached := [node for node in nodes if self._parent[node] >= 0]:
            names = (self.node_id(self._root(reached[0])),)
            return Tested(WEAK, names, "tests mention only its name, on an object that is unknown")
        return Tested(0.0, (), f"none of {count(len(self.tests), 'asserting test')} reaches it")

    def node_id(self, node: int) -> str:
        """Name a test as pytest does."""
        if node not in self._ids:
            definition, module = self.graph.modules.definitions[node], self.graph.modules.of[node]
            parts = definition.qualname.split(".") if definition else []
            self._ids[node] = "::".join((module.source.path, *parts))
        return self._ids[node]

    # ------------------------------------------------------------------------------------------------------ tests

    def _is_test(self, node: int) -> bool:
        definition = self.graph.modules.definitions[node]
        return definition is not None and not definition.is_class and "<locals>" not in definition.qualname

    def _asserts(self, node: int, depth: int = DEEPEST_HELP) -> bool:
        """Tell whether a test, or test code that it calls, asserts something that can fail."""
        definition = self.graph.modules.definitions[node]
        if definition is None or definition.is_class:
            return False
        if definition.asserts:
            return True
        inner = self.graph.modules.members.get(node, {}).values()
        called = [target for target in self.graph.uses[node] if self._in_tests[target]]
        return depth > 0 and any(self._asserts(each, depth - 1) for each in (*inner, *called))

    def _find_fixtures(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for node, definition in enumerate(self.graph.modules.definitions):
            if definition is None or not definition.decorators:
                continue
            if any(d.rpartition(".")[2] == "fixture" for d in definition.decorators):
                found.setdefault(definition.name, []).append(node)
        return found

    # ------------------------------------------------------------------------------------------------------ paths

    def _search(self, nodes: Iterable[int], source: int | None = None) -> list[int]:
        """Go on from some nodes, and list what was found for the first time."""
        parent, names = self._parent, self.graph.modules.names
        found: list[int] = []
        for node in nodes:
            if parent[node] < 0:
                parent[node] = node if source is None else source
                found.append(node)
        definitions, follow, runs, push = (
            self.graph.modules.definitions,
            self.graph.follow,
            self._runs,
            found.append,
        )
        for node in found:  # it grows meanwhile
            definition = definitions[node]
            if definition is None:
                continue
            is_plain = not definition.is_class and not definition.params
            for target in follow[node] if is_plain else runs(node, definition):
                if parent[target] < 0 and names[target]:
                    parent[target] = node
                    push(target)
        return found

    def _runs(self, node: int, definition: Definition) -> Sequence[int]:
        """List what runs when a definition's code runs; module bodies among it end the path."""
        graph, modules = self.graph, self.graph.modules
        in_tests = self._in_tests[node]
        if not definition.is_class:
            if not in_tests:
                return graph.follow[node]
            fixtures = (self._fixtures.get(name, ()) for name in definition.params)
            return sorted({*graph.follow[node]}.union(*fixtures))
        found = {*graph.uses[node], modules.owners[node], *graph.symbols.bases.get(node, ())}
        starts = ("__", *PREPARING) if in_tests else ("__",)
        members = modules.members.get(node, {})
        found.update(member for name, member in members.items() if name.startswith(starts))
        found.update(modules.doubles.get(node, ()))
        return sorted(found)

    def _search_weak(self) -> None:
        """Go on from everything found by the attribute names that it mentions."""
        mentioned: set[str] = set()
        queue = deque(sorted(self._strong))
        while queue:
            node = queue.popleft()
            for name in self.graph.weak[node]:
                if name in mentioned:
                    continue
                mentioned.add(name)
                queue.extend(self._search(self._named(name), node))

    def _named(self, name: str) -> list[int]:
        tops = self.graph.modules.tops
        nodes = self.graph.by_name.get(name, [])
        return [node for node in nodes if tops[node] != node] if name in BUILTIN_METHODS else nodes

    def _root(self, node: int) -> int:
        while self._parent[node] != node:
            node = self._parent[node]
        return node

    def _find_direct(self) -> dict[int, list[int]]:
        """Map the top-level owner of everything that a test uses itself to these tests."""
        uses, members, tops = self.graph.uses, self.graph.modules.members, self.graph.modules.tops
        found: dict[int, list[int]] = {}
        for test in self.tests:
            used = set(uses[test])
            for each in members[test].values() if test in members else ():
                used.update(uses[each])
            for target in {tops[each] for each in used if not self._in_tests[each]}:
                found.setdefault(target, []).append(test)
        return found
