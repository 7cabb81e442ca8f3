"""A model that says again what a transcript holds: to see a conversation happen once more, without network or money."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from fresh.domain.conversation import Reply, Request
from fresh.domain.transcript import Answered, Given, Opened, Turn
from fresh.errors import ModelRefused


class ReplayedModel:
    """Implement `ports.Model` from the turns of one agent. A conversation that parts from them is refused."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._replies = [turn.reply for turn in turns if isinstance(turn, Answered)]
        self._given = [
            _given_before(turns, at) for at, turn in enumerate(turns) if isinstance(turn, Answered)
        ]
        self._next = 0
        self._lock = threading.Lock()

    def send(self, request: Request, request_id: str) -> Reply:
        """Give the next reply. Raises ModelRefused when there is none, or when something else was said before it."""
        with self._lock:
            number = self._next
            if number >= len(self._replies):
                raise ModelRefused(f"The transcript has {number} replies, and one more was asked for.")
            expected = self._given[number]
            said = (
                tuple(item.model_dump_json() for item in request.items)[-len(expected) :] if expected else ()
            )
            if said != expected:
                raise ModelRefused(
                    f"The conversation parts from its transcript before reply {number + 1}: "
                    f"{_first_difference(said, expected)}."
                )
            self._next += 1
            return self._replies[number]


def _given_before(turns: Sequence[Turn], at: int) -> tuple[str, ...]:
    """List what was said to the model between two replies."""
    items: list[str] = []
    for turn in reversed(turns[:at]):
        if isinstance(turn, Answered):
            break
        if isinstance(turn, Opened | Given):
            items = [item.model_dump_json() for item in turn.items] + items
    return tuple(items)


def _first_difference(said: Sequence[str], expected: Sequence[str]) -> str:
    for one, other in zip(said, expected, strict=False):
        if one != other:
            return f"{one[:200]} instead of {other[:200]}"
    return f"{len(said)} items instead of {len(expected)}"
