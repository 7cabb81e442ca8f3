"""What people asked of a run and what happened in it, line by line; and texts that are kept under a key."""

from __future__ import annotations

from typing import cast

from fresh.adapters.journal import schema
from fresh.adapters.journal.cells import moment, seconds, storable
from fresh.adapters.journal.store import Store
from fresh.domain.record import Event
from fresh.domain.stopping import StopRequest


class Trail:
    """What the journal holds of stop requests, audit lines and kept texts."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def request_stop(self, request: StopRequest) -> None:
        """Write a stop request down."""
        with self._store.writing() as connection:
            connection.execute(
                schema.stop.insert().values(
                    run_id=request.run_id,
                    agent_id=request.agent_id,
                    force=request.force,
                    asked_by=storable(request.by),
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
                    run_id=event.run_id,
                    agent_id=event.agent_id,
                    at=seconds(event.at),
                    text=storable(event.text),
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
            self._store.insert_once(connection, schema.memory, key=key, text=storable(text))
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
