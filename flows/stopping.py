"""Whether a run, or one of its agents, should go on."""

from __future__ import annotations

from fresh.domain.stopping import WhyStopped
from fresh.domain.stops import why_stop_agent
from fresh.wiring import Toolbox


def reason_to_stop(tools: Toolbox, run_id: str, agent_id: str | None = None) -> WhyStopped | None:
    """Say why no further step may begin; None when one may."""
    return why_stop_agent(
        tools.journal.run(run_id), tools.journal.stop_requests(run_id), tools.clock.now(), agent_id
    )
