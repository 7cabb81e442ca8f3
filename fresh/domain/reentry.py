"""When a run that nobody works on is started again, and how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fresh.domain.hosting import WhyReenter

MOST = 3
"""Attempts without any progress between them; then a person must look."""


@dataclass(frozen=True)
class Reentry:
    """One attempt to go on with a run. `progress` counts what has ended in it so far: with more of it, attempts start anew."""

    progress: int
    attempt: int
    why: WhyReenter


def key_of(run_id: str, reentry: Reentry) -> str:
    """Name an attempt, for whoever must not make it twice."""
    return f"reentry:{run_id}:{reentry.progress}:{reentry.attempt}"


def next_attempt(run_id: str, why: WhyReenter, progress: int, made: Callable[[str], bool]) -> Reentry:
    """Say which attempt is next for a run that nobody hosts; the `MOST`th one is none, but for a person to look at.

    `made` says whether the attempt of a name was made.
    """
    for attempt in range(MOST):
        reentry = Reentry(progress, attempt, why)
        if not made(key_of(run_id, reentry)):
            return reentry
    return Reentry(progress, MOST, why)
