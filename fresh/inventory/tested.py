"""Which tests run a feature: by a strong path from a test that asserts, or by a name alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fresh.domain.counting import count
from fresh.inventory.graph import Graph
from fresh.inventory.layout import Role
from fresh.inventory.reach import BUILTIN_METHODS

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
        self._fixtures = self._find_fixtures()
        tests = [node for node in range(len(graph)) if self._is_test(node)]
        self.tests = [node for node in tests if self._asserts(node)]
        self.idle = len(tests) - len(self.tests)
        self._parent: dict[int, int] = {}
        self._search(self.tests)
        self._strong = frozenset(self._parent)
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
        if reached := [node for node in nodes if node in self._parent]:
            names = (self.node_id(self._root(reached[0])),)
            return Tested(WEAK, names, "tests mention only its name, on an object that is unknown")
        return Tested(0.0, (), f"none of {count(len(self.tests), 'asserting test')} reaches it")

    def node_id(self, node: int) -> str:
        """Name a test as pytest does."""
        definition, module = self.graph.modules.definitions[node], self.graph.modules.of[node]
        parts = definition.qualname.split(".") if definition else []
        return "::".join((module.source.path, *parts))

    # ------------------------------------------------------------------------------------------------------ tests

    def _in_tests(self, node: int) -> bool:
        return self.graph.modules.of[node].source.role is Role.TEST

    def _is_test(self, node: int) -> bool:
        definition = self.graph.modules.definitions[node]
        if definition is None or definition.is_class or "<locals>" in definition.qualname:
            return False
        return definition.name.startswith("test") and self._in_tests(node)

    def _asserts(self, node: int, depth: int = DEEPEST_HELP) -> bool:
        """Tell whether a test, or test code that it calls, asserts something that can fail."""
        definition = self.graph.modules.definitions[node]
        if definition is None or definition.is_class:
            return False
        if definition.asserts:
            return True
        inner = self.graph.modules.members.get(node, {}).values()
        called = [target for target in sorted(self.graph.uses[node]) if self._in_tests(target)]
        return depth > 0 and any(self._asserts(each, depth - 1) for each in (*inner, *called))

    def _find_fixtures(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for node, definition in enumerate(self.graph.modules.definitions):
            if definition is not None and any(
                d.rpartition(".")[2] == "fixture" for d in definition.decorators
            ):
                found.setdefault(definition.name, []).append(node)
        return found

    # ------------------------------------------------------------------------------------------------------ paths

    def _search(self, nodes: Iterable[int], source: int | None = None) -> list[int]:
        """Go on from some nodes, and list what was found for the first time."""
        queue: deque[int] = deque()
        found: list[int] = []
        for node in nodes:
            if node not in self._parent:
                self._parent[node] = node if source is None else source
                queue.append(node)
        while queue:
            node = queue.popleft()
            found.append(node)
            for target in self._runs(node):
                if target not in self._parent:
                    self._parent[target] = node
                    queue.append(target)
        return found

    def _runs(self, node: int) -> list[int]:
        """List the definitions that run when a node's code runs."""
        graph, modules = self.graph, self.graph.modules
        definition = modules.definitions[node]
        if definition is None:
            return []
        members = modules.members.get(node, {})
        found = {target for target in graph.uses[node] if modules.definitions[target] is not None}
        if definition.is_class:
            found.update(graph.symbols.bases.get(node, ()))
            found.update(member for name, member in members.items() if name.startswith("__"))
            if self._in_tests(node):
                found.update(member for name, member in members.items() if name.startswith(PREPARING))
        else:
            found.update(members.values())
        for name in definition.params if self._in_tests(node) else ():
            found.update(self._fixtures.get(name, ()))
        found.update(graph.twins[modules.key(node)])
        owner = modules.owner(node)
        if modules.definitions[owner] is not None:
            found.add(owner)
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
        definitions = self.graph.modules.definitions
        nodes = self.graph.by_name.get(name, [])
        if name not in BUILTIN_METHODS:
            return nodes
        return [node for node in nodes if (found := definitions[node]) is not None and found.owner != -1]

    def _root(self, node: int) -> int:
        while self._parent[node] != node:
            node = self._parent[node]
        return node

    def _find_direct(self) -> dict[int, list[int]]:
        """Map the top-level owner of everything that a test uses itself to these tests."""
        found: dict[int, list[int]] = {}
        for test in self.tests:
            inner = self.graph.modules.members.get(test, {}).values()
            used = set(self.graph.uses[test]).union(*(self.graph.uses[each] for each in inner))
            for target in sorted({self.graph.top(each) for each in used}):
                found.setdefault(target, []).append(test)
        return found
