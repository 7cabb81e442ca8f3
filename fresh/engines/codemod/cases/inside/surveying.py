"""Use the feature in many ways and write down what it does."""

from __future__ import annotations

import ast
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import CodeType, FunctionType

from .acting import bind, perform
from .finding import NotThere, Subject, find, within
from .forking import ask_child, spent
from .forms import Form, forms_of
from .grids import learn_files, learn_objects
from .guard import Guard
from .kinds import Sample
from .laws import laws_of
from .mutants import compile_mutant, first_line, forget_caches, living, mutants_of, spread, transplant
from .tracing import Trace
from .wire import Call, Observation, Outcome, Question, Replay, Survey

MOST_MUTANTS = 48
ANCHOR_TRIES = 60
QUICK = 0.25
CHILD_SECONDS = 5.0
RANDOM_MIXES = 20
MOST_SLOW = 3


@dataclass
class Field:
    """One feature under observation, and what was seen so far."""

    question: Question
    subject: Subject
    guard: Guard
    trace: Trace
    deadline: float
    seen: dict[Call, Observation] = field(default_factory=dict)

    def look(self, call: Call) -> Observation:
        """Make a call once and remember what it did."""
        key = replace(call, origin="", expected="")
        known = self.seen.get(key)
        if known is None:
            outcome = perform(call, self.subject, self.guard, self.trace)
            lines = tuple(sorted(self.trace.lines & set(self.subject.lines)))
            known = Observation(call, outcome, lines, tuple(sorted(self.trace.steps)))
            self.seen[key] = known
        return known

    def tired(self, most: int) -> bool:
        """Say whether time or the number of calls is used up."""
        return spent() > self.deadline or len(self.seen) >= most


def survey(question: Question) -> Survey:
    """Find the feature, call it with examples from the outside and from its types, and say what it does."""
    try:
        subject = find(question)
        learn_files(question.files)
        learn_objects(question.objects)
        forms = _forms(subject, question)
    except NotThere as problem:
        return Survey(trouble=str(problem))
    trace = Trace(subject.path, first_line(subject.node), subject.node.end_lineno or subject.node.lineno)
    ground = Field(question, subject, Guard(), trace, spent() + question.seconds)
    for call in question.examples:
        ground.look(call)
    for position, form in enumerate(forms):
        share = len(ground.seen) + max(12, (question.most - len(ground.seen)) // (len(forms) - position))
        _explore(ground, form, share)
    observed = list(ground.seen.values())
    testable = [item for item in observed if item.outcome.testable]
    count, marked = _with_kills(ground, testable)
    refusals = [item.outcome.why for item in observed if not item.outcome.testable and item.outcome.why]
    return Survey(
        module=subject.name,
        lines=subject.lines,
        mutants=count,
        observations=tuple(marked),
        laws=tuple(laws_of(question, subject, ground.guard, marked)),
        refusals=tuple(sorted(set(refusals), key=lambda why: (-refusals.count(why), why))[:8]),
    )


def _forms(subject: Subject, question: Question) -> list[Form]:
    """List the ways to use the feature; examples that people wrote do without. Raises NotThere."""
    try:
        return forms_of(subject, question)
    except NotThere:
        if question.examples:
            return []
        raise


def replay(question: Question) -> Replay:
    """Make the given calls again, backwards, and say what they did."""
    try:
        subject = find(question)
    except NotThere as problem:
        return Replay(trouble=str(problem))
    guard = Guard()
    outcomes = [perform(call, subject, guard, None) for call in reversed(question.examples)]
    return Replay(outcomes=tuple(reversed(outcomes)))


def _explore(ground: Field, form: Form, most: int) -> None:
    anchor = _anchor(ground, form, most)
    if anchor is None:
        return
    chosen, outcome = anchor
    if outcome.kind == "returns" and outcome.source == "None" and form.method and not form.observe:
        for watching in _watchers(ground, form, chosen):
            _vary(ground, watching, chosen, most)
        return
    _vary(ground, form, chosen, most)


def _anchor(ground: Field, form: Form, most: int) -> tuple[tuple[Sample | None, ...], Outcome] | None:
    """Find arguments that make the feature do something, the most ordinary ones first."""
    for chosen in itertools.islice(_ordinary(form), ANCHOR_TRIES):
        if ground.tired(most):
            return None
        outcome = ground.look(form.call(chosen)).outcome
        if outcome.testable and outcome.kind != "raises":
            return chosen, outcome
    return None


def _ordinary(form: Form) -> Iterator[tuple[Sample | None, ...]]:
    columns: list[list[Sample | None]] = [
        [None, *item.samples[:3]] if item.optional and not item.spread else list(item.samples[:7])
        for item in form.columns
    ]
    wide = sorted(
        itertools.islice(itertools.product(*[range(len(column)) for column in columns]), 5000),
        key=lambda ranks: (sum(ranks), ranks),
    )
    for ranks in wide:
        yield tuple(column[rank] for column, rank in zip(columns, ranks, strict=True))


def _vary(ground: Field, form: Form, anchor: tuple[Sample | None, ...], most: int) -> None:
    for chosen in _variations(form, anchor, random.Random(0)):
        if ground.tired(most):
            return
        ground.look(form.call(chosen))


def _variations(
    form: Form, anchor: tuple[Sample | None, ...], chance: random.Random
) -> Iterator[tuple[Sample | None, ...]]:
    """Vary one parameter, then each option with ordinary values of the others, then anything."""
    yield anchor
    columns = form.columns
    depth = max((len(item.samples) for item in columns), default=0)
    for rank in range(depth):
        for place, item in enumerate(columns):
            if rank < len(item.samples):
                yield (*anchor[:place], item.samples[rank], *anchor[place + 1 :])
    options = [place for place, item in enumerate(columns) if item.optional]
    needed = [place for place, item in enumerate(columns) if not item.optional]
    for option, place in itertools.product(options, needed):
        for sample, other in itertools.product(columns[option].samples[:3], columns[place].samples[:6]):
            mixed = list(anchor)
            mixed[option], mixed[place] = sample, other
            yield tuple(mixed)
    if len(columns) > 1:
        for _ in range(RANDOM_MIXES * len(columns)):
            yield tuple(
                None if item.optional and chance.random() < 0.5 else chance.choice(item.samples)
                for item in columns
            )


def _watchers(ground: Field, form: Form, chosen: tuple[Sample | None, ...]) -> list[Form]:
    """Find the ways of looking at an object in which it differs after the method."""
    built = form.call(chosen)
    try:
        scope = bind(built.imports)
        arguments = ", ".join(
            f"{item.name}={item.source}" if item.keyword else item.source for item in built.build or ()
        )
        receiver = eval(f"{built.subject}({arguments})", scope)
        names = [name for name in vars(receiver) if not name.startswith("_")]
    except Exception:  # noqa: BLE001 (a target's constructor may raise anything, or have no attributes)
        names = []
    kind = type(ground.subject.live) if not isinstance(ground.subject.live, type) else ground.subject.live
    names += [
        name for name, raw in vars(kind).items() if isinstance(raw, property) and not name.startswith("_")
    ]
    ways = ["len({0})", "list({0})", *(f"{{0}}.{name}" for name in dict.fromkeys(names))]
    found = []
    for way in ways:
        call = form.observing(way).call(chosen)
        after = perform(call, ground.subject, ground.guard, None)
        before = perform(replace(call, method="", arguments=()), ground.subject, ground.guard, None)
        if after.kind == before.kind == "returns" and after.source != before.source:
            found.append(form.observing(way))
    return found[:2]


def _with_kills(ground: Field, testable: list[Observation]) -> tuple[int, list[Observation]]:
    """Mark which observations differ under which mutants."""
    with open(ground.subject.path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    node = within(tree, ground.question.qualname)
    run = {line for item in testable for line in item.lines}
    mutants = [mutant for mutant in mutants_of(node) if mutant.line in run]
    originals = living(node, ground.subject.path)
    kills: dict[int, set[int]] = {position: set() for position in range(len(testable))}
    count = 0
    deadline = spent() + ground.question.seconds
    for mutant in spread(mutants, MOST_MUTANTS):
        code = compile_mutant(tree, mutant, ground.subject.path)
        if code is None or spent() > deadline:
            continue

        reaching = [place for place, item in enumerate(testable) if mutant.line in item.lines]

        def notice(code: CodeType = code, reaching: list[int] = reaching) -> list[int]:
            return _notice(ground, code, originals, [(place, testable[place]) for place in reaching])

        try:
            noticed = ask_child(notice, CHILD_SECONDS) or []
        except TimeoutError:
            continue
        for position in noticed:
            kills[position].add(count)
        count += 1
    return count, [replace(item, kills=tuple(sorted(kills[place]))) for place, item in enumerate(testable)]


def _notice(
    ground: Field,
    code: CodeType,
    originals: dict[tuple[str, int], list[FunctionType]],
    reaching: list[tuple[int, Observation]],
) -> list[int]:
    forget_caches()
    noticed: list[int] = []
    slow = 0
    if not transplant(code, originals):
        return noticed
    for position, item in reaching:
        outcome = perform(item.call, ground.subject, ground.guard, None, QUICK)
        if outcome != item.outcome:
            noticed.append(position)
        slow += outcome.why.startswith("does not end")
        if slow == MOST_SLOW:
            break
    return noticed
