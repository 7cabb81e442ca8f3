"""What a person is asked, in Markdown: what changed, the evidence, what the clock will do, how to try it."""

from __future__ import annotations

from datetime import UTC, datetime

from fresh.domain.agent import AgentReport, Ticket
from fresh.domain.approval import OnDeadline, Why, on_deadline
from fresh.domain.evidence import CheckState
from fresh.domain.landing import obstacles
from fresh.domain.quoting import code, prose

OPENING = {
    Why.READY: "Agent completed work, please test branch",
    Why.CHECKS_FAIL: "Checks fail and the agent is out of ideas on branch",
    Why.ARCHITECTURE: "A decision of architecture is needed on branch",
    Why.POLICY: "A person must look at branch",
}
SILENCE = {
    OnDeadline.CONTINUE_AS_DRAFT: "it is published as a draft marked unreviewed",
    OnDeadline.ABANDON: "it is abandoned and its branch kept",
    OnDeadline.PARK: "it is parked until somebody answers",
}
MARKS = {CheckState.PASSED: "✅", CheckState.FAILED: "❌", CheckState.NOT_RUN: "➖"}


LONGEST_QUESTION = 2000
MOST_PATHS = 20


def architecture_summary(ticket: Ticket, question: str) -> str:
    """Say what the agent wants to know, and how it is answered."""
    return (
        f'asks: {prose(question, LONGEST_QUESTION)}\n\nAnswer it with `fresh auto changes {ticket.agent_id} "..."`;'
        " approving lets the agent go on as it thinks best."
    )


def question_text(ticket: Ticket, why: Why, report: AgentReport, deadline: datetime) -> str:
    """Write the question that a person reads in every door."""
    summary = report.summary if why is Why.ARCHITECTURE else prose(report.summary)
    lines = [
        f"{OPENING[why]} {ticket.branch}",
        "",
        f"**{ticket.kind} of {code(ticket.feature.key)}** {summary}",
        "",
    ]
    if report.change is not None:
        paths = report.change.paths
        files = ", ".join(code(path) for path in paths[:MOST_PATHS])
        files += f" and {len(paths) - MOST_PATHS} more" if len(paths) > MOST_PATHS else ""
        lines.append(f"- Change: +{report.change.added} −{report.change.removed} in {files}")
    if report.evidence is not None:
        lines += [
            f"- {MARKS[check.state]} {prose(check.name)}: {prose(check.fact)}"
            for check in report.evidence.checks
        ]
        lines += [
            f"- {prose(figure.name)}: {prose(figure.base)} on base, {prose(figure.head)} now"
            for figure in report.evidence.figures
        ]
        ruling = report.evidence.policy
        lines += [f"- Policy says {ruling.ruling}: {prose(reason)}" for reason in ruling.reasons]
    if report.landing is not None:
        lines += [f"- ⚠️ As it is, {obstacle}" for obstacle in obstacles(report.landing)]
    lines.append(f"- Cost: {report.cost} of {ticket.order.cap}")
    if report.commit is not None:
        lines.append(f"- Commit: `{report.commit}`")
        lines.append(f"- Try it: `git switch {ticket.branch}`, or look: `fresh auto diff {ticket.agent_id}`")
    until = deadline.astimezone(UTC)
    lines.append(f"- Without an answer until {until:%Y-%m-%d %H:%M} UTC {SILENCE[on_deadline(why)]}.")
    return "\n".join(lines)
