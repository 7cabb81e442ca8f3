"""Whole runs: what was ordered, how they ended, and how they stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import cast

from sqlalchemy import Row, TextClause, text

from fresh.adapters.journal import schema
from fresh.adapters.journal.cells import moment, seconds
from fresh.adapters.journal.status import Cell, read_status
from fresh.adapters.journal.store import Store
from fresh.domain.host import Host
from fresh.domain.record import RunRecord
from fresh.domain.status import RunStatus
from fresh.domain.stopping import WhyStopped


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
        wanted = schema.run.select().order_by(schema.run.c.opened_at.desc(), schema.run.c.id.desc())
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

    def move_deadline(self, run_id: str, to: datetime) -> None:
        """Let the hours of a run end later."""
        table = schema.run
        with self._store.writing() as connection:
            connection.execute(
                table.update()
                .where(table.c.id == run_id, table.c.deadline < seconds(to))
                .values(deadline=seconds(to))
            )

    def status(self, run_id: str | None = None, repository: str | None = None) -> RunStatus | None:
        """Show one run, the newest by default."""

        with self._store.snapshot() as connection:

            def rows(sql: str, given: Mapping[str, Cell]) -> list[Mapping[str, Cell]]:
                return [dict(row) for row in connection.execute(_typed(sql), dict(given)).mappings()]

            return read_status(
                rows, lambda name: self._alive(Host.parse(name)), seconds(self._now()), run_id, repository
            )


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
