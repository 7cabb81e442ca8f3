"""The morning report in Markdown: what landed, what needs a person, what failed and why, what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from fresh.domain.agent import AgentReport, Outcome
from fresh.domain.counting import count
from fresh.domain.evidence import CheckState
from fresh.domain.landing import obstacles
from fresh.domain.money import ZERO
from fresh.domain.quoting import block, code, prose
from fresh.domain.report import PassedOver, RunReport
from fresh.domain.spending import Spending
from fresh.domain.together import together_lines

SHOWN_PASSED_OVER = 30
ENDINGS = {
    Outcome.PARKED: "What needs you",
    Outcome.FAILED: "What failed",
    Outcome.ABANDONED: "What was abandoned",
    Outcome.STOPPED: "What was stopped",
    Outcome.REJECTED: "What was rejected",
    Outcome.DECLINED: "What was declined",
}
"""Every outcome but COMPLETED, the ones that a person should look at first."""


def markdown(report: RunReport) -> str:
    """Write the report; text that stems from the repository is quoted so that it is shown and never obeyed."""
    sections = [_opening(report), _needs(report), _landed(report)]
    sections += [_section(title, report.ended(outcome)) for outcome, title in ENDINGS.items()]
    sections += [
        together_lines(report.integration) if report.integration is not None else [],
        _cost(report),
        _advice(report),
        _notes(report),
        _passed_over(report.passed_over),
        _origin(report),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def duration(seconds: float) -> str:
    """Say a time span the way people do."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"


def _opening(report: RunReport) -> list[str]:
    counts = ", ".join(
        f"{len(report.ended(outcome))} {outcome}" for outcome in Outcome if report.ended(outcome)
    )
    worked = f"{count(len(report.agents), 'agent')}: {counts}" if report.agents else "No agent was started"
    return [
        f"# Report of run {report.run_id}",
        "",
        f"{worked}. The run took {duration(report.runtime_seconds)} and ended because {report.stopped}.",
        "",
        f"Cost: {report.cost} / {report.order.budget}",
    ]


def _needs(report: RunReport) -> list[str]:
    if not report.needs:
        return []
    rows = [f"{place}. {prose(need)}" for place, need in enumerate(report.needs, 1)]
    return ["## What to look at first, the riskiest on top", "", *rows]


def _advice(report: RunReport) -> list[str]:
    if not report.advice:
        return []
    return ["## What to do differently", "", *(f"- {prose(line)}" for line in report.advice)]


def _landed(report: RunReport) -> list[str]:
    landed = report.ended(Outcome.COMPLETED)
    if not landed:
        return ["## What landed", "", "Nothing."]
    lines = ["## What landed"]
    for agent in landed:
        lines += ["", *_landing(agent)]
    return lines


def _landing(agent: AgentReport) -> list[str]:
    lines = [f"### {_name(agent)}", "", prose(agent.summary)]
    if agent.pull_request:
        lines.append(f"- Pull request: {_address(agent.pull_request)}")
    lines.append(f"- Reviewed: {prose(agent.reviewed_by) if agent.reviewed_by else '**nobody yet**'}")
    lines += _facts(agent)
    return [*lines, "- Try it:", *_trying(agent)]


def _section(title: str, agents: Sequence[AgentReport]) -> list[str]:
    if not agents:
        return []
    lines = [f"## {title}", ""]
    for agent in agents:
        why = agent.failure or agent.summary or "It left no reason."
        lines.append(f"- **{_name(agent)}**: {prose(why)}")
        if agent.outcome is Outcome.PARKED:
            lines.append(f"  - Decide: `fresh auto approve {agent.agent_id}`, then `fresh auto resume`")
        if agent.branch:
            lines.append(f"  - Its work is kept on {code(agent.branch)}: `git switch {agent.branch}`")
        lines += [f"  {line}" for line in _facts(agent)] if agent.outcome is not Outcome.DECLINED else []
    return lines


def _facts(agent: AgentReport) -> list[str]:
    lines = []
    if agent.change is not None:
        files = len(agent.change.files)
        size = f"+{agent.change.added} −{agent.change.removed} in {files} {'file' if files == 1 else 'files'}"
        lines.append(f"- Change: {size}")
    if agent.evidence is not None:
        checks = agent.evidence.checks
        tally = ", ".join(
            f"{number} {state.replace('_', ' ')}"
            for state in CheckState
            if (number := sum(check.state is state for check in checks))
        )
        lines.append(
            f"- Checks: {tally}" + "".join(f"; {prose(bad.fact)}" for bad in agent.evidence.failures)
        )
        skipped = "; ".join(prose(check.name) for check in checks if check.state is CheckState.NOT_RUN)
        lines += [f"- Not checked: {skipped}"] if skipped else []
        lines += [f"- Policy: {prose(reason)}" for reason in agent.evidence.policy.reasons]
    if agent.ci is not None:
        lines.append(f"- CI: {prose(agent.ci.told())}")
    if agent.landing is not None:
        lines += [f"- ⚠️ As it is, {prose(obstacle)}" for obstacle in obstacles(agent.landing)]
    return [*lines, f"- Took {duration(agent.runtime_seconds)}, cost {agent.cost}"]


def _trying(agent: AgentReport) -> list[str]:
    return ["", block(f"git switch {agent.branch}", "sh")] if agent.branch else ["  its branch is gone"]


def _cost(report: RunReport) -> list[str]:
    rate = report.success_rate
    landed = len(report.ended(Outcome.COMPLETED))
    facts = [
        ("Spent", f"{report.cost} of {report.order.budget}"),
        *_worst(report.spending),
        *((f"For {kind}", str(cost)) for kind, cost in report.cost_by_kind.items()),
        (
            "For each change that landed",
            f"${report.cost.dollars / landed:.2f}" if landed else "nothing landed",
        ),
        *_tokens(report.spending),
        ("Landed of those that were tried", "nothing was tried" if rate is None else f"{rate:.0%}"),
    ]
    return [
        "## What it cost",
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {name} | {fact} |" for name, fact in facts),
    ]


def _worst(spent: Spending) -> list[tuple[str, str]]:
    """Say what of it is no bill but the most that it can have been."""
    facts = []
    if spent.forfeited > ZERO:
        facts.append(
            (
                "Of that charged at worst case",
                f"{spent.forfeited}: those replies never came, and the provider's bill may be lower",
            )
        )
    if spent.held > ZERO:
        facts.append(("Still held for requests under way", str(spent.held)))
    return facts


def _tokens(spent: Spending) -> list[tuple[str, str]]:
    if not spent.requests:
        return []
    return [
        ("Requests to the model", str(spent.requests)),
        ("Tokens in", f"{spent.input:,}, of which {spent.cached:,} cached"),
        ("Tokens out", f"{spent.output:,}"),
    ]


def _notes(report: RunReport) -> list[str]:
    return ["## Limits and notes", "", *(f"- {prose(note)}" for note in report.notes)] if report.notes else []


def _passed_over(passed: Sequence[PassedOver]) -> list[str]:
    if not passed:
        return []
    lines = [
        f"- {code(over.feature)} ({over.kind}): {prose(over.reason)}" for over in passed[:SHOWN_PASSED_OVER]
    ]
    rest = len(passed) - SHOWN_PASSED_OVER
    more = [f"- … and {rest} more; the JSON beside this page lists them all."] if rest > 0 else []
    return ["## Passed over", "", *lines, *more]


def _origin(report: RunReport) -> list[str]:
    found = ", ".join(f"{number} {state}" for state, number in sorted(report.inventory_summary.items()))
    order = report.order
    mode = "overnight" if order.overnight else "one wave"
    return [
        "## Where it comes from",
        "",
        f"- Repository: {code(report.repository)} at {code(report.base)}",
        f"- Order: {count(order.agents, 'agent')}, {mode}, {order.hours:g} h, strategy {order.strategy}, "
        f"engine {report.engine}, seed {report.seed}",
        f"- Inventory {code(report.inventory_digest[:12] or 'none')}: {found or 'not taken'}",
        f"- From {_time(report.started_at)} to {_time(report.ended_at)}",
    ]


def _name(agent: AgentReport) -> str:
    return f"{code(agent.agent_id)} {agent.kind} of {code(agent.feature)}"


def _address(address: str) -> str:
    return address if address.startswith("https://") and " " not in address else code(address)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
