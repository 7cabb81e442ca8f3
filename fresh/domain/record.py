"""What the journal remembers of a run, and who works on it."""

from __future__ import annotations

from datetime import datetime

from fresh.domain.host import Host
from fresh.domain.order import EngineName, RunOrder
from fresh.domain.stopping import WhyStopped
from fresh.domain.value import Value


class RunRecord(Value):
    """One run as the journal holds it; `closed_at` is empty while it is unfinished.

    `deadline` is when its hours are over; time in which no process worked on it does not count.
    """

    id: str
    repository: str
    order: RunOrder
    base: str
    engine: EngineName
    seed: int
    opened_at: datetime
    deadline: datetime
    inventory_digest: str = ""
    closed_at: datetime | None = None
    stopped: WhyStopped | None = None
    report: str | None = None


class Claim(Value):
    """Which host works on a repository right now; `beat` is its last sign of life."""

    repository: str
    run_id: str
    host: Host
    beat: datetime


class Event(Value):
    """One line of the audit trail."""

    run_id: str
    agent_id: str | None = None
    at: datetime
    text: str
