"""Runs, the claim on a repository, stop requests and the audit trail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import cast

from sqlalchemy import Connection, Row, TextClause, text

from fresh.adapters.journal import schema
from fresh.adapters.journal.store import Store
from fresh.adapters.journal.times import moment, seconds
from fresh.adapters.journal.window import Cell, Rows, is_living, read_status
from fresh.domain.record import Claim, Event, Host, RunRecord
from fresh.domain.status import RunStatus
from fresh.domain.stopping import StopRequest, WhyStopped


class Runs:
    """What the journal holds of whole runs."""

    def __init__(
        self, store: Store, alive: Callable[[Host], bool | None], now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._alive = alive
        self._now = now

    def open_run(self, record: RunRecord) -> RunRecord:
        """Write a run down once."""
        with self._store.writing() as connection:
            self._store.insert_once(
                connection,
                schema.run,
                id=record.id,
                repository=record.repository,
                record=record.model_dump_json(),
                opened_at=seconds(record.opened_at),
                deadline=seconds(record.deadline),
            )
        return self.run(record.id)

    def run(self, run_id: str) -> RunRecord:
        """Read one run. Raises KeyError."""
        with self._store.reading() as connection:
            row = connection.execute(schema.run.select().where(schema.run.c.id == run_id)).first()
        if row is None:
            raise KeyError(run_id)
        return _record(row)

    def runs(self, repository: str | None = None) -> tuple[RunRecord, ...]:
        """List runs, newest first."""
        wanted = schema.run.select().order_by(schema.run.c.opened_at.desc())
        if repository is not None:
            wanted = wanted.where(schema.run.c.repository == repository)
        with self._store.reading() as connection:
            return tuple(_record(row) for row in connection.execute(wanted))

    def note_inventory(self, run_id: str, digest: str) -> None:
        """Remember the first inventory that the run chose from."""
        table = schema.run
        with self._store.writing() as connection:
            connection.execute(
                table.update()
                .where(table.c.id == run_id, table.c.inventory_digest.is_(None))
                .values(inventory_digest=digest)
            )

    def note_flow_run(self, run_id: str, flow_run_id: str) -> None:
        """Remember the newest flow run of the run."""
        table = schema.run
        with self._store.writing() as connection:
            connection.execute(table.update().where(table.c.id == run_id).values(flow_run=flow_run_id))

    def run_flow(self, run_id: str) -> str | None:
        """Read the newest flow run of the run."""
        table = schema.run
        with self._store.reading() as connection:
            row = connection.execute(table.select().where(table.c.id == run_id)).first()
        return None if row is None else cast("str | None", row.flow_run)

    def close_run(self, run_id: str, why: WhyStopped, at: datetime, report: str | None) -> None:
        """Mark a run as finished once."""
        table = schema.run
        with self._store.writing() as connection:
            connection.execute(
                table.update()
                .where(table.c.id == run_id, table.c.closed_at.is_(None))
                .values(closed_at=seconds(at), stopped=why.value, report=report)
            )

    def claim(self, repository: str, run_id: str, host: Host, at: datetime) -> Claim | None:
        """Take the repository unless another host that lives holds it; then return its claim."""
        table = schema.claim
        with self._store.writing() as connection:
            row = connection.execute(
                table.select().where(table.c.repository == repository).with_for_update()
            ).first()
            if row is not None and row.host != host.name and self._is_living(row, at):
                return _claim(row)
            if row is not None and row.run_id == run_id:
                _prolong(connection, run_id, by=max(0.0, seconds(at) - row.beat))
            taken = {"run_id": run_id, "host": host.name, "beat": seconds(at)}
            if row is not None:
                connection.execute(table.update().where(table.c.repository == repository).values(**taken))
            elif not self._store.insert_once(
                connection, table, repository=repository, run_id=run_id, host=host.name, beat=seconds(at)
            ):
                return _claim(
                    connection.execute(table.select().where(table.c.repository == repository)).one()
                )
        return None

    def standing_claim(self, repository: str, at: datetime) -> Claim | None:
        """Read the claim of a host that lives."""
        table = schema.claim
        with self._store.reading() as connection:
            row = connection.execute(table.select().where(table.c.repository == repository)).first()
        return _claim(row) if row is not None and self._is_living(row, at) else None

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

    def request_stop(self, request: StopRequest) -> None:
        """Write a stop request down."""
        with self._store.writing() as connection:
            connection.execute(
                schema.stop.insert().values(
                    run_id=request.run_id,
                    agent_id=request.agent_id,
                    force=request.force,
                    asked_by=request.by,
                    through=request.through,
                    at=seconds(request.at),
                )
            )

    def stop_requests(self, run_id: str) -> tuple[StopRequest, ...]:
        """List the stop requests of a run, oldest first."""
        table = schema.stop
        with self._store.reading() as connection:
            rows = connection.execute(table.select().where(table.c.run_id == run_id).order_by(table.c.id))
            return tuple(
                StopRequest(
                    run_id=row.run_id,
                    agent_id=row.agent_id,
                    force=row.force,
                    by=row.asked_by,
                    through=row.through,
                    at=moment(row.at),
                )
                for row in rows
            )

    def record(self, event: Event) -> None:
        """Add a line to the audit trail."""
        with self._store.writing() as connection:
            connection.execute(
                schema.event.insert().values(
                    run_id=event.run_id, agent_id=event.agent_id, at=seconds(event.at), text=event.text
                )
            )

    def events(self, run_id: str, agent_id: str | None = None) -> tuple[Event, ...]:
        """Read the audit trail, oldest first."""
        table = schema.event
        wanted = table.select().where(table.c.run_id == run_id).order_by(table.c.id)
        if agent_id is not None:
            wanted = wanted.where(table.c.agent_id == agent_id)
        with self._store.reading() as connection:
            return tuple(
                Event(run_id=row.run_id, agent_id=row.agent_id, at=moment(row.at), text=row.text)
                for row in connection.execute(wanted)
            )

    def remember(self, key: str, text: str) -> str:
        """Keep a text under a key once."""
        with self._store.writing() as connection:
            self._store.insert_once(connection, schema.memory, key=key, text=text)
            return cast(
                str,
                connection.execute(
                    schema.memory.select()
                    .where(schema.memory.c.key == key)
                    .with_only_columns(schema.memory.c.text)
                ).scalar_one(),
            )

    def recall(self, key: str) -> str | None:
        """Read what `remember` kept."""
        with self._store.reading() as connection:
            row = connection.execute(schema.memory.select().where(schema.memory.c.key == key)).first()
        return None if row is None else cast(str, row.text)

    def status(self, run_id: str | None = None, repository: str | None = None) -> RunStatus | None:
        """Show one run, the newest by default."""

        def rows(sql: str, given: Mapping[str, Cell]) -> list[Mapping[str, Cell]]:
            with self._store.reading() as connection:
                return [dict(row) for row in connection.execute(_typed(sql), dict(given)).mappings()]

        reader: Rows = rows
        return read_status(
            reader, lambda name: self._alive(Host.parse(name)), seconds(self._now()), run_id, repository
        )

    def _is_living(self, row: Row[tuple[object, ...]], at: datetime) -> bool:
        return is_living(row.beat, seconds(at), self._alive(Host.parse(row.host)))


def _prolong(connection: Connection, run_id: str, by: float) -> None:
    """Give a run back the seconds in which no process worked on it."""
    table = schema.run
    connection.execute(table.update().where(table.c.id == run_id).values(deadline=table.c.deadline + by))


def _typed(sql: str) -> TextClause:
    # Postgres can't infer the type of a parameter that is only compared with NULL.
    return text(
        sql.replace(":run_id IS NULL", "CAST(:run_id AS TEXT) IS NULL").replace(
            ":repository IS NULL", "CAST(:repository AS TEXT) IS NULL"
        )
    )


def _record(row: Row[tuple[object, ...]]) -> RunRecord:
    return RunRecord.model_validate_json(row.record).model_copy(
        update={
            "deadline": moment(row.deadline),
            "inventory_digest": row.inventory_digest or "",
            "closed_at": None if row.closed_at is None else moment(row.closed_at),
            "stopped": None if row.stopped is None else WhyStopped(row.stopped),
            "report": row.report,
        }
    )


def _claim(row: Row[tuple[object, ...]]) -> Claim:
    return Claim(
        repository=row.repository, run_id=row.run_id, host=Host.parse(row.host), beat=moment(row.beat)
    )
