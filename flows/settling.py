"""What becomes of a change that was judged: repaired, asked about, published."""

from __future__ import annotations

from dataclasses import replace

from flows.questioning import ask_architecture, ask_person
from flows.round import REPAIRS, Judged, Round, blocked_by, is_good, judged, reviewed
from fresh.domain.agent import AgentReport, Outcome, Ticket
from fresh.domain.approval import Answer, Why, why_ask
from fresh.domain.change import PolicyVerdict, Ruling
from fresh.domain.evidence import Evidence, Verdict
from fresh.domain.phase import Phase
from fresh.domain.steps import Made
from fresh.domain.work import Plan, Work
from fresh.errors import ForgeRefused, ForgeUnclear
from fresh.wiring import Toolbox
from tasks.landing import fit
from tasks.reporting import ended_as, report_of
from tasks.showing import show_evidence, show_phase
from tasks.working import offer_branch, publish


def judge(
    tools: Toolbox, ticket: Ticket, plan: Plan, this: Round, made: Made, evidence: Evidence
) -> AgentReport | Round:
    """Repair, ask or publish, by what the evidence says."""
    if made.commit is None or made.work is None:
        raise ValueError("evidence is of a commit")
    show_evidence(ticket, evidence)
    blocked = evidence.policy.ruling is Ruling.BLOCK
    if (blocked or evidence.verdict is Verdict.FAILED) and this.repairs < REPAIRS:
        return replace(this, ordinal=this.ordinal + 1, repairs=this.repairs + 1, feedback=evidence)
    report = judged(tools, ticket, made.commit, made.work, evidence)
    if blocked:
        return blocked_by(report, this)
    if this.red is not None and not is_good(evidence):
        return ended_as(report, Outcome.FAILED, "its own checks fail")
    if is_good(evidence):
        landing = fit(ticket, made.commit, 2 * this.ordinal)
        report = report.model_copy(update={"landing": landing})
    why = why_ask(evidence, ticket.order.approval)
    if why is None:
        if this.offered is not None:
            offered = offer_branch(ticket, made.commit, this.ordinal, this.offered)
            if offered.withheld is not None:
                return blocked_by(report, this, offered.withheld)
        return _publish(tools, ticket, plan, this, report, made.work)
    return _settle(tools, ticket, plan, this, why, report, made.work)


def decide(
    tools: Toolbox, ticket: Ticket, this: Round, question: str, commit: str | None = None
) -> AgentReport | Round:
    """Ask a person what only a person can decide; the answer goes to the engine in the next round."""
    if commit is not None:
        commit = offer_branch(ticket, commit, this.ordinal, this.offered).commit
        this = replace(this, offered=commit or this.offered)
    show_phase(ticket, Phase.AWAITING_USER)
    answered = ask_architecture(tools, ticket, this.ordinal, question, commit)
    if isinstance(answered, AgentReport):
        return answered
    return replace(this, ordinal=this.ordinal + 1, feedback=None, asked=answered)


def out_of_ideas(tools: Toolbox, ticket: Ticket, plan: Plan, this: Round, made: Made) -> AgentReport | Round:
    """The engine gave up: at once that is a refusal; after failed checks a person is asked.

    Where a person asked for changes that the engine can't make, what they were asked about is put to them again.
    """
    declined = made.declined or "The engine made no change."
    if (before := this.before) is not None and this.feedback is None:
        told = f"What was asked for can't be done: {declined} {before.report.summary}"
        report = before.report.model_copy(update={"summary": told})
        return _settle(
            tools, ticket.judged, plan, replace(this, before=None), before.why, report, before.work
        )
    if this.feedback is None or this.red is not None:
        return report_of(ticket, Outcome.DECLINED, failure=declined)
    work = Work(
        summary=f"The checks of {this.feedback.commit[:10]} fail, and the engine is out of ideas: {declined}"
    )
    report = judged(tools, ticket, this.feedback.commit, work, this.feedback)
    if this.feedback.policy.ruling is Ruling.BLOCK:
        return blocked_by(report, this)
    return _settle(tools, ticket, plan, this, Why.CHECKS_FAIL, report, work)


def _settle(
    tools: Toolbox, ticket: Ticket, plan: Plan, this: Round, why: Why, report: AgentReport, work: Work
) -> AgentReport | Round:
    """Ask, and carry out what was decided."""
    if report.commit is None or report.evidence is None:
        raise ValueError("a question needs a judged commit")
    offered = offer_branch(ticket, report.commit, this.ordinal, this.offered)
    if offered.withheld is not None:
        return blocked_by(report, this, offered.withheld)
    this = replace(this, offered=report.commit)
    show_phase(ticket, Phase.AWAITING_USER)
    decision = ask_person(tools, ticket, why, this.ordinal, report)
    if decision is None:
        return ended_as(report, Outcome.PARKED, "Nobody has answered yet; approve it and resume the run.")
    match decision.answer:
        case Answer.CHANGES:
            before = Judged(why, report, work)
            this = replace(this, ordinal=this.ordinal + 1, repairs=0, feedback=None, before=before)
            return replace(this, asked=decision.text)
        case Answer.REJECTED:
            return ended_as(report, Outcome.REJECTED, f"Rejected by {decision.by}. {decision.text}".strip())
        case Answer.STOPPED:
            return ended_as(report, Outcome.STOPPED, f"Stopped by {decision.by}; the branch is kept.")
        case Answer.APPROVED | Answer.EXPIRED if why is Why.CHECKS_FAIL:
            failing = "; ".join(check.fact for check in report.evidence.failures) or work.summary
            return ended_as(report, Outcome.ABANDONED, f"Checks fail, so no pull request: {failing}")
        case Answer.APPROVED:
            fitted = _fitted(ticket, reviewed(report, decision), this)
            return _publish(tools, ticket, plan, this, fitted, work)
        case Answer.EXPIRED:
            return _publish(tools, ticket, plan, this, _fitted(ticket, report, this), work)


def _fitted(ticket: Ticket, report: AgentReport, this: Round) -> AgentReport:
    """Look again at what moved while a person thought: what was approved is that very commit, so it is not rebased."""
    if report.commit is None:
        return report
    return report.model_copy(update={"landing": fit(ticket, report.commit, 2 * this.ordinal + 1)})


def _publish(
    tools: Toolbox, ticket: Ticket, plan: Plan, this: Round, report: AgentReport, work: Work
) -> AgentReport | Round:
    """Publish what was judged. When policy says more of it by now, no earlier answer counts any more."""
    show_phase(ticket, Phase.COMMITTING)
    try:
        published = publish(ticket, report, plan, work, 0 if this.red is None else this.ordinal)
    except (ForgeRefused, ForgeUnclear) as trouble:
        later = f"{trouble.in_full} The change is kept; fresh auto resume publishes it."
        return ended_as(report, Outcome.PARKED, later)
    if isinstance(published, PolicyVerdict):
        return _reconsider(tools, ticket, plan, this, report, work, published)
    return report.model_copy(
        update={
            "outcome": Outcome.COMPLETED,
            "pull_request": published.pull_request,
            "summary": f"{report.summary} {published.note}".strip(),
            "branch": published.branch,
        }
    )


def _reconsider(
    tools: Toolbox,
    ticket: Ticket,
    plan: Plan,
    this: Round,
    report: AgentReport,
    work: Work,
    verdict: PolicyVerdict,
) -> AgentReport | Round:
    """Put a judged commit to a person under what policy says of it now, or end where that is a block."""
    if report.evidence is None:
        raise ValueError("nothing is published without evidence")
    evidence = report.evidence.model_copy(update={"policy": verdict})
    again = report.model_copy(update={"evidence": evidence, "reviewed_by": None})
    if verdict.ruling is Ruling.BLOCK:
        return blocked_by(again, this)
    return _settle(tools, ticket, plan, this, Why.POLICY, again, work)
