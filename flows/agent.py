"""One agent: analyse, implement, test, ask, commit and open the pull request, complete."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from flows.attending import attended
from flows.following import follow
from flows.round import REPAIRS, Round, first_round, is_good, kept, still_red
from flows.settling import decide, judge, out_of_ideas
from flows.stopping import reason_to_stop
from fresh.domain.agent import AgentReport, Outcome, Ticket
from fresh.domain.ci import feedback
from fresh.domain.phase import Phase
from fresh.domain.work import Plan
from fresh.errors import FreshError, Halted
from fresh.wiring import Toolbox, toolbox
from tasks.landing import catch_up
from tasks.reporting import complete, report_of
from tasks.showing import show_phase
from tasks.working import analyse, implement, verify, verify_again


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


def _work(tools: Toolbox, ticket: Ticket) -> AgentReport:
    show_phase(ticket, Phase.ANALYZING)
    analysis = analyse(ticket)
    if analysis.plan is None:
        return report_of(ticket, Outcome.DECLINED, failure=analysis.declined)
    first = first_round(ticket)
    outcome: AgentReport | Round = first
    if analysis.plan.decision_needed is not None:
        outcome = decide(tools, ticket, first, analysis.plan.decision_needed)
    while isinstance(this := outcome, Round):
        if (why := reason_to_stop(tools, ticket.run_id, ticket.agent_id)) is not None:
            return report_of(ticket, Outcome.STOPPED, failure=f"Stopped, because {why}.", commit=this.offered)
        outcome = _pass(tools, ticket, analysis.plan, this)
        if isinstance(outcome, AgentReport):
            outcome = _follow(tools, ticket, this, outcome)
    return this


def _follow(tools: Toolbox, ticket: Ticket, this: Round, report: AgentReport) -> AgentReport | Round:
    """Follow the checks of what was published; red ones that the change is to blame for are answered once."""
    if report.outcome is not Outcome.COMPLETED or report.evidence is None:
        return report if this.red is None else still_red(this.red, report)
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
    return Round(
        ordinal=this.ordinal + 1,
        repairs=REPAIRS,
        feedback=feedback(evidence, state),
        offered=report.commit,
        base=moved,
        red=report,
    )


def _pass(tools: Toolbox, ticket: Ticket, plan: Plan, this: Round) -> AgentReport | Round:
    """Go once from implementing to a decision; return the end, or the next round."""
    if this.base is not None:
        ticket = ticket.model_copy(update={"base": this.base})
    show_phase(ticket, Phase.IMPLEMENTING)
    made = implement(ticket, plan, this.ordinal, this.feedback, this.asked)
    if made.refused is not None:
        return report_of(ticket, Outcome.FAILED, failure=made.refused)
    if made.work is not None and made.work.question is not None:
        return decide(tools, ticket, this, made.work.question, made.commit)
    if made.commit is None or made.work is None:
        return out_of_ideas(tools, ticket, plan, this, made)
    if (stop := reason_to_stop(tools, ticket.run_id, ticket.agent_id)) is not None:
        return kept(ticket, this, made.commit, made.work, Outcome.STOPPED, f"Stopped, because {stop}.")
    if made.work.unfinished is not None:
        return kept(ticket, this, made.commit, made.work, Outcome.FAILED, made.work.unfinished)
    show_phase(ticket, Phase.TESTING)
    ticket, work = ticket.judged, made.work
    evidence = verify(ticket, made.commit, work, this.ordinal)
    if is_good(evidence) and ticket.revision is None:
        caught = catch_up(ticket, made.commit, this.ordinal)
        if caught.base != ticket.base:
            this = replace(this, base=caught.base)
            ticket = ticket.model_copy(update={"base": caught.base})
            made = made.model_copy(update={"commit": caught.commit})
            evidence = verify_again(ticket, caught.commit, work, this.ordinal)
    return judge(tools, ticket, plan, this, made, evidence)
