"""What one test does, before it is said in pytest's or unittest's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fresh.engines.codemod.cases.inside.wire import Call, Outcome
from fresh.engines.codemod.cases.scenarios import (
    WORDS,
    Scenario,
    call_source,
    column_names,
    inexact,
    method_source,
    slots,
    snake,
)

RESULT = "expected"
MESSAGE = "message"


@dataclass(frozen=True)
class Check:
    """Lines that prepare, then one comparison.

    `kind`: equal, is, approx, raises, prints. `subject` is an expression; for raises and prints it is a statement.
    `columns` and `rows` are sources; without columns there is one case and all values stand in the code.
    """

    name: str
    kind: str
    subject: str
    wanted: str
    prepare: tuple[str, ...] = ()
    error: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    room: bool = False
    given: str = ""
    more: tuple[Check, ...] = ()


def check_of(scenario: Scenario, forbidden: set[str]) -> Check:
    """Turn a scenario into a check; cases that differ in what they pass stand one after the other."""
    if scenario.mixed:
        single = [check_of(Scenario(scenario.name, (case,)), forbidden) for case in scenario.cases]
        return replace(single[0], more=tuple(single[1:]))
    cases = scenario.cases
    table = [{slot.key: slot.source for slot in slots(case.call)} for case in cases]
    keys = list(table[0])
    varying = [key for key in keys if len({row[key] for row in table}) > 1]
    names = column_names(varying, forbidden | {RESULT, MESSAGE, "tmp_path", "capsys"})
    values = {key: names.get(key, table[0][key]) for key in keys}
    outcome = scenario.first.outcome
    kind = _kind([case.outcome for case in cases])
    wanted = [_wanted(case.outcome) for case in cases]
    same = len(set(wanted)) == 1
    title = MESSAGE if outcome.kind == "raises" else RESULT
    columns = [*names.values(), *([] if same else [title])]
    rows = [
        tuple([*(row[key] for key in varying), *([] if same else [result])])
        for row, result in zip(table, wanted, strict=True)
    ]
    prepare, subject = _act(scenario.first.call, outcome, values)
    return Check(
        name=scenario.name,
        kind=kind,
        subject=subject,
        wanted=wanted[0] if same else title,
        prepare=tuple(prepare),
        error=outcome.error,
        columns=tuple(columns) if len(cases) > 1 else (),
        rows=tuple(rows) if len(cases) > 1 else (),
        files=scenario.first.call.files,
        room=scenario.has_files,
    )


def _kind(outcomes: Sequence[Outcome]) -> str:
    first = outcomes[0]
    if first.kind in ("raises", "prints"):
        return first.kind
    if first.source in WORDS and all(item.source == first.source for item in outcomes):
        return "is"
    return "approx" if any(inexact(item.source) for item in outcomes) else "equal"


def _wanted(outcome: Outcome) -> str:
    return repr(outcome.message) if outcome.kind == "raises" else outcome.source


def _act(call: Call, outcome: Outcome, values: dict[str, str]) -> tuple[list[str], str]:
    """Write what comes before the comparison, and the expression that is compared."""
    prepare: list[str] = []
    if outcome.kind == "changes" and not values[outcome.changed].isidentifier():
        name = f"given_{outcome.changed}" if outcome.changed == call.subject else outcome.changed
        prepare.append(f"{name} = {values[outcome.changed]}")
        values = {**values, outcome.changed: name}
    if call.build is None:
        subject = call_source(call, values)
    else:
        receiver = snake(call.subject)
        receiver = receiver if receiver != call.subject else f"the_{receiver}"
        made = call_source(call, values)
        if call.method and call.observe:
            prepare.append(f"{receiver} = {made}")
            made = receiver
        subject = method_source(call, values, made) if call.method else made
    if outcome.awaited:
        subject = f"asyncio.run({subject})"
    if call.build is not None and call.observe:
        prepare += [subject] if call.method else []
        return prepare, call.observe.format(made)
    if outcome.kind == "changes":
        return [*prepare, subject], values[outcome.changed]
    return prepare, _read(subject, outcome)


def _read(subject: str, outcome: Outcome) -> str:
    if outcome.wrap == "list":
        return f"list({subject})"
    return f"list(islice({subject}, 5))" if outcome.wrap == "islice" else subject
