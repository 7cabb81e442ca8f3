"""What an agent puts to a person, and what becomes of the answer."""

from __future__ import annotations

from datetime import timedelta

from flows.approving import ask
from fresh.domain.agent import AgentReport, Outcome, Ticket
from fresh.domain.approval import Answer, Decision, Question, Why
from fresh.domain.identity import question_id
from fresh.domain.particulars import particulars_of
from fresh.domain.questions import architecture_summary, question_text
from fresh.domain.stops import answer_by
from fresh.wiring import Toolbox
from tasks.reporting import ended_as, report_of

GO_ON = "Go on as you think best."


def ask_person(
    tools: Toolbox, ticket: Ticket, why: Why, ordinal: int, report: AgentReport
) -> Decision | None:
    """Ask about one round of work; None means that it is left open and the agent is parked.

    The answer counts for this commit, under this verdict of policy, and for nothing else.
    """
    now, record = tools.clock.now(), tools.journal.run(ticket.run_id)
    deadline = answer_by(record, now + timedelta(minutes=ticket.order.approval_timeout))
    ruled = report.evidence.policy.seal if report.evidence is not None else ""
    subject = (report.commit, ruled) if report.commit is not None else ()
    question = Question(
        id=question_id(ticket.agent_id, why, ordinal, subject),
        run_id=ticket.run_id,
        agent_id=ticket.agent_id,
        why=why,
        text=question_text(ticket, why, report, deadline),
        commit=report.commit,
        asked_at=now,
        deadline=deadline,
        particulars=particulars_of(ticket, why, report),
    )
    return ask(tools, question)


def ask_architecture(
    tools: Toolbox, ticket: Ticket, ordinal: int, question: str, commit: str | None
) -> str | AgentReport:
    """Ask what only a person can decide; return the words for the engine, or how the agent ended."""
    summary = architecture_summary(ticket, question)
    report = report_of(ticket, Outcome.PARKED, summary=summary, commit=commit)
    decision = ask_person(tools, ticket, Why.ARCHITECTURE, ordinal, report)
    if decision is None:
        return ended_as(
            report, Outcome.PARKED, "Nobody has answered its question yet; answer and resume the run."
        )
    match decision.answer:
        case Answer.APPROVED:
            return " ".join(filter(None, (GO_ON, decision.text)))
        case Answer.CHANGES:
            return decision.text or GO_ON
        case Answer.REJECTED:
            return ended_as(report, Outcome.REJECTED, f"Rejected by {decision.by}. {decision.text}".strip())
        case Answer.STOPPED:
            return ended_as(report, Outcome.STOPPED, f"Stopped by {decision.by} while its question stood.")
        case Answer.EXPIRED:
            return ended_as(report, Outcome.ABANDONED, "Nobody answered its question in time.")
