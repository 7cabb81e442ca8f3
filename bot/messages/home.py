"""The Home tab: my open approvals, the active runs, what today has cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.messages.blocks import MOST_VIEW_BLOCKS, Block, context, divider, header, section
from bot.messages.faces import TITLES
from bot.messages.pen import Pen, link, moment
from fresh.domain.answering import Standing
from fresh.domain.counting import count
from fresh.domain.money import Usd
from fresh.domain.status import RunStatus

SHOWN_QUESTIONS = 30
SHOWN_RUNS = 15


@dataclass(frozen=True)
class Seen:
    """What one person may see. `cards` links questions and runs by their ids."""

    may_decide: bool
    questions: Sequence[Standing]
    runs: Sequence[RunStatus]
    today: Usd
    cards: dict[str, str]


def home(pen: Pen, seen: Seen | None) -> Block:
    """Show the tab; None is for somebody who may not look."""
    blocks = [section("You are not among those who may look.")] if seen is None else _parts(pen, seen)
    return {"type": "home", "blocks": blocks[:MOST_VIEW_BLOCKS]}


def _parts(pen: Pen, seen: Seen) -> list[Block]:
    title = "Your open approvals" if seen.may_decide else "Open approvals (others decide)"
    blocks = [header(title)]
    for standing in seen.questions[:SHOWN_QUESTIONS]:
        question, its = standing.question, standing.question.particulars
        name = link(seen.cards.get(question.id), f"agent {question.agent_id}")
        what = f": {pen.words(its.kind, 40)} of {pen.code(its.feature, 100)}" if its else ""
        blocks.append(
            section(f"👤 *{TITLES[question.why]}*, {name}{what}\nuntil {moment(question.deadline)}")
        )
    if not seen.questions:
        blocks.append(section("Nothing waits for you."))
    elif len(seen.questions) > SHOWN_QUESTIONS:
        blocks.append(context(f"… and {len(seen.questions) - SHOWN_QUESTIONS} more: `/fresh status`"))
    blocks += [
        divider(),
        header("Active runs"),
        *(_run(pen, run, seen.cards) for run in seen.runs[:SHOWN_RUNS]),
    ]
    if not seen.runs:
        blocks.append(section("No run is running. Start one: `/fresh start`"))
    return [
        *blocks,
        divider(),
        section(f"*Spent today (UTC)*\n{seen.today}"),
        context("`/fresh help` says what else there is."),
    ]


def _run(pen: Pen, run: RunStatus, cards: dict[str, str]) -> Block:
    name = link(cards.get(run.run_id), f"run {run.run_id}")
    state = "💀 its process died" if run.died else "🟢"
    waiting = sum(agent.question is not None for agent in run.agents)
    return section(
        f"{state} {name} on {pen.code(run.repository.rpartition('/')[2], 60)}: {count(len(run.agents), 'agent')},"
        f" {waiting} waiting, ${run.spent_usd:.2f} of ${run.budget_usd:.2f}"
    )
