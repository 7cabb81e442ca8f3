"""`fresh auto start --plan`: what would be worked, why, and what it may cost. Spends nothing and starts nothing."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import click

from cli.place import Place
from fresh.domain.assignment import Assignment
from fresh.domain.counting import count
from fresh.domain.order import EngineName, RunOrder
from fresh.domain.quoting import line
from fresh.domain.record import RunRecord
from fresh.domain.report import PassedOver
from fresh.domain.selection import Pick, Selection
from fresh.whereabouts import make_home
from fresh.wiring import toolbox

SHOWN_PASSED_OVER = 10


def show_plan(order: RunOrder, place: Place) -> None:
    """Rank the features of HEAD as a run would, and print them."""
    # Prefect comes in with the tasks and takes seconds; only this command needs it.
    from tasks.assigning import demand_issues
    from tasks.opening import choose, choose_issues

    make_home(place.home)
    tools = toolbox(place.repository)
    now = datetime.now(UTC)
    record = RunRecord(
        id=secrets.token_hex(4),
        repository=str(place.repository),
        order=order,
        base=tools.workspace.take_base(),
        engine=tools.engine_for(order),
        seed=order.seed if order.seed is not None else secrets.randbits(63),
        opened_at=now,
        deadline=now + timedelta(hours=order.hours),
    )
    demand_issues(tools, record)
    inventory = tools.with_issues(tools.survey(record.base))
    asked, left = choose_issues(tools, record, inventory)
    selection = choose(tools, record, inventory, ahead=[pick for pick, _ in asked])
    click.echo(plan_screen(record, selection, asked, left))


def plan_screen(
    record: RunRecord,
    selection: Selection,
    asked: Sequence[tuple[Pick, Assignment]] = (),
    left: Sequence[PassedOver] = (),
) -> str:
    """Show what issues ask for and the ranked picks with their reasons, and what they may cost.

    `left` says of each issue that would not be worked why.
    """
    order = record.order
    work = [*asked, *((pick, None) for pick in selection.picks)]
    wave = len(work) if order.overnight else min(order.agents, len(work))
    lines = [
        f"Plan for {record.repository} at {record.base[:10]}",
        f"Strategy: {order.strategy} (seed {record.seed}) | Engine: {record.engine}",
        f"{len(selection.picks)} worthwhile picks{_and_issues(order, asked)}; {_worked(order, wave)}.",
        f"Expected cost: {_cost(record, wave)}",
    ]
    for number, (pick, issue) in enumerate(work[:wave], start=1):
        lines += _pick(number, pick, issue)
    later = work[wave:]
    if later:
        rows = (f"  {pick.kind} of {line(pick.feature.key)}" for pick, _ in later[:5])
        lines += ["", "Next in line:", *rows]
    if left:
        lines += ["", f"Issues that would not be worked: {len(left)}"]
        lines += [f"  {line(each.feature)}: {line(each.reason)}" for each in left]
    return "\n".join([*lines, *_passed_over(selection)])


def _and_issues(order: RunOrder, asked: Sequence[tuple[Pick, Assignment]]) -> str:
    labels = ", ".join(line(label) for label in order.from_issues)
    return f" and {len(asked)} for issues labelled {labels}, which come first" if labels else ""


def _worked(order: RunOrder, wave: int) -> str:
    if order.overnight:
        return f"{order.agents} at once until money, hours or work run out"
    return f"the first {wave} would be worked" if wave else "nothing would be worked"


def _cost(record: RunRecord, wave: int) -> str:
    if record.engine is EngineName.CODEMOD:
        return "$0.00, because the codemod engine calls no model"
    order = record.order
    most = min(order.cap.micros * wave, order.budget.micros) / 1_000_000
    return (
        f"at most ${most:.2f} ({count(wave, 'agent')} of at most {order.cap}, never more than {order.budget})"
    )


def _pick(number: int, pick: Pick, issue: Assignment | None) -> list[str]:
    head = f"{number:3}. {pick.kind} of {line(pick.feature.key)} ({pick.feature.path}:{pick.feature.line})"
    title = [f"     “{line(issue.title)}” {line(issue.address)}"] if issue is not None else []
    reasons = [f"     - {line(reason)}" for reason in pick.reasons]
    return ["", f"{head} score {pick.score:.2f}", *title, *reasons]


def _passed_over(selection: Selection) -> Sequence[str]:
    reasons: dict[str, list[str]] = {}
    for over in selection.passed_over:
        reasons.setdefault(line(over.reason), []).append(f"{over.kind} of {over.feature}")
    often = sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0]))
    if not often:
        return []
    lines = ["", f"Passed over: {len(selection.passed_over)}"]
    lines += [
        f"  {len(names)} x {reason} (e.g. {line(names[0])})" for reason, names in often[:SHOWN_PASSED_OVER]
    ]
    rest = len(often) - SHOWN_PASSED_OVER
    return [*lines, f"  … and {rest} more reasons"] if rest > 0 else lines
