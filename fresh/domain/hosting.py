"""Who hosts an agent, and which runs nobody hosts although something is left to do."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from fresh.domain.agent import Outcome
from fresh.domain.host import Host
from fresh.domain.value import Value


class Hosting(Value):
    """Where an agent was entered last: in which flow run, by which process; `ended` is empty while it has not ended."""

    flow_run: str | None = None
    host: Host | None = None
    ended: Outcome | None = None


class WhyReenter(StrEnum):
    """Why a run needs a process that works on it."""

    DIED = "its process died"
    UNDELIVERED = "a decision waits to be carried out"


class Unhosted(Value):
    """A run that nobody hosts and that has something left to do."""

    run_id: str
    repository: str
    why: WhyReenter
    since: datetime
