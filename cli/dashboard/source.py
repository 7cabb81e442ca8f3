"""Where the dashboard reads and through whom it acts: the journal, and the same functions as the terminal's commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cli.deciding import answer
from cli.place import Place, opened_journal
from cli.stopping import ask_to_end
from fresh.domain.approval import Answer
from fresh.domain.record import Event
from fresh.domain.status import RunStatus


@dataclass(frozen=True)
class Look:
    """What the journal held at one moment: the runs, newest first, the chosen one, and its lines."""

    runs: tuple[str, ...] = ()
    run: RunStatus | None = None
    events: tuple[Event, ...] = ()


class Source(Protocol):
    """What the dashboard needs; tests play it."""

    def look(self, run_id: str | None) -> Look:
        """Read the chosen run, the newest by default."""
        ...

    def diff(self, run_id: str, agent_id: str) -> str:
        """Show what an agent made."""
        ...

    def answer(self, agent_id: str, verdict: Answer, words: str, commit: str) -> str:
        """Answer an agent's question; return what happened. Raises FreshError."""
        ...

    def stop(self, force: bool) -> str:
        """Ask the run that works to end; return what happened. Raises FreshError."""
        ...


class JournalSource:
    """The journal of one repository."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def look(self, run_id: str | None) -> Look:
        """Read the chosen run, the newest by default."""
        if self._place.is_blank:
            return Look()
        here = str(self._place.repository)
        with opened_journal(self._place) as journal:
            runs = tuple(record.id for record in journal.runs(here))
            run = journal.status(run_id, here)
            return Look(runs, run, journal.events(run.run_id) if run is not None else ())

    def diff(self, run_id: str, agent_id: str) -> str:
        """Show what an agent made."""
        from fresh.adapters.git_workspace import GitWorkspace

        with opened_journal(self._place) as journal:
            bases = {ticket.agent_id: ticket.base for ticket in journal.tickets(run_id)}
            status = journal.status(run_id)
        commits = {agent.id: agent.commit for agent in status.agents} if status is not None else {}
        commit = commits.get(agent_id)
        if commit is None:
            return "It has not made a commit yet."
        return GitWorkspace(self._place.repository, self._place.home).diff(bases[agent_id], commit)

    def answer(self, agent_id: str, verdict: Answer, words: str, commit: str) -> str:
        """Answer an agent's question through what `fresh auto approve` uses; return what it says."""
        return _heard(lambda tell: answer(self._place, agent_id, verdict, words, commit, tell=tell))

    def stop(self, force: bool) -> str:
        """Ask the run that works to end, as `fresh auto stop` does; nobody waits for it here."""
        return _heard(lambda tell: ask_to_end(self._place, force, tell))


def _heard(act: Callable[[Callable[[str], None]], None]) -> str:
    said: list[str] = []
    act(said.append)
    return " ".join(said)
