"""Whether a run, or one of its agents, should go on."""

from __future__ import annotations

from datetime import timedelta

from fresh.domain.stopping import WhyStopped, why_stop
from fresh.wiring import Toolbox

AGES = timedelta(days=36500)


def reason_to_stop(tools: Toolbox, run_id: str, agent_id: str | None = None) -> WhyStopped | None:
    """Say why no further step may begin; None when one may.

    A run that has ended is entered once more for its parked agents: its hours are over by then, and what was asked of
    it before its end was carried out.
    """
    record = tools.journal.run(run_id)
    requests = tools.journal.stop_requests(run_id)
    if record.closed_at is not None:
        closed = record.closed_at
        requests = tuple(request for request in requests if request.at > closed)
    if agent_id is not None and any(request.agent_id == agent_id for request in requests):
        return WhyStopped.REQUESTED
    now = tools.clock.now()
    deadline = record.deadline if record.closed_at is None else now + AGES
    return why_stop(now, deadline, requests)
