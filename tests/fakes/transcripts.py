"""Conversations in memory, as JSON, so that what does not survive storing is found out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import TypeAdapter

from fresh.domain.transcript import Turn

TURN: TypeAdapter[Turn] = TypeAdapter(Turn)


@dataclass
class FakeTranscripts:
    """`rounds` says which round of work an agent has begun; `once_added` is called after a turn is kept."""

    kept: dict[str, list[str]] = field(default_factory=dict)
    rounds: dict[str, int] = field(default_factory=dict)
    once_added: Callable[[Turn], None] = lambda turn: None

    def add_turn(self, agent_id: str, number: int, turn: Turn, at: datetime) -> Turn:
        rows = self.kept.setdefault(agent_id, [])
        if number == len(rows):
            rows.append(TURN.dump_json(turn).decode())
            self.once_added(turn)
        return TURN.validate_json(rows[number])

    def turns(self, agent_id: str) -> tuple[Turn, ...]:
        return tuple(TURN.validate_json(row) for row in self.kept.get(agent_id, []))

    def newest_round(self, agent_id: str) -> int:
        return self.rounds.get(agent_id, 0)
