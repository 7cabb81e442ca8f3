"""The six states of reachability, each with the evidence that a person can check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from fresh.domain.counting import count as counted
from fresh.domain.entry_rules import EntryRule
from fresh.domain.feature import Reachability
from fresh.inventory.computed import Computed
from fresh.inventory.docstrings import find_examples
from fresh.inventory.documents import Mentions, whole
from fresh.inventory.graph import Graph
from fresh.inventory.layout import TEST_PLACES, Role
from fresh.inventory.modules import Module
from fresh.inventory.reach import Reach
from fresh.inventory.roots import Root

OUTSIDE = (Role.TEST, Role.EXAMPLE)


class State(NamedTuple):
    """What is known about how one node is reached."""

    reachability: Reachability
    evidence: tuple[str, ...]


class Searches:
    """The searches that the states follow from: by the project's entry points, its interface, and its tests."""

    def __init__(
        self, graph: Graph, roots: Sequence[Root], exports: Mapping[int, str], mentions: Mentions
    ) -> None:
        self.graph = graph
        self.rules: dict[int, Root] = {}
        for root in roots:
            self.rules.setdefault(root.node, root)
        outside = self.outside = graph.modules.having(*OUTSIDE)
        for module in graph.modules.by_path.values():
            if module.source.role is Role.TEST and _is_test_by_name_alone(module):
                outside[module.body : module.body + len(module.shape.definitions) + 1] = bytes(
                    len(module.shape.definitions) + 1
                )
        self.strong = Reach(graph, _nodes(roots, weak=False), weak=False, outside=outside)
        self.any = Reach(graph, _nodes(roots, weak=True), outside=outside)
        self.examples = find_examples(graph)
        self.offers = self._with_members(
            {**self._documented(mentions), **self._exemplified(roots), **self._shown(), **exports}
        )
        self.interface = Reach(graph, sorted(self.offers), outside=outside)
        self.tests = Reach(graph, self._nodes_of(Role.TEST))

    def _nodes_of(self, role: Role) -> list[int]:
        return [node for node, mark in enumerate(self.graph.modules.having(role)) if mark]

    def _documented(self, mentions: Mentions) -> dict[int, str]:
        found = {}
        for module in self.graph.modules.by_path.values():
            for node, definition in enumerate(module.shape.definitions, module.body + 1):
                if (
                    definition.owner != -1
                    or definition.name[0] == "_"
                    or module.source.role is not Role.PRODUCT
                ):
                    continue
                place = mentions.place(definition.name)
                if place is None and definition.documented:
                    place = mentions.place(whole(module.name))
                if place:
                    found[node] = f"named in {place}"
        return found

    def _exemplified(self, roots: Iterable[Root]) -> dict[int, str]:
        """Map what docstrings show to users of a library; a program's own ones speak to those who write it."""
        is_program = any(root.rule is EntryRule.CONSOLE_SCRIPT for root in roots)
        return {
            node: f"shown in {example.place}"
            for node, example in self.examples.items()
            if not (is_program and example.is_its_own)
        }

    def _with_members(self, offers: Mapping[int, str]) -> dict[int, str]:
        """Add the public members of every offered class: whoever has the class may call them."""
        found = dict(offers)
        for node, why in offers.items():
            definition = self.graph.modules.definitions[node]
            if definition is not None and definition.is_class:
                for name, member in self.graph.modules.members.get(node, {}).items():
                    if not name.startswith("_"):
                        found.setdefault(member, why)
        return found

    def _shown(self) -> dict[int, str]:
        """Map what examples and documentation code use to the example."""
        found: dict[int, str] = {}
        for node in self._nodes_of(Role.EXAMPLE):
            for target in self.graph.uses[node]:
                if not self.outside[target] and self.graph.modules.definitions[target] is not None:
                    found.setdefault(target, f"used by the example {self.graph.modules.of[node].source.path}")
        return found


def _is_test_by_name_alone(module: Module) -> bool:
    """Tell whether a file is called like a test and holds none, such as `ab_test.py`: the product may use it."""
    *folders, name = module.source.path.split("/")
    if not TEST_PLACES.isdisjoint(folders) or name == "conftest.py":
        return False
    tops = (each for each in module.shape.definitions if each.owner == -1)
    return not any(
        each.name.startswith(("test", "Test")) or any("TestCase" in base for base in each.bases)
        for each in tops
    )


def _nodes(roots: Iterable[Root], *, weak: bool) -> list[int]:
    return [root.node for root in roots if weak or not root.weak]


class Judge:
    """Decide the state of single nodes from the searches, unread files and dynamic constructs."""

    def __init__(
        self, searches: Searches, roots: Sequence[Root], unread: Mapping[str, bytes], documents: int
    ) -> None:
        self.searches = searches
        self.graph = searches.graph
        self.computed = Computed(self.graph, unread)
        self._reasons = self._only_perhaps()
        self._perhaps = Reach(self.graph, sorted(self._reasons), outside=searches.outside)
        self.tried = self._rules_tried(roots, documents)

    def judge(self, nodes: Sequence[int]) -> State:
        """Judge the definitions that share one identity."""
        searches = self.searches
        for node in nodes:
            if node in searches.strong:
                return State(Reachability.HOOKED, self._path(searches.strong, node))
        for node in nodes:
            if node in searches.any:
                return State(Reachability.HOOKED_WEAK, self._path(searches.any, node))
        for node in nodes:
            if node in searches.interface:
                offer = searches.offers[searches.interface.root(node)]
                return State(Reachability.API_ONLY, (offer, *searches.interface.explain(node)))
        for node in nodes:
            if node in self._perhaps:
                why = self._reasons[self._perhaps.root(node)]
                path = () if node in self._reasons else self._perhaps.explain(node)
                return State(Reachability.UNKNOWN, (why, *path))
        for node in nodes:
            if node in searches.tests:
                return State(Reachability.TEST_ONLY, searches.tests.explain(node))
        return State(Reachability.UNHOOKED, self.tried)

    def _path(self, reach: Reach, node: int) -> tuple[str, ...]:
        root = self.searches.rules[reach.root(node)]
        return (f"{root.words} ({root.path}:{root.line})", *reach.explain(node))

    def _only_perhaps(self) -> dict[int, str]:
        """Map what nobody is known to reach, and somebody may, to the reason."""
        found = {}
        for module in self.graph.modules.by_path.values():
            if not module.is_product:
                continue
            runs = module.body in self.searches.any
            for node in range(module.body + 1, module.body + 1 + len(module.shape.definitions)):
                if node in self.searches.any or node in self.searches.interface:
                    continue
                if why := self.computed.reason(node, runs=runs):
                    found[node] = why
        return found

    def _rules_tried(self, roots: Sequence[Root], documents: int) -> tuple[str, ...]:
        kinds = Counter(str(root.rule) for root in roots)
        listed = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())) or "none found"
        exports = sum(
            not text.startswith(("named", "used", "shown")) for text in self.searches.offers.values()
        )
        tests = {m.name for m in self.graph.modules.by_name.values() if m.source.role is Role.TEST}
        return (
            f"no strong or weak path from {counted(len(roots), 'entry point')} ({listed})",
            f"not among {counted(exports, 'exported name')}, and reached from none of them",
            f"not named as code in {counted(documents, 'file')} of documentation and settings",
            f"not reached from {counted(len(tests), 'test module')}",
        )
