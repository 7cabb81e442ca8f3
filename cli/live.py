"""Live progress of a run: a table on a terminal, plain lines in a pipe. It only reads the journal."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli.place import Place, opened_journal
from cli.screens import cost, icon
from flows.beside import beside
from fresh.adapters.processes import this_host
from fresh.domain.counting import count
from fresh.domain.host import Host
from fresh.domain.phase import LIVE
from fresh.domain.quoting import line
from fresh.domain.record import Event
from fresh.domain.status import AgentStatus, RunStatus
from fresh.errors import FreshError
from fresh.ports import Journal

BEAT = 0.5
ROWS = 24
"""Agents in the table; the ones that live come first, so what is cut off has ended."""


@dataclass
class Follower:
    """Read what is new in the run that `host` works on, since a moment."""

    journal: Journal
    repository: str
    since: datetime
    host: Host = field(default_factory=this_host)
    _seen: dict[str, int] = field(default_factory=dict)

    def look(self) -> tuple[RunStatus | None, list[Event]]:
        """Read the run, and the lines that came since the last look."""
        run = self._run()
        if run is None:
            return None, []
        events = self.journal.events(run.run_id)
        fresh = [event for event in events[self._seen.get(run.run_id, 0) :] if event.at >= self.since]
        self._seen[run.run_id] = len(events)
        return run, fresh

    def _run(self) -> RunStatus | None:
        """The run that this very process hosts, or the one that it has hosted since."""
        claim = self.journal.standing_claim(self.repository, datetime.now(UTC))
        if claim is not None and claim.host == self.host:
            return self.journal.status(run_id=claim.run_id)
        if self._seen:
            return self.journal.status(run_id=next(reversed(self._seen)))
        newest = self.journal.status(repository=self.repository)
        is_ours = newest is not None and datetime.fromisoformat(newest.opened_at) >= self.since.replace(
            microsecond=0
        )
        return newest if is_ours else None


class LiveView:
    """Show a run on a console for as long as it is followed."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()

    @contextmanager
    def following(self, place: Place, since: datetime) -> Iterator[None]:
        """Follow in a thread; what could not be shown before the end is shown there."""
        ended = threading.Event()
        with beside("live", lambda: self._follow(place, since, ended), ended):
            yield

    def _follow(self, place: Place, since: datetime, ended: threading.Event) -> None:
        while place.is_blank:
            if ended.wait(BEAT):
                return
        with opened_journal(place) as journal:
            follower = Follower(journal, str(place.repository), since)
            if not self._console.is_terminal or self._console.is_dumb_terminal:
                self._until(ended, follower, None)
                return
            with Live(console=self._console, refresh_per_second=4, transient=True) as live:
                self._until(ended, follower, live)

    def _until(self, ended: threading.Event, follower: Follower, live: Live | None) -> None:
        is_last = False
        while True:
            # The journal may be locked for a moment; progress that is shown half a second later is no trouble.
            # One that can't be used at all is told by the run itself.
            with suppress(FreshError):
                run, events = follower.look()
                for event in events:
                    self._console.print(_line(event), soft_wrap=True)
                if live is not None and run is not None:
                    live.update(table(run))
            if is_last:
                return
            is_last = ended.wait(BEAT)


def table(run: RunStatus) -> Group:
    """Show every agent of a run, the living first."""
    shown = Table(box=None, pad_edge=False, expand=False)
    for name in ("", "agent", "phase", "kind", "feature", "time", "cost"):
        shown.add_column(
            name, no_wrap=True, overflow="ellipsis", justify="right" if name in ("time", "cost") else "left"
        )
    agents = sorted(run.agents, key=lambda agent: agent.phase not in LIVE)
    for agent in agents[:ROWS]:
        shown.add_row(*_cells(agent))
    waiting = [agent for agent in run.agents if agent.question is not None]
    lines: list[Text | Table] = [Text(_headline(run), style="bold"), shown]
    lines += [Text(f"… and {len(agents) - ROWS} more")] if len(agents) > ROWS else []
    lines += [Text(f"👤 {agent.id} asks: fresh auto approve {agent.id}", style="yellow") for agent in waiting]
    return Group(*lines)


def _headline(run: RunStatus) -> str:
    ended = sum(agent.phase not in LIVE for agent in run.agents)
    asked = f" | stop requested ({line(run.stop_requested)})" if run.stop_requested else ""
    return f"Run {run.run_id} | {ended} of {count(len(run.agents), 'agent')} ended | Cost: {cost(run)}{asked}"


def _cells(agent: AgentStatus) -> tuple[Text, ...]:
    cells = (
        icon(agent.phase),
        agent.id,
        agent.phase.value,
        agent.kind,
        line(agent.feature),
        f"{agent.runtime_seconds / 60:.1f}min",
        f"${agent.cost_usd:.2f}",
    )
    return tuple(Text(cell) for cell in cells)


def _line(event: Event) -> Text:
    return Text(f"{event.at.astimezone():%H:%M:%S} {line(event.text)}")
