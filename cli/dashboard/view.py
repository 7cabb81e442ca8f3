"""What the dashboard shows, as pure functions from values to text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from rich.console import Group
from rich.markdown import Markdown
from rich.text import Text

from cli.screens import cost, icon
from fresh.domain.phase import LIVE, Phase
from fresh.domain.quoting import line
from fresh.domain.record import Event
from fresh.domain.status import AgentStatus, QuestionStatus, RunStatus

BAR = 8
COLUMNS = ("", "agent", "phase", "kind", "feature", "time", "cost")
FULL, EMPTY = "█", "░"
EARLY = 60.0
"""Seconds of a run before its pace says anything."""


def bar(part: float, whole: float, width: int = BAR) -> str:
    """Draw a share as a bar; what is there at all shows at least one mark."""
    if whole <= 0:
        return EMPTY * width
    filled = min(width, max(round(part / whole * width), 1 if part > 0 else 0))
    return FULL * filled + EMPTY * (width - filled)


def headline(run: RunStatus) -> Text:
    """Say which run this is, how it stands, what it costs."""
    state = "works" if run.running else "died" if run.died else "ended"
    colour = {"works": "green", "died": "red", "ended": "white"}[state]
    text = Text(f"Run {run.run_id} ", style="bold")
    text.append(state, style=f"bold {colour}")
    text.append(f"  {cost(run)} {bar(run.spent_usd, run.budget_usd, 12)}")
    return text


def second_line(run: RunStatus, now: datetime) -> Text:
    """Say how many agents are in which phase, and what a person must know beside."""
    phases = Counter(agent.phase for agent in run.agents)
    words = " ".join(f"{icon(phase)} {phases[phase]}" for phase in Phase if phases[phase])
    parts = [words or "no agent yet", forecast(run, now)]
    if run.stop_requested and run.stopped is None:
        parts.append(f"stop requested ({line(run.stop_requested)})")
    if run.stopped:
        parts.append(line(run.stopped))
    if run.died:
        parts.append(f"go on: fresh auto resume {run.run_id}")
    return Text("  ".join(part for part in parts if part))


def forecast(run: RunStatus, now: datetime) -> str:
    """Say what the run will have cost at its deadline, at the pace so far; nothing where nobody can tell."""
    opened, deadline = datetime.fromisoformat(run.opened_at), datetime.fromisoformat(run.deadline)
    passed, left = (now - opened).total_seconds(), (deadline - now).total_seconds()
    if not run.running or run.spent_usd <= 0 or passed < EARLY or left <= 0:
        return ""
    pace = run.spent_usd / passed
    until = run.spent_usd + pace * left
    if until <= run.budget_usd:
        return f"at this pace ${until:.2f} by {deadline.astimezone():%H:%M}"
    empty = now.timestamp() + (run.budget_usd - run.spent_usd) / pace
    return f"at this pace the money ends at {datetime.fromtimestamp(empty):%H:%M}"


def in_order(run: RunStatus) -> list[AgentStatus]:
    """Put agents that ask first, then those that live, then the ended ones."""
    return sorted(run.agents, key=lambda agent: (agent.question is None, agent.phase not in LIVE))


def cells(agent: AgentStatus) -> tuple[Text, ...]:
    """Show one agent as a row."""
    name = line(agent.feature).rpartition(":")[2]
    money = f"${agent.cost_usd:.2f} {bar(agent.cost_usd, agent.cap_usd)}"
    style = "yellow" if agent.question is not None else "" if agent.phase in LIVE else "dim"
    row = (
        icon(agent.phase),
        agent.id,
        agent.phase.value,
        agent.kind,
        name[:24],
        f"{agent.runtime_seconds / 60:.1f}m",
        money,
    )
    return tuple(Text(cell, style=style) for cell in row)


def about(agent: AgentStatus) -> Group:
    """Say everything about one agent: its question first, then why it was picked and how it ended."""
    asked = _question(agent.question) if agent.question is not None else ()
    text = Text(f"{agent.id} {agent.kind} of {line(agent.feature)}\n", style="bold")
    for reason in agent.reasons:
        text.append(f"  {line(reason)}\n", style="not bold")
    for name, value in (
        ("Branch", agent.branch),
        ("Commit", agent.commit),
        ("Pull request", agent.pull_request),
        ("CI", agent.ci),
        ("Prefect", agent.flow_run_url),
        ("Reason", agent.failure),
    ):
        if value:
            text.append(f"{name}: {line(value)}\n", style="not bold")
    return Group(*asked, text)


def _question(question: QuestionStatus) -> tuple[Text | Markdown, ...]:
    """Show what is asked as the Markdown that it is, without links: nothing in there is to be followed by a click."""
    rows = "\n".join(line(row) for row in question.text.splitlines()).strip()
    return (
        Text(f"❓ {question.why}, until {_local(question.deadline)}", style="bold yellow"),
        Markdown(rows, hyperlinks=False),
        Text("\na approve   r reject   c changes   d diff\n", style="dim"),
    )


def tail(events: Sequence[Event], agent: str | None, most: int = 200) -> Text:
    """Show the newest lines of the run, or of one agent, the newest at the end."""
    shown = [event for event in events if agent is None or event.agent_id == agent][-most:]
    return Text(
        "\n".join(f"{event.at.astimezone():%H:%M:%S} {line(event.text)}" for event in shown) or "Nothing yet."
    )


def patch(diff: str) -> Text:
    """Colour a patch."""
    text = Text()
    for row in diff.splitlines():
        shown = "".join(letter if letter.isprintable() or letter == "\t" else "�" for letter in row)
        style = "green" if row.startswith("+") else "red" if row.startswith("-") else ""
        text.append(shown + "\n", style="cyan" if row.startswith("@@") else style)
    return text


def _local(iso: str) -> str:
    return datetime.fromisoformat(iso).astimezone().strftime("%H:%M")
