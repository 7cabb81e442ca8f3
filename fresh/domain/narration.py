"""The sentences that people grep the log for."""

from __future__ import annotations

from fresh.domain.agent import AgentReport, Outcome, Ticket
from fresh.domain.approval import Question
from fresh.domain.money import Usd
from fresh.domain.phase import Phase


def began(ticket: Ticket) -> str:
    """Say that an agent starts, on what and why."""
    why = ticket.reasons[0] if ticket.reasons else "picked by name"
    return f"Agent {ticket.agent_id} started {ticket.kind} of {ticket.feature.key}: {why}"


def moved(agent_id: str, phase: Phase, what: str = "") -> str:
    """Say that an agent is in another phase."""
    return f"Agent {agent_id} {phase}" + (f": {what}" if what else "")


def asked(question: Question) -> str:
    """Say that an agent waits for a person, and until when."""
    return f"Agent {question.agent_id} awaiting_user: {question.why}, until {question.deadline:%Y-%m-%d %H:%M} UTC"


def ended(report: AgentReport) -> str:
    """Say how an agent ended."""
    name = f"Agent {report.agent_id}"
    if report.outcome is Outcome.COMPLETED:
        return f"{name} completed {report.kind} of {report.feature}: {report.summary} ({report.pull_request})"
    if report.outcome is Outcome.FAILED:
        return f"{name} failed: {report.failure}"
    return f"{name} {report.outcome}: {report.failure or report.summary}"


def cost(spent: Usd, budget: Usd) -> str:
    """Say what was spent of what."""
    return f"Cost: {spent} / {budget}"
