"""The page of a pull request: what and why, the evidence, what it costs to trust it, how to try it."""

from __future__ import annotations

from fresh.domain.agent import AgentReport, Ticket
from fresh.domain.evidence import CheckState, Verdict
from fresh.domain.evidence_table import (
    check_details,
    check_rows,
    figure_rows,
    file_rows,
    policy_lines,
    policy_row,
)
from fresh.domain.landing import obstacles
from fresh.domain.quoting import block, code, plain, prose
from fresh.domain.work import Plan, Work

LONGEST_TITLE = 100


def page(ticket: Ticket, report: AgentReport, plan: Plan, work: Work) -> tuple[str, str]:
    """Write the title and the body in Markdown.

    Whatever stems from the repository or the engine is quoted so that it mentions nobody and closes nothing.
    """
    sections = (
        _opening(ticket, report, work),
        _evidence(report),
        _change(report),
        landing_lines(report),
        ["## Risks", "", *_bullets(plan.risks, "The agent's plan names none.")],
        _trying(ticket, work),
        [
            "## What was not checked",
            "",
            *_bullets(_unchecked(report, work), "Nothing that the agent knows of."),
        ],
        _origin(ticket, report),
    )
    body = "\n\n".join("\n".join(lines) for lines in sections if lines)
    return _title(plan.summary or work.summary or f"{ticket.kind} of {ticket.feature.key}"), body + "\n"


def review_line(ticket: Ticket, report: AgentReport) -> str:
    """Say who looked at the change before it was published, or why nobody did."""
    if report.reviewed_by is not None:
        return f"Approved by {prose(report.reviewed_by)}."
    if ticket.order.approval:
        return "**Unreviewed: nobody answered in time.**"
    return "**Unreviewed: the run was started with `--no-approval`.**"


def _title(text: str) -> str:
    title = plain(text)
    title = title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1].rstrip() + "…"
    return title[:1].upper() + title[1:]


def _opening(ticket: Ticket, report: AgentReport, work: Work) -> list[str]:
    lines = [prose(work.summary or report.summary, longest=2000)]
    if work.details:
        lines += ["", *_bullets(work.details)]
    why = _bullets(ticket.reasons, "It was picked by name.")
    return [
        *lines,
        "",
        f"**Why {code(ticket.feature.key)}** ({ticket.kind}):",
        "",
        *why,
        *([f"\nRefs #{ticket.issue.number}"] if ticket.issue is not None else []),
        "",
        review_line(ticket, report),
    ]


def _evidence(report: AgentReport) -> list[str]:
    evidence = report.evidence
    if evidence is None:
        return ["## Evidence", "", "There is none: no check was made."]
    verdict = "earned" if evidence.verdict is Verdict.EARNED else "**not earned**"
    against = f"Judged by running it: commit {code(evidence.commit)} against its base {code(evidence.base)}."
    side_by_side = [*rows, ""] if (rows := figure_rows(evidence)) else []
    lines = [
        "## Evidence",
        "",
        f"{against} Verdict: {verdict}.",
        "",
        *side_by_side,
        *check_rows(evidence),
        policy_row(evidence),
        "",
    ]
    return [*lines, *check_details(evidence), *policy_lines(evidence)]


def _change(report: AgentReport) -> list[str]:
    return ["## Change", "", *file_rows(report.change)] if report.change is not None else []


def landing_lines(report: AgentReport) -> list[str]:
    """Say with what the change was merged for a try before it was published, and what came of it."""
    landing = report.landing
    if landing is None:
        return []
    lines = ["## Landing", ""]
    if landing.moved:
        lines.append(f"- The base has moved on to {code(landing.base[:12])} since this commit was judged.")
    found = obstacles(landing)
    lines += [f"- ⚠️ As it is, {prose(obstacle)}." for obstacle in found]
    if landing.moved and not (landing.base_conflicts or landing.broken):
        lines.append("- Merged with it for a try, it has no conflict and no test newly fails.")
    if not landing.overlaps:
        lines.append(f"- It conflicts with none of the {landing.checked} other open branches of agents.")
    if landing.unread:
        lines.append(
            f"- ⚠️ Branches that are open at GitHub alone were not looked at: {prose(landing.unread)}"
        )
    return lines


def _trying(ticket: Ticket, work: Work) -> list[str]:
    commands = "\n".join((f"git switch {ticket.branch}", *work.try_it))
    return ["## How to try it", "", block(commands, "sh")]


def _unchecked(report: AgentReport, work: Work) -> tuple[str, ...]:
    skipped = () if report.evidence is None else report.evidence.checks
    not_run = (f"{check.name}: {check.fact}" for check in skipped if check.state is CheckState.NOT_RUN)
    return (*not_run, *work.unchecked)


def _origin(ticket: Ticket, report: AgentReport) -> list[str]:
    facts = (
        ("Cost", f"{report.cost} of at most {ticket.order.cap}"),
        ("Agent", code(ticket.agent_id)),
        ("Run", code(ticket.run_id)),
        ("Engine", ticket.engine.value),
        ("Strategy", f"{ticket.order.strategy}, seed {ticket.seed}"),
        ("Branch", code(ticket.branch)),
        ("Base", code(ticket.base)),
    )
    return [
        "## Where it comes from",
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {name} | {fact} |" for name, fact in facts),
    ]


def _bullets(items: tuple[str, ...], otherwise: str = "") -> list[str]:
    return [f"- {prose(item)}" for item in items] or [otherwise]
