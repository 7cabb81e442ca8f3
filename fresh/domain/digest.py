"""One page on several runs: what landed, what waits for a person, what each of them cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fresh.domain.agent import AgentReport, Outcome
from fresh.domain.counting import count
from fresh.domain.money import ZERO
from fresh.domain.quoting import code, prose
from fresh.domain.record import RunRecord
from fresh.domain.status import RunStatus


@dataclass(frozen=True)
class Night:
    """One run as it stands: its record, what `status` shows of it, and the reports of its ended agents."""

    record: RunRecord
    status: RunStatus
    reports: tuple[AgentReport, ...]


def page(repository: str, hours: float, nights: Sequence[Night]) -> str:
    """Write the page; text that stems from the repository is quoted."""
    lines = [f"# The last {hours:g} hours on {code(repository)}", ""]
    if not nights:
        return "\n".join([*lines, "No run has worked.", ""])
    spent = sum((report.cost for night in nights for report in night.reports), start=ZERO)
    landed = [report for night in nights for report in night.reports if report.outcome is Outcome.COMPLETED]
    lines += [
        f"{count(len(nights), 'run')}, {count(len(landed), 'change')} landed, {spent} spent by agents that ended.",
        "",
    ]
    for title, rows in (("What needs you", _waiting(nights)), ("What landed", _landed(landed))):
        lines += [f"## {title}", "", *(rows or ["Nothing."]), ""]
    return "\n".join([*lines, "## Runs", "", *(_run(night) for night in nights), ""])


def _waiting(nights: Sequence[Night]) -> list[str]:
    rows = []
    for night in nights:
        for agent in night.status.agents:
            if agent.question is None:
                continue
            text = next(iter(agent.question.text.splitlines()), agent.question.why)
            rows.append(
                f"- {code(agent.id)} ({agent.question.why}): {prose(text)} `fresh auto approve {agent.id}`"
            )
        if night.status.died:
            rows.append(f"- Run {night.record.id} died: `fresh auto resume {night.record.id}`")
    return rows


def _landed(landed: Sequence[AgentReport]) -> list[str]:
    return [
        f"- {code(report.agent_id)} {report.kind} of {code(report.feature)}: {prose(report.summary)}"
        for report in landed
    ]


def _run(night: Night) -> str:
    status = night.status
    state = "works" if status.running else (status.stopped or "died")
    return (
        f"- {code(status.run_id)}: {count(len(status.agents), 'agent')}, ${status.spent_usd:.2f} of ${status.budget_usd:.2f},"
        f" {state}"
    )
