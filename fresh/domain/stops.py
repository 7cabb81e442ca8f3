"""When a run or one of its agents takes no further step, by what the journal holds of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from fresh.domain.record import RunRecord
from fresh.domain.stopping import StopRequest, WhyStopped, why_stop

AGES = timedelta(days=36500)


def why_stop_agent(
    record: RunRecord, requests: tuple[StopRequest, ...], now: datetime, agent_id: str | None = None
) -> WhyStopped | None:
    """Say why no further step of a run, or of one of its agents, may begin; None when one may.

    A run that has ended is entered once more for its parked agents: its hours are over by then, and what was asked of
    it before its end was carried out.
    """
    closed, requests = record.closed_at, still_asked(record, requests)
    if agent_id is not None and any(request.agent_id == agent_id for request in requests):
        return WhyStopped.REQUESTED
    return why_stop(now, record.deadline if closed is None else now + AGES, requests)


def still_asked(record: RunRecord, requests: tuple[StopRequest, ...]) -> tuple[StopRequest, ...]:
    """Leave out what was asked of a run before its end: that was carried out."""
    closed = record.closed_at
    return requests if closed is None else tuple(request for request in requests if request.at > closed)


def answer_by(record: RunRecord, wanted: datetime) -> datetime:
    """Say until when a question can wait: no longer than the run has hours, unless it is only entered once more."""
    return wanted if record.closed_at is not None else min(wanted, record.deadline)
