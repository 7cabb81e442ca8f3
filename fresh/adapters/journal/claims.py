"""Which process works on a repository, and whether it still lives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from fresh.adapters.journal import schema
from fresh.adapters.journal.cells import moment, seconds
from fresh.adapters.journal.status import is_living
from fresh.adapters.journal.store import Store, Writable
from fresh.domain.agent import Outcome
from fresh.domain.host import Host
from fresh.domain.hosting import Unhosted, WhyReenter
from fresh.domain.record import Claim


class Claims:
    """What the journal holds of claims; `alive` is None for a process that can't be seen from here."""

    def __init__(self, store: Store, alive: Callable[[Host], bool | None]) -> None:
        self._store = store
        self._alive = alive

    def claim(self, repository: str, run_id: str, host: Host, at: datetime) -> Claim | None:
        """Take the repository unless another host that lives holds it; then return its claim."""
        table = schema.claim
        this = table.select().where(table.c.repository == repository)
        with self._store.writing() as connection:
            row = connection.execute(this.with_for_update()).first()
            if row is not None and row.host != host.name and self._is_living(row, at):
                return _claim(row)
            if row is None or row.host != host.name or row.run_id != run_id:
                _prolong(connection, run_id, seconds(at))
            taken: dict[str, Writable] = {"run_id": run_id, "host": host.name, "beat": seconds(at)}
            if row is not None:
                connection.execute(table.update().where(table.c.repository == repository).values(**taken))
            elif not self._store.insert_once(connection, table, repository=repository, **taken):
                return _claim(connection.execute(this).one())
        return None

    def standing_claim(self, repository: str, at: datetime) -> Claim | None:
        """Read the claim of a host that lives."""
        table = schema.claim
        with self._store.reading() as connection:
            row = connection.execute(table.select().where(table.c.repository == repository)).first()
        return _claim(row) if row is not None and self._is_living(row, at) else None

    def runs_to_reenter(self, at: datetime) -> tuple[Unhosted, ...]:
        """List the runs that nobody hosts and that have something left to do, the one that waits longest first."""
        run, question, agent, claim = schema.run, schema.question, schema.agent, schema.claim
        waits = agent.c.outcome.is_(None) | (agent.c.outcome == Outcome.PARKED.value)
        decided = (
            select(func.min(question.c.decided_at))
            .join(agent, agent.c.id == question.c.agent_id)
            .where(question.c.run_id == run.c.id, question.c.answer.is_not(None))
            .where(question.c.applied_at.is_(None), waits)
            .scalar_subquery()
        )
        # Whoever holds the repository for another run keeps this one out as well.
        wanted = select(run, decided.label("decided"), claim.c.host, claim.c.beat).outerjoin(
            claim, claim.c.repository == run.c.repository
        )
        with self._store.reading() as connection:
            rows = connection.execute(wanted.where(run.c.closed_at.is_(None) | decided.is_not(None))).all()
        found = [_unhosted(row) for row in rows if row.host is None or not self._is_living(row, at)]
        return tuple(sorted(found, key=lambda one: (one.since, one.run_id)))

    def beat(self, host: Host, at: datetime) -> bool:
        """Renew a host's claims; False when it holds none any more."""
        table = schema.claim
        with self._store.writing() as connection:
            renewed = connection.execute(
                table.update().where(table.c.host == host.name).values(beat=seconds(at))
            )
            return renewed.rowcount > 0

    def yield_claim(self, repository: str, host: Host) -> None:
        """Give the repository back, if this host holds it."""
        table = schema.claim
        with self._store.writing() as connection:
            connection.execute(
                table.delete().where(table.c.repository == repository, table.c.host == host.name)
            )

    def _is_living(self, row: Row[tuple[object, ...]], at: datetime) -> bool:
        return is_living(row.beat, seconds(at), self._alive(Host.parse(row.host)))


def _prolong(connection: Connection, run_id: str, now: float) -> None:
    """Give a run back the seconds in which no process worked on it: since its last beat, line or closing."""
    table = schema.run
    row = connection.execute(table.select().where(table.c.id == run_id)).first()
    if row is None:
        return
    line = select(func.max(schema.event.c.at)).where(schema.event.c.run_id == run_id)
    beat = select(func.max(schema.claim.c.beat)).where(schema.claim.c.run_id == run_id)
    signs = [row.opened_at, row.closed_at, *(connection.execute(sign).scalar_one() for sign in (line, beat))]
    idle = max(0.0, now - max(sign for sign in signs if sign is not None))
    connection.execute(table.update().where(table.c.id == run_id).values(deadline=table.c.deadline + idle))


def _unhosted(row: Row[Any]) -> Unhosted:
    if row.decided is not None:
        return Unhosted(
            run_id=row.id,
            repository=row.repository,
            why=WhyReenter.UNDELIVERED,
            since=moment(row.decided),
        )
    since = moment(row.beat if row.beat is not None else row.opened_at)
    return Unhosted(run_id=row.id, repository=row.repository, why=WhyReenter.DIED, since=since)


def _claim(row: Row[tuple[object, ...]]) -> Claim:
    return Claim(
        repository=row.repository, run_id=row.run_id, host=Host.parse(row.host), beat=moment(row.beat)
    )
