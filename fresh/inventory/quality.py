"""How well a feature is written: 100 less a deduction for every reason, each with what a person can check."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from fresh.domain.counting import count
from fresh.domain.feature import Finding, Signal
from fresh.inventory.graph import NEUTRAL, Graph
from fresh.inventory.record import Definition

STUB = 40
NO_DOCSTRING = 10
NO_ANNOTATIONS = 10
COMPLEX = 10
MOST_FOR_COMPLEXITY = 20
PER_TODO, MOST_FOR_TODOS = 4, 12
PER_FINDING, MOST_FOR_FINDINGS = 2, 20
LONG, LONG_FUNCTION = 60, 8
DUPLICATE = 10
ABSTRACT_BASES = frozenset({"Protocol", "ABC", "ABCMeta"})
MEANT_TO_BE_EMPTY = frozenset({"abstractmethod", "abstractproperty", "overload"})

SET_UP = frozenset({"__init__", "__repr__", "__str__"})
EMPTY_BY_NAME = re.compile(
    r"(?i)_*(?:no_?op|nop|pass|ignore|nothing|do_nothing|void|null|none|dummy|empty|fake|mock|stub)(?:_.*)?"
    r"|.*_(?:no_?op|nop|nothing|dummy)|(?-i:(?:Null|Dummy|No[Oo]p|Empty|Fake|Mock|Stub|Void)[A-Z].*)"
)
"""Names of what does nothing on purpose."""


class Quality:
    """The deductions of every feature of one codebase."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.subclassed = {base for bases in graph.symbols.bases.values() for base in bases}
        self.bodies: dict[str, list[int]] = {}
        for node, definition in enumerate(graph.modules.definitions):
            if definition is not None and definition.digest:
                self.bodies.setdefault(definition.digest, []).append(node)

    def of(self, node: int, findings: Sequence[Finding], stub: bool) -> tuple[int, tuple[Signal, ...]]:
        """Score one feature; the signals hold the deductions as negative values."""
        parts = self.parts(node)
        functions = [part for part in parts if not part.is_class]
        signals = [
            *_of_stub(stub),
            *_of_docstring(parts[0]),
            *_of_annotations(functions),
            *_of_complexity(functions),
            *_of_length(functions),
            *_of_todos(parts[0], self.graph.modules.of[node].shape.todos),
            *_of_findings(findings, parts[0]),
            *self._of_duplicates(node),
        ]
        return max(0, round(100 + sum(signal.value for signal in signals))), tuple(signals)

    def parts(self, node: int) -> list[Definition]:
        """List a feature's definition and everything that is defined inside it."""
        modules = self.graph.modules
        found, waiting = [], [node]
        while waiting:
            part = waiting.pop()
            definition = modules.definitions[part]
            if definition is not None:
                found.append(definition)
            waiting.extend(sorted(modules.members.get(part, {}).values(), reverse=True))
        return found

    def is_stub(self, node: int) -> bool:
        """Tell whether a body is unfinished; interfaces, registered no-ops and null objects are empty on purpose."""
        definition = self.graph.modules.definitions[node]
        if definition is None or EMPTY_BY_NAME.fullmatch(definition.name):
            return False
        if not definition.is_class:
            # One that stands in a branch is what is left to do where something is missing.
            return not definition.indented and _is_left_open(definition)
        if node in self.subclassed or ABSTRACT_BASES & {_last(base) for base in definition.bases}:
            return False
        named = self.graph.modules.members.get(node, {})
        members = {name: self.graph.modules.definitions[each] for name, each in named.items()}
        methods = {
            name: each for name, each in members.items() if each and not each.is_class and name not in SET_UP
        }
        return bool(methods) and all(
            _is_left_open(each) and not self.graph.symbols.overrides(node, name)
            for name, each in methods.items()
        )

    def _of_duplicates(self, node: int) -> Iterable[Signal]:
        for part in (node, *sorted(self.graph.modules.members.get(node, {}).values())):
            definition = self.graph.modules.definitions[part]
            if definition is None or not definition.digest:
                continue
            others = (
                each for each in self.bodies[definition.digest] if self.graph.modules.tops[each] != node
            )
            if (other := next(others, None)) is not None:
                why = f"{definition.name} has the same body as {self.graph.modules.key(other)}"
                yield Signal(name="quality: duplicate body", value=-DUPLICATE, why=why)
                return


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _is_left_open(definition: Definition) -> bool:
    """Tell whether nothing stands in a body, and no decorator says that this is enough."""
    names = {_last(name) for name in definition.decorators}
    return definition.stub and names <= NEUTRAL and not MEANT_TO_BE_EMPTY & names


def _of_stub(stub: bool) -> Iterable[Signal]:
    if stub:
        yield Signal(name="quality: stub", value=-STUB, why="its body is unfinished")


def _of_docstring(definition: Definition) -> Iterable[Signal]:
    if not definition.documented:
        yield Signal(name="quality: docstring", value=-NO_DOCSTRING, why="it has no docstring")


def _of_annotations(functions: Sequence[Definition]) -> Iterable[Signal]:
    possible = sum(each.annotatable for each in functions)
    there = sum(each.annotated for each in functions)
    if there < possible:
        value = -round(NO_ANNOTATIONS * (1 - there / possible), 2)
        why = f"{there} of {possible} parameters and results are annotated"
        yield Signal(name="quality: annotations", value=value, why=why)


def _of_complexity(functions: Sequence[Definition]) -> Iterable[Signal]:
    worst = max(functions, key=lambda each: each.complexity, default=None)
    if worst is not None and worst.complexity > COMPLEX:
        value = -min(worst.complexity - COMPLEX, MOST_FOR_COMPLEXITY)
        why = f"{worst.name} has {worst.complexity} branches, {COMPLEX} are fine"
        yield Signal(name="quality: complexity", value=value, why=why)


def _of_length(functions: Sequence[Definition]) -> Iterable[Signal]:
    longest = max(functions, key=lambda each: each.end_line - each.line, default=None)
    lines = longest.end_line - longest.line + 1 if longest else 0
    if longest is not None and lines > LONG:
        why = f"{longest.name} has {lines} lines, {LONG} are fine"
        yield Signal(name="quality: long function", value=-LONG_FUNCTION, why=why)


def _of_todos(definition: Definition, todos: Sequence[int]) -> Iterable[Signal]:
    lines = [line for line in todos if definition.line <= line <= definition.end_line]
    if lines:
        value = -min(PER_TODO * len(lines), MOST_FOR_TODOS)
        why = f"TODO or FIXME in line {', '.join(map(str, lines[:5]))}"
        yield Signal(name="quality: open notes", value=value, why=why)


def _of_findings(findings: Sequence[Finding], definition: Definition) -> Iterable[Signal]:
    if findings:
        lines = max(definition.end_line - definition.line + 1, 20)
        value = -min(round(PER_FINDING * 100 * len(findings) / lines, 2), MOST_FOR_FINDINGS)
        counts = Counter(finding.code for finding in findings)
        listed = ", ".join(f"{code} {number}" for code, number in sorted(counts.items()))
        yield Signal(
            name="quality: lint",
            value=value,
            why=f"{count(len(findings), 'lint finding')} in {lines} lines ({listed})",
        )


def assign(
    findings: Sequence[Finding], spans: Mapping[str, tuple[int, int]]
) -> dict[str, tuple[Finding, ...]]:
    """Give each finding of a file to the feature whose lines hold it.

    What lies outside of every feature, such as unused imports, goes to the file's first feature: then no finding
    is lost, and none is counted twice.
    """
    owners = sorted(spans, key=lambda key: (spans[key][0], key))
    given: dict[str, list[Finding]] = {key: [] for key in owners}
    starts = [spans[key][0] for key in owners]
    # The furthest end among the owners so far: where it lies before a finding, no earlier owner holds it either.
    ends = list(accumulate((spans[key][1] for key in owners), max))
    for finding in findings if owners else ():
        place = bisect_right(starts, finding.line) - 1
        while place >= 0 and ends[place] >= finding.line > spans[owners[place]][1]:
            place -= 1
        inside = place >= 0 and ends[place] >= finding.line
        given[owners[place if inside else 0]].append(finding)
    return {key: tuple(found) for key, found in given.items()}
