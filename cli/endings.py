"""What a run came to, as the last screen of `fresh auto start` shows it."""

from __future__ import annotations

from collections.abc import Sequence

from cli.screens import RULE, icon
from fresh.domain import narration
from fresh.domain.agent import AgentReport, Outcome
from fresh.domain.phase import Phase
from fresh.domain.quoting import line
from fresh.domain.report import RunReport
from fresh.domain.report_page import duration

ORDER = (
    Outcome.COMPLETED,
    Outcome.PARKED,
    Outcome.FAILED,
    Outcome.ABANDONED,
    Outcome.STOPPED,
    Outcome.REJECTED,
    Outcome.DECLINED,
)
SHOWN_DECLINED = 12


def ending(report: RunReport, path: str | None) -> str:
    """Say what landed and how to try it, what did not and why, where the report is, and what it cost."""
    lines = [
        "",
        RULE,
        f"Run {report.run_id} ended after {duration(report.runtime_seconds)}: {report.stopped}.",
    ]
    if not report.agents:
        lines += ["", "No agent was started.", *_passed_over(report)]
    for outcome in ORDER:
        lines += _group(outcome, report.ended(outcome))
    lines += ["", f"Report: {path}"] if path else [""]
    return "\n".join([*lines, narration.cost(report.cost, report.order.budget)])


def _group(outcome: Outcome, agents: Sequence[AgentReport]) -> list[str]:
    if not agents:
        return []
    shown = agents[:SHOWN_DECLINED] if outcome is Outcome.DECLINED else agents
    lines = ["", f"{icon(Phase(outcome.value))} {len(agents)} {outcome}"]
    for agent in shown:
        lines += _agent(agent)
    if len(agents) > len(shown):
        lines.append(f"  … and {len(agents) - len(shown)} more, all in the report")
    return lines


def _agent(agent: AgentReport) -> list[str]:
    name = f"  {agent.agent_id} {agent.kind} of {line(agent.feature)}"
    if agent.outcome is not Outcome.COMPLETED:
        lines = [f"{name}: {line(agent.failure or agent.summary or 'no reason given')}"]
        lines += [f"    Branch: {agent.branch}"] if agent.branch else []
        return (
            [*lines, f"    Decide: fresh auto approve {agent.agent_id}"]
            if agent.outcome is Outcome.PARKED
            else lines
        )
    return [
        f"{name}: {line(agent.summary)}",
        f"    Branch: {agent.branch}",
        f"    Page:   {line(agent.pull_request or 'none')}",
        f"    Try it: git switch {agent.branch}",
    ]


def _passed_over(report: RunReport) -> list[str]:
    reasons: dict[str, int] = {}
    for over in report.passed_over:
        reasons[line(over.reason)] = reasons.get(line(over.reason), 0) + 1
    often = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:5]
    return [f"  passed over {number} times: {reason}" for reason, number in often]


def came_to_nothing(report: RunReport) -> bool:
    """Say that agents failed, and that nothing is there for it: no change landed, and none waits for somebody."""
    outcomes = {agent.outcome for agent in report.agents}
    return Outcome.FAILED in outcomes and not outcomes & {Outcome.COMPLETED, Outcome.PARKED}
