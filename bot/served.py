"""Which repositories the bot is a window on, each with its journal and its people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fresh.adapters.processes import lives
from fresh.adapters.sql_journal import SqlJournal
from fresh.domain.answering import Standing
from fresh.domain.identity import resolve
from fresh.domain.people import People
from fresh.domain.record import RunRecord
from fresh.domain.redaction import Redactor
from fresh.errors import OperatorMistake
from fresh.ports import Cards, Journal, Ledger
from fresh.roster import read_people
from fresh.settings import Settings
from fresh.whereabouts import journal_url, make_home, repository_of, state_home


class Memory(Journal, Cards, Ledger, Protocol):
    """Everything that the bot reads and writes of a journal."""


@dataclass(frozen=True)
class Served:
    """One journal. `repository` is None for one that many repositories share; `name` is what people choose by."""

    name: str
    repository: Path | None
    journal: Memory
    people: People

    def home_of(self, record: RunRecord) -> Path:
        """Find the state directory of a run."""
        return state_home(Path(record.repository))


def read_served(settings: Settings, here: Path) -> tuple[Served, ...]:
    """Open what the settings name: one shared journal, else those of the repositories, else the one that holds `here`.

    Raises OperatorMistake.
    """
    redact = Redactor(settings.secrets())
    if settings.journal_url is not None:
        people = read_people(settings, state_home(here))
        return (
            Served("all repositories", None, SqlJournal(settings.journal_url, lives, redact=redact), people),
        )
    named = [part for part in (settings.repositories or "").split(",") if part.strip()]
    roots = [repository_of(part.strip()) for part in named] or [repository_of(str(here))]
    return tuple(_open(settings, root, redact) for root in dict.fromkeys(roots))


def _open(settings: Settings, root: Path, redact: Redactor) -> Served:
    home = state_home(root)
    make_home(home)
    return Served(
        root.name, root, SqlJournal(journal_url(home), lives, redact=redact), read_people(settings, home)
    )


@dataclass(frozen=True)
class Asked:
    """One question, and where it is kept."""

    served: Served
    standing: Standing


class Shelf:
    """All that is served, and how things are found on it by the beginning of an id."""

    def __init__(self, served: Sequence[Served]) -> None:
        self.served = tuple(served)

    def question(self, question_id: str) -> Asked | None:
        """Find a question by its whole id."""
        for served in self.served:
            try:
                return Asked(served, served.journal.standing(question_id))
            except KeyError:
                continue
        return None

    def asked_by(self, typed: str) -> Asked:
        """Find the question that somebody means: by its id, else the open or newest one of an agent.

        Raises OperatorMistake when nothing fits, or too much does.
        """
        typed = typed.lower()
        found = self.question(typed)
        if found is not None:
            return found
        asked = {asked.standing.question.id: asked for asked in self._all_asked()}
        prefix = typed.partition("-")[0]
        agents = {one.standing.question.agent_id for one in asked.values()}
        if "-" in typed:
            return asked[resolve(typed, asked, "question")]
        agent = resolve(prefix, agents, "agent with a question")
        its = [one for one in asked.values() if one.standing.question.agent_id == agent]
        waiting = [one for one in its if one.standing.is_open]
        return (waiting or its)[-1]

    def _all_asked(self) -> Iterator[Asked]:
        for served in self.served:
            for standing in served.journal.standings():
                yield Asked(served, standing)

    def run(self, run_id: str) -> tuple[Served, RunRecord] | None:
        """Find a run by its whole id."""
        for served in self.served:
            try:
                return served, served.journal.run(run_id)
            except KeyError:
                continue
        return None

    def run_meant(self, typed: str | None) -> tuple[Served, RunRecord]:
        """Find the run that somebody means, else the newest one that is open, else the newest one.

        Raises OperatorMistake.
        """
        runs = {record.id: (served, record) for served in self.served for record in served.journal.runs()}
        if not runs:
            raise OperatorMistake("No run has worked yet.", hint="Start one: /fresh start")
        if typed:
            return runs[resolve(typed.lower(), runs, "run")]
        newest = sorted(
            runs.values(), key=lambda one: (one[1].closed_at is not None, -one[1].opened_at.timestamp())
        )
        return newest[0]

    def agent_meant(self, typed: str) -> tuple[Served, RunRecord, str]:
        """Find an agent by the beginning of its id, in the newest run that has one like it. Raises OperatorMistake."""
        typed = typed.lower().partition("-")[0]
        for served in self.served:
            for record in served.journal.runs():
                names = [ticket.agent_id for ticket in served.journal.tickets(record.id)]
                if typed and any(name.startswith(typed) for name in names):
                    return served, record, resolve(typed, names, "agent")
        resolve(typed, (), "agent")
        raise AssertionError("resolve refuses what fits nothing")
