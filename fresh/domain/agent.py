"""One agent: everything it needs to start, and everything it leaves behind."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from fresh.domain.assignment import Assignment
from fresh.domain.change import Change
from fresh.domain.ci import CiState
from fresh.domain.evidence import Evidence
from fresh.domain.feature import Feature, Kind
from fresh.domain.fitting import Landing
from fresh.domain.money import ZERO, Usd
from fresh.domain.order import EngineName, RunOrder
from fresh.domain.reviewing import Revision
from fresh.domain.spending import Spending
from fresh.domain.value import Value


class Ticket(Value):
    """Everything an agent needs to start, as JSON. The same ticket entered twice is the same agent."""

    run_id: str
    agent_id: str
    order: RunOrder
    repository: str = Field(description="absolute path of the operator's repository")
    base: str = Field(description="sha of the commit that the agent starts from")
    branch: str
    feature: Feature
    kind: Kind
    reasons: tuple[str, ...]
    footprint: tuple[str, ...] = Field(
        default=(), description="files that it may touch; nobody else may meanwhile"
    )
    engine: EngineName
    seed: int
    issue: Assignment | None = Field(
        default=None, description="the issue that asks for it, in somebody's words"
    )
    revision: Revision | None = Field(
        default=None, description="the open pull request that it revises; `base` is then that branch's head"
    )

    @property
    def judged(self) -> Ticket:
        """The ticket on the base that the whole change is judged against, which for a revision is the pull request's."""
        return self if self.revision is None else self.model_copy(update={"base": self.revision.base})


class Outcome(StrEnum):
    """How an agent ended."""

    COMPLETED = "completed"
    DECLINED = "declined"
    FAILED = "failed"
    REJECTED = "rejected"
    PARKED = "parked"
    STOPPED = "stopped"
    ABANDONED = "abandoned"


class AgentReport(Value):
    """What one agent did; every agent of a run has exactly one."""

    agent_id: str
    feature: str
    kind: Kind
    outcome: Outcome
    reasons: tuple[str, ...] = ()
    summary: str = ""
    branch: str | None = None
    commit: str | None = None
    change: Change | None = None
    evidence: Evidence | None = None
    landing: Landing | None = None
    pull_request: str | None = None
    ci: CiState | None = None
    reviewed_by: str | None = None
    cost: Usd = ZERO
    spending: Spending = Spending()
    runtime_seconds: float = 0.0
    failure: str | None = None
