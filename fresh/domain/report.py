"""What one run did, for people and for machines; SCHEMA counts up when a key changes meaning or goes."""

from __future__ import annotations

from datetime import datetime

from fresh.domain.agent import AgentReport, Outcome
from fresh.domain.feature import Kind
from fresh.domain.landing import Integration
from fresh.domain.money import ZERO, Usd
from fresh.domain.order import EngineName, RunOrder
from fresh.domain.spending import Spending
from fresh.domain.stopping import WhyStopped
from fresh.domain.value import Value

SCHEMA = 1


class PassedOver(Value):
    """A feature that was looked at and not worked, and why."""

    feature: str
    kind: str
    reason: str


class RunReport(Value):
    """The report of one run; it holds every agent, the failed too."""

    schema_version: int = SCHEMA
    run_id: str
    repository: str
    base: str
    order: RunOrder
    engine: EngineName
    seed: int
    inventory_digest: str
    inventory_summary: dict[str, int]
    started_at: datetime
    ended_at: datetime
    stopped: WhyStopped
    cost: Usd = ZERO
    spending: Spending = Spending()
    agents: tuple[AgentReport, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()
    notes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    integration: Integration | None = None

    @property
    def runtime_seconds(self) -> float:
        """Wall time of the run."""
        return (self.ended_at - self.started_at).total_seconds()

    def ended(self, outcome: Outcome) -> tuple[AgentReport, ...]:
        """The agents that ended this way."""
        return tuple(agent for agent in self.agents if agent.outcome is outcome)

    @property
    def cost_by_kind(self) -> dict[Kind, Usd]:
        """What each kind of improvement cost, in the order of the kinds; those that cost nothing are left out."""
        costs = {
            kind: sum((agent.cost for agent in self.agents if agent.kind is kind), start=ZERO)
            for kind in Kind
        }
        return {kind: cost for kind, cost in costs.items() if cost > ZERO}

    @property
    def success_rate(self) -> float | None:
        """Completed agents as a share of all that did not decline; None when there were none."""
        tried = [agent for agent in self.agents if agent.outcome is not Outcome.DECLINED]
        return len(self.ended(Outcome.COMPLETED)) / len(tried) if tried else None
