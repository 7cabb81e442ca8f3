"""Properties that a feature has by its name, checked over everything that was observed."""

from __future__ import annotations

from .acting import bind, perform
from .finding import Subject
from .guard import Guard
from .literal import Unwritable, write
from .wire import Argument, Call, Import, Law, Observation, Outcome, Question

NORMALISERS = (
    "normali", "clean", "strip", "slug", "canonical", "dedup", "uniq", "sort", "trim", "simplif", "collapse",
    "squeeze", "sanit", "squash", "lower", "upper", "standardi", "dedent", "clamp", "tidy",
)  # fmt: skip
ENOUGH = 3
Applied = list[tuple[int, Observation, Outcome]]


def laws_of(question: Question, subject: Subject, guard: Guard, seen: list[Observation]) -> list[Law]:
    """Find the laws that hold without exception over enough telling inputs."""
    single = [
        (place, item)
        for place, item in enumerate(seen)
        if item.outcome.kind == "returns"
        and not item.outcome.wrap
        and item.call.build is None
        and not item.call.files
        and len(item.call.arguments) == 1
        and not item.call.arguments[0].keyword
    ]
    found: list[Law] = []
    if any(word in question.qualname.lower() for word in NORMALISERS):
        found += _hold(
            _applied(question.qualname, single, subject, guard), "idempotent", question.qualname, same=True
        )
    if question.inverse:
        found += _hold(
            _applied(question.inverse, single, subject, guard), "inverse", question.inverse, same=False
        )
    return found


def _applied(name: str, single: list[tuple[int, Observation]], subject: Subject, guard: Guard) -> Applied:
    """Apply a function of the module to what the feature returned."""
    applied = []
    for place, item in single:
        imports = (Import(subject.name, name.split(".")[0]), *item.outcome.imports)
        call = Call(name, (Argument("", item.outcome.source),), imports=imports)
        applied.append((place, item, perform(call, subject, guard, None)))
    return applied


def _hold(applied: Applied, law: str, other: str, *, same: bool) -> list[Law]:
    calls, telling = [], 0
    for place, item, outcome in applied:
        wanted = item.outcome.source if same else _canonical(item.call)
        if outcome.kind != "returns" or outcome.source != wanted:
            return []
        calls.append(place)
        telling += item.outcome.source != _canonical(item.call)
    enough = len(calls) >= ENOUGH and telling >= ENOUGH - 1
    return [Law(law, other, tuple(calls), telling)] if enough else []


def _canonical(call: Call) -> str:
    try:
        return write(eval(call.arguments[0].source, bind(call.imports))).source
    except (Unwritable, NameError):
        return ""
