"""The morning report: what needs you, what landed, what it cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.messages.blocks import (
    Block,
    Message,
    actions,
    bars,
    button,
    context,
    divider,
    fields,
    header,
    message,
    section,
    table,
)
from bot.messages.faces import CI, ENDED
from bot.messages.pen import Pen, link, moment
from fresh.domain.agent import AgentReport, Outcome
from fresh.domain.report import RunReport

SHOWN_NEEDS = 10
SHOWN_LANDED = 12
SHOWN_ROWS = 40
SHOWN_NOTES = 4
NEEDS = (Outcome.PARKED, Outcome.FAILED)
"""Endings that a person should look at; failed ones come after those that wait."""


def report_message(pen: Pen, report: RunReport, value: str, cards: dict[str, str]) -> Message:
    """Show the report of a run; `cards` links its open questions by agent."""
    name = pen.label(report.repository.rstrip("/").rpartition("/")[2], 60)
    blocks: list[Block] = [header(f"🌅 {name}: report of run {report.run_id}"), _opening(pen, report)]
    blocks += _needs(pen, report, cards)
    blocks += _landed(pen, report)
    blocks += _costs(report)
    if report.agents:
        blocks += [divider(), table([_HEAD, *(_row(pen, agent) for agent in report.agents[:SHOWN_ROWS])])]
    if report.notes:
        blocks.append(context("\n".join(f"• {pen.words(note, 300)}" for note in report.notes[:SHOWN_NOTES])))
    blocks.append(actions(f"report-{report.run_id}", button("report", "Show report", value)))
    landed = len(report.ended(Outcome.COMPLETED))
    waits = sum(agent.outcome in NEEDS for agent in report.agents)
    text = f"{name}: run {report.run_id} has ended, {landed} changes landed, {waits} need you, {report.cost} of {report.order.budget}."
    return message(text, blocks, {"kind": "report", "run_id": report.run_id})


_HEAD = ("Agent", "Kind", "Feature", "Ended", "Change", "Cost")


def _opening(pen: Pen, report: RunReport) -> Block:
    rate = report.success_rate
    counts = ", ".join(f"{len(found)} {outcome}" for outcome in Outcome if (found := report.ended(outcome)))
    return fields(
        f"*Agents*\n{counts or 'none was started'}",
        f"*Cost*\n{report.cost} / {report.order.budget}",
        f"*Landed of those tried*\n{'nothing was tried' if rate is None else f'{rate:.0%}'}",
        f"*Time*\n{_span(report.runtime_seconds)}, until {moment(report.ended_at)}",
        f"*Ended because*\n{pen.words(report.stopped, 200)}",
    )


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"


def _needs(pen: Pen, report: RunReport, cards: dict[str, str]) -> Iterator[Block]:
    found = [agent for outcome in NEEDS for agent in report.ended(outcome)]
    unreviewed = [agent for agent in report.ended(Outcome.COMPLETED) if agent.reviewed_by is None]
    rows = [_need(pen, agent, cards) for agent in [*found, *unreviewed]]
    if not rows:
        yield section("*What needs you*\nNothing.")
        return
    more = len(rows) - SHOWN_NEEDS
    yield section(
        "\n".join(["*What needs you*", *rows[:SHOWN_NEEDS], *([f"… and {more} more"] if more > 0 else [])])
    )


def _need(pen: Pen, agent: AgentReport, cards: dict[str, str]) -> str:
    name = link(cards.get(agent.agent_id) or agent.pull_request, f"agent {agent.agent_id}")
    if agent.outcome is Outcome.COMPLETED:
        return f"👀 {name}: nobody has reviewed {pen.code(agent.feature, 60)} yet"
    why = pen.words(agent.failure or agent.summary or "it left no reason", 120)
    return f"{ENDED[agent.outcome]} {name}: {agent.outcome} on {pen.code(agent.feature, 60)}: {why}"


def _landed(pen: Pen, report: RunReport) -> Iterator[Block]:
    rows = [
        f"✅ {link(agent.pull_request, agent.agent_id)}: {pen.words(agent.summary or agent.feature, 140)}{_checks(agent)}"
        for agent in report.ended(Outcome.COMPLETED)
    ]
    if rows:
        more = len(rows) - SHOWN_LANDED
        yield section(
            "\n".join(["*What landed*", *rows[:SHOWN_LANDED], *([f"… and {more} more"] if more > 0 else [])])
        )


def _checks(agent: AgentReport) -> str:
    """Say what the project's own checks of a pull request come to."""
    return f" ({CI[agent.ci.colour.value]})" if agent.ci is not None else ""


def _costs(report: RunReport) -> Iterator[Block]:
    """Draw the cost by kind; a run of many kinds and none has nothing to draw."""
    costs = [(str(kind), cost.dollars) for kind, cost in report.cost_by_kind.items()]
    if costs:
        yield bars("Cost by kind of improvement", "Cost", "US dollars", costs)
    else:
        yield context("💰 It cost nothing.")


def _row(pen: Pen, agent: AgentReport) -> Sequence[str]:
    change = agent.change
    size = f"+{change.added} −{change.removed}" if change is not None else "-"
    feature = agent.feature.rpartition(":")[2]
    return (
        agent.agent_id,
        agent.kind.value,
        pen.raw(feature, 60),
        agent.outcome.value,
        size,
        str(agent.cost),
    )
