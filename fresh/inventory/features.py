"""Put everything known about each capability together."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fresh.domain.entry_rules import EntryRule
from fresh.domain.feature import Feature, Finding, Linted, Reachability, Signal
from fresh.inventory.blast import Blast, unlocks
from fresh.inventory.documents import Mentions, whole
from fresh.inventory.graph import Graph
from fresh.inventory.layout import Role, is_generated
from fresh.inventory.modules import Module
from fresh.inventory.natures import Natures
from fresh.inventory.necessity import Need, necessity
from fresh.inventory.quality import Quality, assign
from fresh.inventory.record import Definition
from fresh.inventory.roots import Root
from fresh.inventory.safety import safety
from fresh.inventory.states import Judge, State
from fresh.inventory.tested import TestPaths

OPEN_STATES = (Reachability.UNHOOKED, Reachability.TEST_ONLY)
MOST_FINDINGS = 40


@dataclass(frozen=True)
class Facts:
    """What the whole codebase says, from which single features are described."""

    graph: Graph
    roots: Sequence[Root]
    judge: Judge
    exports: Mapping[int, str]
    mentions: Mentions
    findings: Linted
    churn_90: Mapping[str, int]
    churn_365: Mapping[str, int]


def describe(facts: Facts) -> tuple[Feature, ...]:
    """Describe every feature, in the order of their keys."""
    graph = facts.graph
    groups = _groups(graph)
    states = {nodes[0]: facts.judge.judge(nodes) for nodes in groups}
    is_unhooked = {nodes[0]: states[nodes[0]].reachability in OPEN_STATES for nodes in groups}
    blast = Blast(graph, graph.modules.having(Role.TEST))
    describer = Describer(facts, blast, is_unhooked)
    described = [describer.describe(nodes, states[nodes[0]]) for nodes in groups]
    return tuple(sorted(described, key=lambda feature: feature.key))


def _groups(graph: Graph) -> list[list[int]]:
    """List the definitions of every feature; the first one of each list speaks for its doubles."""
    found = []
    for module in graph.modules.by_name.values():
        if (
            module.source.role is not Role.PRODUCT
            or module.shape.generated
            or is_generated(module.source.path)
        ):
            continue
        for node, definition in enumerate(module.shape.definitions, module.body + 1):
            if definition.owner != -1 or definition.name.startswith("_"):
                continue
            twins = graph.modules.doubles.get(node, [node])
            if twins[0] == node and not all(_stands_in(graph, each) for each in twins):
                found.append(sorted(twins, key=lambda each: (_is_overload(graph, each), each)))
    return found


def _stands_in(graph: Graph, node: int) -> bool:
    """Tell whether a definition only replaces one of the standard library, or of the project, that can't be imported."""
    definition, module = graph.modules.definitions[node], graph.modules.of[node]
    if definition is None or not definition.indented:
        return False
    return any(
        target.partition(".")[0] in sys.stdlib_module_names or not graph.modules.is_external(target)
        for target in module.imports.get(-1, {}).get(definition.name, ())
    )


def _is_overload(graph: Graph, node: int) -> bool:
    definition = graph.modules.definitions[node]
    return definition is not None and any(d.rpartition(".")[2] == "overload" for d in definition.decorators)


class Describer:
    """Describe single features of one codebase."""

    def __init__(self, facts: Facts, blast: Blast, is_unhooked: Mapping[int, bool]) -> None:
        self.facts = facts
        self.blast = blast
        self.is_unhooked = is_unhooked
        self.dependents = blast.dependents()
        self.callers = sorted(blast.direct(node) for node in is_unhooked)
        self.tests = TestPaths(facts.graph)
        self.quality = Quality(facts.graph)
        self.natures = Natures(facts.graph)
        self.kinds = entry_kinds(facts.graph, facts.roots)
        self.findings = self._assign_findings()

    def _assign_findings(self) -> dict[str, tuple[Finding, ...]]:
        modules = self.facts.graph.modules
        spans: dict[str, dict[str, tuple[int, int]]] = {}
        for node in self.is_unhooked:
            if (definition := modules.definitions[node]) is not None:
                span = (definition.line, definition.end_line)
                spans.setdefault(modules.of[node].source.path, {})[modules.key(node)] = span
        found: dict[str, tuple[Finding, ...]] = {}
        for path, inside in spans.items():
            found.update(assign(self.facts.findings.get(path) or (), inside))
        return found

    def describe(self, nodes: Sequence[int], state: State) -> Feature:
        """Describe the feature that these definitions make up."""
        graph, facts, node = self.facts.graph, self.facts, nodes[0]
        definition, module = graph.modules.definitions[node], graph.modules.of[node]
        assert definition is not None
        key, path = graph.modules.key(node), module.source.path
        export = next((facts.exports[each] for each in nodes if each in facts.exports), None)
        named_in = self._named_in(nodes, definition, module)
        tested = self.tests.of(nodes)
        stub = self.quality.is_stub(node)
        findings = self.findings.get(key, ())
        quality, deductions = self.quality.of(node, findings, stub)
        need = Need(
            callers=self.blast.direct(node),
            entry_kinds=self.kinds.get(node, ()),
            named_in=named_in,
            has_docstring=definition.documented,
            export=export,
            churn_90=facts.churn_90.get(path, 0),
            churn_365=facts.churn_365.get(path, 0),
        )
        needed, contributions = necessity(need, self.callers)
        dependents = self.dependents[node]
        brings = unlocks(graph, node, self.is_unhooked) if self.is_unhooked[node] else 0
        safe, safe_signal = safety(dependents, tested.value, export is not None, path)
        kindred = self.natures.of(node, state.reachability)
        return Feature(
            key=key,
            module=module.name,
            qualname=definition.qualname,
            path=path,
            line=definition.line,
            end_line=definition.end_line,
            is_class=definition.is_class,
            nature=kindred.nature,
            nature_why=kindred.why,
            bare=definition.is_class and not any(graph.modules.members.get(each) for each in nodes),
            reachability=state.reachability,
            evidence=state.evidence,
            exported=export is not None,
            documented=named_in is not None,
            tested=tested.value,
            tested_by=tested.by,
            quality=quality,
            necessity=needed,
            dependents=dependents,
            unlocks=brings,
            safety=safe,
            stub=stub,
            findings=findings[:MOST_FINDINGS],
            signals=(
                Signal(name="tested", value=tested.value, why=tested.why),
                *deductions,
                *contributions,
                Signal(name="dependents", value=dependents, why="definitions that lead here by strong edges"),
                *_of_unlocks(brings),
                safe_signal,
            ),
            code=_code(graph, nodes),
        )

    def _named_in(self, nodes: Sequence[int], definition: Definition, module: Module) -> str | None:
        """Find the document, or the example in a docstring, that tells people of a feature."""
        mentions, examples = self.facts.mentions, self.facts.judge.searches.examples
        if place := mentions.place(definition.name):
            return place
        if definition.documented and (place := mentions.place(whole(module.name))):
            return place
        return next((examples[each].place for each in nodes if each in examples), None)


def _code(graph: Graph, nodes: Sequence[int]) -> str:
    """Name the code of all definitions that make up a feature, in the order of their lines."""
    found = [definition.code for node in sorted(nodes) if (definition := graph.modules.definitions[node])]
    return (
        found[0] if len(found) == 1 else hashlib.blake2b("".join(found).encode(), digest_size=8).hexdigest()
    )


def _of_unlocks(brings: int) -> tuple[Signal, ...]:
    why = "other unhooked definitions that a hookup would reach"
    return (Signal(name="unlocks", value=brings, why=why),) if brings else ()


def entry_kinds(graph: Graph, roots: Sequence[Root]) -> dict[int, tuple[str, ...]]:
    """List for every node the kinds of certain roots that reach it by strong edges."""
    kinds = [kind for kind in EntryRule if any(root.rule is kind and not root.weak for root in roots)]
    mask = [0] * len(graph)
    waiting = []
    for root in roots:
        if not root.weak:
            mask[root.node] |= 1 << kinds.index(root.rule)
            waiting.append(root.node)
    while waiting:
        node = waiting.pop()
        for target in graph.follow[node]:
            if mask[target] | mask[node] != mask[target]:
                mask[target] |= mask[node]
                waiting.append(target)
    names = {
        bits: tuple(str(kind) for place, kind in enumerate(kinds) if bits >> place & 1) for bits in set(mask)
    }
    return {node: names[bits] for node, bits in enumerate(mask) if bits}
