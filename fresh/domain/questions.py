"""What a person is asked, in Markdown: what changed, the evidence, what the clock will do, how to try it."""

from __future__ import annotations

from fresh.domain.agent import AgentReport, Ticket
from fresh.domain.approval import OnDeadline, Why, on_deadline
from fresh.domain.evidence import CheckState
from fresh.domain.landing import obstacles
from fresh.domain.quoting import prose

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


def architecture_summary(ticket: Ticket, question: str) -> str:
    """Say what the agent wants to know, and how it is answered."""
    return (
        f'asks: {prose(question, LONGEST_QUESTION)}\n\nAnswer it with `fresh auto changes {ticket.agent_id} "..."`;'
        " approving lets the agent go on as it thinks best."
    )


def question_text(ticket: Ticket, why: Why, report: AgentReport) -> str:
    """Write the question that a person reads in every door."""
    lines = [
        f"{OPENING[why]} {ticket.branch}",
        "",
        f"**{ticket.kind} of `{ticket.feature.key}`** {report.summary}",
        "",
    ]
    if report.change is not None:
        files = ", ".join(f"`{path}`" for path in report.change.paths)
        lines.append(f"- Change: +{report.change.added} −{report.change.removed} in {files}")
    if report.evidence is not None:
        lines += [f"- {MARKS[check.state]} {check.name}: {check.fact}" for check in report.evidence.checks]
        ruling = report.evidence.policy
        lines += [f"- Policy says {ruling.ruling}: {reason}" for reason in ruling.reasons]
    if report.landing is not None:
        lines += [f"- ⚠️ As it is, {obstacle}" for obstacle in obstacles(report.landing)]
    lines.append(f"- Cost: {report.cost} of {ticket.order.cap}")
    if report.commit is not None:
        lines.append(f"- Try it: `git switch {ticket.branch}`")
    lines += [
        f"- Without an answer in {ticket.order.approval_timeout:g} minutes {SILENCE[on_deadline(why)]}.",
    ]
    return "\n".join(lines)
