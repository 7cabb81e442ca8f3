"""When a run that nobody works on is started again, and how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fresh.domain.record import RunRecord

MOST = 3
"""Attempts without any progress between them; then a person must look."""


@dataclass(frozen=True)
class Reentry:
    """One attempt to go on with a run. `progress` counts what has ended in it so far: with more of it, attempts start anew."""

    progress: int
    attempt: int
    why: str


def key_of(run_id: str, reentry: Reentry) -> str:
    """Name an attempt, for whoever must not make it twice."""
    return f"reentry:{run_id}:{reentry.progress}:{reentry.attempt}"


def due(record: RunRecord, answered: bool, progress: int, made: Callable[[str], bool]) -> Reentry | None:
    """Say which attempt is next for a run that no process works on; None when it has nothing to go on with.

    A run that has ended is entered again only for a parked agent whose question was answered since. `made` says
    whether the attempt of a name was made.
    """
    if record.closed_at is not None and not answered:
        return None
    why = "its process died" if record.closed_at is None else "a parked agent was answered"
    for attempt in range(MOST):
        reentry = Reentry(progress, attempt, why)
        if not made(key_of(record.id, reentry)):
            return reentry
    return Reentry(progress, MOST, why)
