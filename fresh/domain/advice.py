"""What a report asks of a person: what needs them, the riskiest first, and what to do differently next time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from fresh.domain.agent import AgentReport, Outcome
from fresh.domain.change import Ruling
from fresh.domain.evidence import Verdict
from fresh.domain.money import ZERO
from fresh.domain.report import RunReport
from fresh.domain.stopping import WhyStopped

OFTEN = 3
"""So many endings for the same reason are worth a sentence."""

DEAR = 0.25
"""Share of the cost that changes which did not land may take before it is said."""


@dataclass(frozen=True)
class Need:
    """One change that a person should look at; a higher risk comes first."""

    agent: AgentReport
    risk: int
    why: str


def needs_you(report: RunReport) -> tuple[Need, ...]:
    """List what waits for a person and what landed unreviewed, by risk; among equals the larger change first."""
    needs = [need for agent in report.agents if (need := _need(agent)) is not None]
    return tuple(sorted(needs, key=lambda need: (-need.risk, -_size(need.agent), need.agent.agent_id)))


def sentence(need: Need) -> str:
    """Say one of them on a line."""
    agent = need.agent
    how = f"`fresh auto diff {agent.agent_id}`"
    if agent.outcome is Outcome.PARKED:
        how += f", then `fresh auto approve {agent.agent_id}` or `reject`"
    return f"{agent.agent_id}, {agent.kind} of {agent.feature}: {need.why}. {how}"


def _need(agent: AgentReport) -> Need | None:
    policy = agent.evidence is not None and agent.evidence.policy.ruling is Ruling.NEEDS_HUMAN
    failing = agent.evidence is not None and agent.evidence.verdict is Verdict.FAILED
    if agent.outcome is Outcome.PARKED:
        if policy:
            return Need(agent, 4, "policy wants a person to see it")
        return Need(agent, 3, "checks fail" if failing else "it waits for an answer")
    if agent.outcome is Outcome.ABANDONED and failing:
        return Need(agent, 1, "its checks fail and nobody answered; the branch is kept")
    if agent.outcome is Outcome.COMPLETED and agent.reviewed_by is None:
        return Need(agent, 2, "it was published, and nobody has reviewed it")
    return None


def _size(agent: AgentReport) -> int:
    return agent.change.added + agent.change.removed if agent.change is not None else 0


def advice(report: RunReport) -> tuple[str, ...]:
    """Say what to do differently, from what happened alone."""
    told = [*_on_the_end(report), *_on_money(report), *_on_reasons(report)]
    waited = [agent for agent in report.agents if agent.outcome in (Outcome.PARKED, Outcome.ABANDONED)]
    if len(waited) >= 2 and len(waited) * 3 >= len(report.agents):
        told.append(
            f"{len(waited)} of {len(report.agents)} agents waited for nobody: raise `--approval-timeout`, or answer"
            " from Slack."
        )
    return tuple(told)


def _on_the_end(report: RunReport) -> list[str]:
    order = report.order
    match report.stopped:
        case WhyStopped.BUDGET:
            return [
                f"The budget of {order.budget} ended the run: raise `--budget`, or lower `--cap` ({order.cap})."
            ]
        case WhyStopped.HOURS:
            return [
                f"Its {order.hours:g} hours ended the run: raise `--hours`, or `--agents` ({order.agents})."
            ]
        case WhyStopped.NOTHING_WORTHWHILE if not report.agents:
            return ["Nothing was worth doing: name what you want with `--feature` or `--kind`."]
        case WhyStopped.DIED | WhyStopped.FORCED:
            return ["It did not end by itself: what its agents had begun is on their branches, or lost."]
        case _:
            return []


def _on_money(report: RunReport) -> list[str]:
    lost = sum((agent.cost for agent in report.agents if agent.outcome is not Outcome.COMPLETED), start=ZERO)
    if report.cost > ZERO and lost.micros > report.cost.micros * DEAR:
        share = lost.micros / report.cost.micros
        return [
            f"{lost} of {report.cost} ({share:.0%}) went into changes that did not land: try `--strategy safest`."
        ]
    return []


def _on_reasons(report: RunReport) -> list[str]:
    reasons = Counter(
        (agent.outcome, agent.failure.partition(":")[0])
        for agent in report.agents
        if agent.failure and agent.outcome in (Outcome.FAILED, Outcome.DECLINED)
    )
    return [
        f"{number} agents {outcome} for the same reason: {reason}."
        for (outcome, reason), number in reasons.most_common(3)
        if number >= OFTEN
    ]
