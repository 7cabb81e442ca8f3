"""What the journal holds of conversations with models."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from pydantic import TypeAdapter
from sqlalchemy import func, select

from fresh.adapters.journal import schema
from fresh.adapters.journal.cells import seconds, storable
from fresh.adapters.journal.store import Store
from fresh.domain.phase import Step
from fresh.domain.transcript import Turn

_TURN: TypeAdapter[Turn] = TypeAdapter(Turn)


class Turns:
    """Every promise of `ports.Transcripts`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_turn(self, agent_id: str, number: int, turn: Turn, at: datetime) -> Turn:
        """Write a turn down once; return the one that stands."""
        table = schema.turn
        with self._store.writing() as connection:
            self._store.insert_once(
                connection,
                table,
                agent_id=agent_id,
                number=number,
                at=seconds(at),
                turn=storable(_TURN.dump_json(turn).decode()),
            )
            standing = connection.execute(
                select(table.c.turn).where(table.c.agent_id == agent_id, table.c.number == number)
            ).scalar_one()
        return _TURN.validate_json(cast(str, standing))

    def turns(self, agent_id: str) -> tuple[Turn, ...]:
        """Read a conversation from its beginning."""
        table = schema.turn
        with self._store.reading() as connection:
            rows = connection.execute(
                select(table.c.turn).where(table.c.agent_id == agent_id).order_by(table.c.number)
            )
            return tuple(_TURN.validate_json(row.turn) for row in rows)

    def newest_round(self, agent_id: str) -> int:
        """Say which round of work the agent has begun last."""
        table = schema.step
        with self._store.reading() as connection:
            newest = connection.execute(
                select(func.max(table.c.ordinal)).where(
                    table.c.agent_id == agent_id, table.c.name == Step.IMPLEMENT
                )
            ).scalar_one()
        return cast("int | None", newest) or 0
