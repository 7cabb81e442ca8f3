"""One agent: analyse, implement, test, ask, commit and open the pull request, complete."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from flows.attending import attended
from flows.following import follow
from flows.questioning import ask_architecture, ask_person
from flows.stopping import reason_to_stop
from fresh.domain.agent import AgentReport, Outcome, Ticket
from fresh.domain.approval import Answer, Decision, Why, why_ask
from fresh.domain.change import PolicyVerdict, Ruling
from fresh.domain.ci import feedback
from fresh.domain.evidence import Evidence, Verdict
from fresh.domain.phase import Phase
from fresh.domain.steps import Made
from fresh.domain.work import Plan, Work
from fresh.errors import ForgeRefused, ForgeUnclear, FreshError, Halted
from fresh.wiring import Toolbox, toolbox
from tasks.landing import catch_up, fit
from tasks.reporting import complete, ended_as, report_of
from tasks.showing import show_evidence, show_phase
from tasks.working import analyse, implement, offer_branch, publish, verify, verify_again

REPAIRS = 2
"""How often failing checks go back to the engine before a person is asked."""


@flow(
    name="agent",
    flow_run_name="{ticket.agent_id} {ticket.kind} {ticket.feature.name}",
    persist_result=False,
)
def agent(ticket: Ticket) -> State[None]:
    """Work one feature on one branch; entered again under the same ticket, it goes on where it was.

    Args:
        ticket: Everything that the agent needs to start, as its run wrote it down
    """
    tools = toolbox(Path(ticket.repository))
    run = str(flow_run.id)
    tools.journal.enter_agent(ticket.agent_id, run, flow_run.ui_url or "", tools.host, tools.clock.now())
    try:
        with (
            attended(tools, ticket),
            tools.observe(
                "agent", {"run": ticket.run_id, "agent": ticket.agent_id, "kind": ticket.kind.value}
            ),
        ):
            report = _work(tools, ticket)
    except Halted as halted:
        report = report_of(ticket, Outcome.STOPPED, failure=halted.message)
    except FreshError as trouble:
        report = report_of(ticket, Outcome.FAILED, failure=trouble.in_full)
    except Exception as defect:
        tools.log.exception("Agent %s broke", ticket.agent_id)
        report = report_of(ticket, Outcome.FAILED, failure=f"{type(defect).__name__}: {defect}")
    standing = complete(ticket, report)
    show_phase(ticket, Phase(standing.outcome.value))
    return _state(standing)


def _state(report: AgentReport) -> State[None]:
    words = report.failure or report.summary
    if report.outcome is Outcome.FAILED:
        return Failed(message=words)
    return Completed(name=report.outcome.value.capitalize(), message=words)


@dataclass(frozen=True)
class _Round:
    """One pass from implementing to a decision. `base` is where the base has moved to since the ticket was written,
    `red` what is published already and whose checks this round answers."""

    ordinal: int = 0
    repairs: int = 0
    feedback: Evidence | None = None
    asked: str = ""
    offered: str | None = None
    base: str | None = None
    red: AgentReport | None = None


def _first(ticket: Ticket) -> _Round:
    """Begin with nothing asked, or with what a reviewer asked for on a branch that stands already."""
    if ticket.revision is None:
        return _Round()
    return _Round(asked=ticket.revision.asked, offered=ticket.revision.standing)


def _work(tools: Toolbox, ticket: Ticket) -> AgentReport:
    show_phase(ticket, Phase.ANALYZING)
    analysis = analyse(ticket)
    if analysis.plan is None:
        return report_of(ticket, Outcome.DECLINED, failure=analysis.declined)
    first = _first(ticket)
    outcome: AgentReport | _Round = first
    if analysis.plan.decision_needed is not None:
        outcome = _decide(tools, ticket, first, analysis.plan.decision_needed)
    while isinstance(this := outcome, _Round):
        if (why := reason_to_stop(tools, ticket.run_id, ticket.agent_id)) is not None:
            return report_of(ticket, Outcome.STOPPED, failure=f"Stopped, because {why}.", commit=this.offered)
        outcome = _pass(tools, ticket, analysis.plan, this)
        if isinstance(outcome, AgentReport):
            outcome = _follow(tools, ticket, this, outcome)
    return this


def _follow(tools: Toolbox, ticket: Ticket, this: _Round, report: AgentReport) -> AgentReport | _Round:
    """Follow the checks of what was published; red ones that the change is to blame for are answered once."""
    if report.outcome is not Outcome.COMPLETED or report.evidence is None:
        return report if this.red is None else _still_red(this.red, report)
    evidence = report.evidence
    judged = ticket.model_copy(update={"base": evidence.base, "revision": None})
    state = follow(tools, judged, report, this.ordinal)
    if state is None:
        return report
    report = report.model_copy(update={"ci": state.model_copy(update={"repaired": this.red is not None})})
    is_over = reason_to_stop(tools, ticket.run_id, ticket.agent_id) is not None
    if not state.blamed or this.red is not None or is_over:
        return report
    moved = evidence.base if evidence.base != ticket.judged.base else None
    return _Round(
        ordinal=this.ordinal + 1,
        repairs=REPAIRS,
        feedback=feedback(evidence, state),
        offered=report.commit,
        base=moved,
        red=report,
    )


def _still_red(published: AgentReport, tried: AgentReport) -> AgentReport:
    """Keep what is published where a try to repair it came to nothing; one that waits for somebody is parked with it."""
    if tried.outcome is Outcome.PARKED:
        return tried.model_copy(update={"pull_request": published.pull_request, "ci": published.ci})
    why = tried.failure or tried.summary or "it came to nothing"
    ci = published.ci and published.ci.model_copy(update={"note": f"a repair was tried: {why.rstrip('.')}"})
    return published.model_copy(update={"ci": ci})


def _pass(tools: Toolbox, ticket: Ticket, plan: Plan, this: _Round) -> AgentReport | _Round:
    """Go once from implementing to a decision; return the end, or the next round."""
    if this.base is not None:
        ticket = ticket.model_copy(update={"base": this.base})
    show_phase(ticket, Phase.IMPLEMENTING)
    made = implement(ticket, plan, this.ordinal, this.feedback, this.asked)
    if made.refused is not None:
        return report_of(ticket, Outcome.FAILED, failure=made.refused)
    if made.work is not None and made.work.question is not None:
        return _decide(tools, ticket, this, made.work.question, made.commit)
    if made.commit is None or made.work is None:
        return _out_of_ideas(tools, ticket, plan, this, made)
    if (stop := reason_to_stop(tools, ticket.run_id, ticket.agent_id)) is not None:
        return _kept(ticket, this, made.commit, made.work, Outcome.STOPPED, f"Stopped, because {stop}.")
    if made.work.unfinished is not None:
        return _kept(ticket, this, made.commit, made.work, Outcome.FAILED, made.work.unfinished)
    show_phase(ticket, Phase.TESTING)
    ticket, work = ticket.judged, made.work
    evidence = verify(ticket, made.commit, work, this.ordinal)
    if _is_good(evidence) and ticket.revision is None:
        caught = catch_up(ticket, made.commit, this.ordinal)
        if caught.base != ticket.base:
            this = replace(this, base=caught.base)
            ticket = ticket.model_copy(update={"base": caught.base})
            made = made.model_copy(update={"commit": caught.commit})
            evidence = verify_again(ticket, caught.commit, work, this.ordinal)
    return _judge(tools, ticket, plan, this, made, evidence)


def _is_good(evidence: Evidence) -> bool:
    return evidence.verdict is Verdict.EARNED and evidence.policy.ruling is not Ruling.BLOCK


def _judge(
    tools: Toolbox, ticket: Ticket, plan: Plan, this: _Round, made: Made, evidence: Evidence
) -> AgentReport | _Round:
    """Repair, ask or publish, by what the evidence says."""
    if made.commit is None or made.work is None:
        raise ValueError("evidence is of a commit")
    show_evidence(ticket, evidence)
    blocked = evidence.policy.ruling is Ruling.BLOCK
    if (blocked or evidence.verdict is Verdict.FAILED) and this.repairs < REPAIRS:
        return replace(this, ordinal=this.ordinal + 1, repairs=this.repairs + 1, feedback=evidence)
    report = _judged(tools, ticket, made.commit, made.work, evidence)
    if blocked:
        return _blocked(report, this)
    if this.red is not None and not _is_good(evidence):
        return ended_as(report, Outcome.FAILED, "its own checks fail")
    if _is_good(evidence):
        landing = fit(ticket, made.commit, 2 * this.ordinal)
        report = report.model_copy(update={"landing": landing})
    why = why_ask(evidence, ticket.order.approval)
    if why is None:
        if this.offered is not None:
            offered = offer_branch(ticket, made.commit, this.ordinal, this.offered)
            if offered.withheld is not None:
                return _blocked(report, this, offered.withheld)
        return _publish(tools, ticket, plan, this, report, made.work)
    return _settle(tools, ticket, plan, this, why, report, made.work)


def _decide(
    tools: Toolbox, ticket: Ticket, this: _Round, question: str, commit: str | None = None
) -> AgentReport | _Round:
    """Ask a person what only a person can decide; the answer goes to the engine in the next round."""
    if commit is not None:
        commit = offer_branch(ticket, commit, this.ordinal, this.offered).commit
        this = replace(this, offered=commit or this.offered)
    show_phase(ticket, Phase.AWAITING_USER)
    answered = ask_architecture(tools, ticket, this.ordinal, question, commit)
    if isinstance(answered, AgentReport):
        return answered
    return replace(this, ordinal=this.ordinal + 1, feedback=None, asked=answered)


def _out_of_ideas(
    tools: Toolbox, ticket: Ticket, plan: Plan, this: _Round, made: Made
) -> AgentReport | _Round:
    """The engine gave up: at once that is a refusal; after failed checks a person is asked."""
    declined = made.declined or "The engine made no change."
    if this.feedback is None or this.red is not None:
        return report_of(ticket, Outcome.DECLINED, failure=declined)
    work = Work(
        summary=f"The checks of {this.feedback.commit[:10]} fail, and the engine is out of ideas: {declined}"
    )
    report = _judged(tools, ticket, this.feedback.commit, work, this.feedback)
    if this.feedback.policy.ruling is Ruling.BLOCK:
        return _blocked(report, this)
    return _settle(tools, ticket, plan, this, Why.CHECKS_FAIL, report, work)


def _kept(ticket: Ticket, this: _Round, commit: str, work: Work, outcome: Outcome, why: str) -> AgentReport:
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


def _blocked(report: AgentReport, this: _Round, why: str | None = None) -> AgentReport:
    """End with what policy forbids: nobody is asked, and the commit never reaches the operator's repository."""
    reasons = "; ".join(report.evidence.policy.reasons) if report.evidence is not None else ""
    ended = ended_as(report, Outcome.FAILED, why or f"Policy blocks the change: {reasons}")
    return ended.model_copy(update={"branch": ended.branch if this.offered else None, "commit": this.offered})


def _settle(
    tools: Toolbox, ticket: Ticket, plan: Plan, this: _Round, why: Why, report: AgentReport, work: Work
) -> AgentReport | _Round:
    """Ask, and carry out what was decided."""
    if report.commit is None or report.evidence is None:
        raise ValueError("a question needs a judged commit")
    offered = offer_branch(ticket, report.commit, this.ordinal, this.offered)
    if offered.withheld is not None:
        return _blocked(report, this, offered.withheld)
    this = replace(this, offered=report.commit)
    show_phase(ticket, Phase.AWAITING_USER)
    decision = ask_person(tools, ticket, why, this.ordinal, report)
    if decision is None:
        return ended_as(report, Outcome.PARKED, "Nobody has answered yet; approve it and resume the run.")
    match decision.answer:
        case Answer.CHANGES:
            return replace(this, ordinal=this.ordinal + 1, repairs=0, feedback=None, asked=decision.text)
        case Answer.REJECTED:
            return ended_as(report, Outcome.REJECTED, f"Rejected by {decision.by}. {decision.text}".strip())
        case Answer.STOPPED:
            return ended_as(report, Outcome.STOPPED, f"Stopped by {decision.by}; the branch is kept.")
        case Answer.APPROVED | Answer.EXPIRED if why is Why.CHECKS_FAIL:
            failing = "; ".join(check.fact for check in report.evidence.failures) or work.summary
            return ended_as(report, Outcome.ABANDONED, f"Checks fail, so no pull request: {failing}")
        case Answer.APPROVED:
            fitted = _fitted(ticket, _reviewed(report, decision), this)
            return _publish(tools, ticket, plan, this, fitted, work)
        case Answer.EXPIRED:
            return _publish(tools, ticket, plan, this, _fitted(ticket, report, this), work)


def _fitted(ticket: Ticket, report: AgentReport, this: _Round) -> AgentReport:
    """Look again at what moved while a person thought: what was approved is that very commit, so it is not rebased."""
    if report.commit is None:
        return report
    return report.model_copy(update={"landing": fit(ticket, report.commit, 2 * this.ordinal + 1)})


def _publish(
    tools: Toolbox, ticket: Ticket, plan: Plan, this: _Round, report: AgentReport, work: Work
) -> AgentReport | _Round:
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
    this: _Round,
    report: AgentReport,
    work: Work,
    verdict: PolicyVerdict,
) -> AgentReport | _Round:
    """Put a judged commit to a person under what policy says of it now, or end where that is a block."""
    if report.evidence is None:
        raise ValueError("nothing is published without evidence")
    evidence = report.evidence.model_copy(update={"policy": verdict})
    again = report.model_copy(update={"evidence": evidence, "reviewed_by": None})
    if verdict.ruling is Ruling.BLOCK:
        return _blocked(again, this)
    return _settle(tools, ticket, plan, this, Why.POLICY, again, work)


def _judged(tools: Toolbox, ticket: Ticket, commit: str, work: Work, evidence: Evidence) -> AgentReport:
    return report_of(ticket, Outcome.COMPLETED, summary=work.summary, commit=commit).model_copy(
        update={"evidence": evidence, "change": tools.workspace.change(ticket.base, commit)}
    )


def _reviewed(report: AgentReport, decision: Decision) -> AgentReport:
    return report.model_copy(update={"reviewed_by": f"{decision.by} (through {decision.through})"})
