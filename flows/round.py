"""One pass of an agent from implementing to a decision, and the ends that it can come to."""

from __future__ import annotations

from dataclasses import dataclass

from fresh.domain.agent import AgentReport, Outcome, Ticket
from fresh.domain.approval import Decision, Why
from fresh.domain.change import Ruling
from fresh.domain.evidence import Evidence, Verdict
from fresh.domain.work import Work
from fresh.wiring import Toolbox
from tasks.reporting import ended_as, report_of
from tasks.working import offer_branch

REPAIRS = 2
"""How often failing checks go back to the engine before a person is asked."""


@dataclass(frozen=True)
class Judged:
    """A change that was put to a person, with why."""

    why: Why
    report: AgentReport
    work: Work


@dataclass(frozen=True)
class Round:
    """One pass from implementing to a decision. `base` is where the base has moved to since the ticket was written,
    `red` what is published already and whose checks this round answers, `before` what changes were asked of."""

    ordinal: int = 0
    repairs: int = 0
    feedback: Evidence | None = None
    asked: str = ""
    offered: str | None = None
    base: str | None = None
    red: AgentReport | None = None
    before: Judged | None = None


def first_round(ticket: Ticket) -> Round:
    """Begin with nothing asked, or with what a reviewer asked for on a branch that stands already."""
    if ticket.revision is None:
        return Round()
    return Round(asked=ticket.revision.asked, offered=ticket.revision.standing)


def is_good(evidence: Evidence) -> bool:
    """Tell whether a change has earned its place, and nothing forbids it."""
    return evidence.verdict is Verdict.EARNED and evidence.policy.ruling is not Ruling.BLOCK


def kept(ticket: Ticket, this: Round, commit: str, work: Work, outcome: Outcome, why: str) -> AgentReport:
    """End with work that nobody has judged: it is kept on the branch, unless policy blocks it.

    Under a pull request the branch stays as it was published: an unjudged commit has no business there.
    """
    if this.red is not None:
        return report_of(ticket, outcome, summary=work.summary, failure=why, commit=this.offered)
    offered = offer_branch(ticket, commit, this.ordinal, this.offered)
    fate = offered.withheld or "Its work is kept on its branch."
    return report_of(
        ticket,
        outcome,
        summary=work.summary,
        failure=f"{why} {fate}",
        commit=offered.commit or this.offered,
    )


def blocked_by(report: AgentReport, this: Round, why: str | None = None) -> AgentReport:
    """End with what policy forbids: nobody is asked, and the commit never reaches the operator's repository."""
    reasons = "; ".join(report.evidence.policy.reasons) if report.evidence is not None else ""
    ended = ended_as(report, Outcome.FAILED, why or f"Policy blocks the change: {reasons}")
    return ended.model_copy(update={"branch": ended.branch if this.offered else None, "commit": this.offered})


def still_red(published: AgentReport, tried: AgentReport) -> AgentReport:
    """Keep what is published where a try to repair it came to nothing; one that waits for somebody is parked with it."""
    if tried.outcome is Outcome.PARKED:
        return tried.model_copy(update={"pull_request": published.pull_request, "ci": published.ci})
    why = tried.failure or tried.summary or "it came to nothing"
    ci = published.ci and published.ci.model_copy(update={"note": f"a repair was tried: {why.rstrip('.')}"})
    return published.model_copy(update={"ci": ci})


def judged(tools: Toolbox, ticket: Ticket, commit: str, work: Work, evidence: Evidence) -> AgentReport:
    """Report a commit as completed, with its evidence and what it changes; what becomes of it is not said yet."""
    return report_of(ticket, Outcome.COMPLETED, summary=work.summary, commit=commit).model_copy(
        update={"evidence": evidence, "change": tools.workspace.change(ticket.base, commit)}
    )


def reviewed(report: AgentReport, decision: Decision) -> AgentReport:
    """Say in the report who approved it, and through what."""
    return report.model_copy(update={"reviewed_by": f"{decision.by} (through {decision.through})"})
