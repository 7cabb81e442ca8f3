"""When a run takes on no more work, and why."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from fresh.domain.value import Value


class StopRequest(Value):
    """Somebody asked for the end of a run. `force` means: now, without finishing the step."""

    run_id: str
    agent_id: str | None = None
    force: bool = False
    by: str
    through: str
    at: datetime


class WhyStopped(StrEnum):
    """Why a run took on no more work."""

    DONE = "every pick was worked"
    NOTHING_WORTHWHILE = "no worthwhile feature was left"
    BUDGET = "its budget could fund no further agent"
    REVIEW = "enough pull requests wait for review"
    UNCOUNTED = "its open pull requests could not be counted"
    HOURS = "its hours were over"
    REQUESTED = "it was asked to stop"
    FORCED = "it was stopped by force"
    REFUSED = "it could not begin"
    DIED = "its process died and it was given up"


def why_stop(now: datetime, deadline: datetime, requests: tuple[StopRequest, ...]) -> WhyStopped | None:
    """Say why no new agent may start; None when one may."""
    whole_run = [request for request in requests if request.agent_id is None]
    if any(request.force for request in whole_run):
        return WhyStopped.FORCED
    if whole_run:
        return WhyStopped.REQUESTED
    return WhyStopped.HOURS if now >= deadline else None
