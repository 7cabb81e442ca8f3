"""The card of a run, edited in place, and the lines of its thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.messages.blocks import (
    Block,
    Message,
    Task,
    actions,
    button,
    confirm,
    context,
    fields,
    header,
    link_button,
    message,
    plan,
    section,
)
from bot.messages.faces import CI, PHASES, task_status
from bot.messages.pen import Pen, address, link, moment
from fresh.domain.phase import LIVE, Phase
from fresh.domain.status import AgentStatus, RunStatus

SHOWN_AGENTS = 24
SHOWN_QUESTIONS = 10
RANK = {Phase.AWAITING_USER: 0, Phase.PARKED: 2}


@dataclass(frozen=True)
class RunBeside:
    """What belongs on a run's card and is not in its status. `cards` holds the links of its open questions."""

    value: str
    now: datetime
    cards: dict[str, str]
    flow_run_url: str | None = None
    recent: tuple[str, ...] = ()


def run_card(pen: Pen, run: RunStatus, beside: RunBeside) -> Message:
    """Show a run as it stands."""
    name = pen.label(run.repository.rstrip("/").rpartition("/")[2], 60)
    blocks: list[Block] = [header(f"🤖 {name}: run {run.run_id}"), _facts(pen, run, beside.now)]
    blocks += _plight(pen, run)
    blocks += _questions(pen, run, beside)
    if run.agents:
        blocks.append(plan(_tally(run.agents), [_task(pen, agent) for agent in _shown(run.agents)]))
        left_out = len(run.agents) - SHOWN_AGENTS
        if left_out > 0:
            blocks.append(context(f"… and {left_out} more agents: `fresh auto status`"))
    if beside.recent:
        blocks.append(context("\n".join(pen.words(row, 160) for row in beside.recent[-3:])))
    blocks += _buttons(run, beside)
    return message(_notice(run, name), blocks, {"kind": "run", "run_id": run.run_id})


def _facts(pen: Pen, run: RunStatus, now: datetime) -> Block:
    live = sum(agent.phase in LIVE for agent in run.agents)
    waiting = sum(agent.question is not None for agent in run.agents)
    return fields(
        f"*State*\n{_state(run)}",
        f"*Cost*\n${run.spent_usd:.2f} / ${run.budget_usd:.2f}"
        + (f" (${run.held_usd:.2f} held)" if run.held_usd >= 0.005 else ""),
        f"*Agents*\n{live} live of {len(run.agents)}",
        f"*Time*\n{_time(run, now)}",
        f"*Waiting for you*\n{waiting}",
        f"*How*\n{pen.words(run.strategy, 40)}, {pen.words(run.engine, 40)}",
    )


def _state(run: RunStatus) -> str:
    if run.stopped:
        return "⏹️ ended"
    if run.died:
        return "💀 its process died"
    return "🛑 stopping" if run.stop_requested else "🟢 running"


def _time(run: RunStatus, now: datetime) -> str:
    deadline = datetime.fromisoformat(run.deadline)
    if not run.running:
        return f"began {moment(datetime.fromisoformat(run.opened_at))}"
    left = max(0.0, (deadline - now).total_seconds())
    return f"{_left(left)} left, until {moment(deadline, '{time}')}"


def _left(seconds: float) -> str:
    """Say how long something still takes, coarsely: a card must not change with every second."""
    minutes = -(-int(seconds) // 60)
    if minutes > 60:
        minutes = -(-minutes // 5) * 5
    return f"{minutes} min" if minutes <= 60 else f"{minutes // 60} h {minutes % 60:02} min"


def _plight(pen: Pen, run: RunStatus) -> Iterator[Block]:
    lines = [f"💸 {pen.words(alert, 300)}" for alert in run.alerts]
    if run.stop_requested and run.stopped is None:
        lines.append(f"🛑 Stop requested: {pen.words(run.stop_requested, 200)}")
    if run.died:
        lines.append(f"💀 No process works on it. Go on with it: `fresh auto resume {run.run_id}`")
    if run.stopped:
        lines.append(f"🏁 It ended because {pen.words(run.stopped, 200)}.")
    if lines:
        yield section("\n".join(lines[:8]))


def _questions(pen: Pen, run: RunStatus, beside: RunBeside) -> Iterator[Block]:
    rows = []
    for agent in run.agents:
        if agent.question is not None:
            name = link(beside.cards.get(agent.question.id), f"agent {agent.id}")
            rows.append(
                f"👤 {name} waits: {pen.code(agent.feature, 80)}, until {_deadline(agent.question.deadline)}"
            )
    if rows:
        more = [f"… and {len(rows) - SHOWN_QUESTIONS} more"] if len(rows) > SHOWN_QUESTIONS else []
        yield section("\n".join([*rows[:SHOWN_QUESTIONS], *more]))


def _deadline(iso: str) -> str:
    return moment(datetime.fromisoformat(iso), "{time}")


def _shown(agents: Sequence[AgentStatus]) -> list[AgentStatus]:
    """Who waits comes first, then who lives, then the newest of those that have ended."""
    numbered = list(enumerate(agents))
    numbered.sort(key=lambda one: (RANK.get(one[1].phase, 1 if one[1].phase in LIVE else 3), -one[0]))
    return [agent for _, agent in numbered[:SHOWN_AGENTS]]


def _task(pen: Pen, agent: AgentStatus) -> Task:
    name = agent.feature.rpartition(":")[2]
    details = f"{agent.kind}, ${agent.cost_usd:.2f} of ${agent.cap_usd:.2f}"
    if agent.pull_request:
        details += f", {CI[agent.ci]}" if agent.ci in CI else ""
        details += f", {agent.pull_request}"
    elif agent.failure:
        details += f", {agent.failure}"
    return Task(
        id=agent.id,
        title=f"{PHASES[agent.phase]} {agent.id} {agent.phase}: {pen.raw(name, 100)}",
        status=task_status(agent.phase),
        details=pen.raw(details, 300),
    )


def _tally(agents: Sequence[AgentStatus]) -> str:
    counts = {phase: sum(agent.phase is phase for agent in agents) for phase in Phase}
    return ", ".join(f"{number} {phase}" for phase, number in counts.items() if number)


def _buttons(run: RunStatus, beside: RunBeside) -> Iterator[Block]:
    buttons = []
    if run.running:
        ask = confirm(
            f"Stop run {run.run_id}?",
            "No agent is started any more, running ones finish their step, and work in progress is kept.",
            "Stop the run",
        )
        buttons.append(button("stop_run", "Stop", beside.value, style="danger", confirm=ask))
    if run.report:
        buttons.append(button("report", "Show report", beside.value))
    if (url := address(beside.flow_run_url)) is not None:
        buttons.append(link_button("link_prefect", "Open in Prefect", url))
    if buttons:
        yield actions(f"run-{run.run_id}", *buttons)


def _notice(run: RunStatus, name: str) -> str:
    waiting = sum(agent.question is not None for agent in run.agents)
    asks = f", {waiting} waiting for you" if waiting else ""
    return f"{name}: run {run.run_id} {_state(run)}, ${run.spent_usd:.2f} of ${run.budget_usd:.2f}{asks}"


def thread_lines(pen: Pen, run_id: str, lines: Sequence[str], first: int) -> Message:
    """Tell what happened since the last line of the thread; `first` numbers the first of the lines."""
    rows = [pen.words(row, 400) for row in lines]
    texts: list[str] = [""]
    for row in rows:
        if len(texts[-1]) + len(row) + 1 > 2900:
            texts.append("")
        texts[-1] = f"{texts[-1]}\n{row}" if texts[-1] else row
    told = {"kind": "line", "run_id": run_id, "first": str(first), "last": str(first + len(lines) - 1)}
    return message(rows[-1] if rows else "-", [section(text or "-") for text in texts], told)


def alert(pen: Pen, run: RunStatus, sentence: str, key: str, permalink: str | None) -> Message:
    """Tell of money, in the channel itself: a thread is easily missed."""
    where = link(permalink, f"run {run.run_id}")
    text = f"💸 {pen.words(sentence, 500)} ({where} on {pen.code(run.repository.rpartition('/')[2], 60)})"
    return message(
        pen.words(sentence, 300), [section(text)], {"kind": "alert", "run_id": run.run_id, "alert": key}
    )
