"""Screens of `fresh auto status`: values to text, without pydantic, because the command must answer in half a second."""

from __future__ import annotations

import textwrap
from datetime import datetime

from fresh.domain.phase import LIVE, Phase
from fresh.domain.quoting import line
from fresh.domain.status import AgentStatus, DecidedStatus, QuestionStatus, RunStatus

RULE = "=" * 50
ICONS = {
    Phase.STARTING: "🚀",
    Phase.ANALYZING: "🔍",
    Phase.IMPLEMENTING: "🛠️",
    Phase.TESTING: "🧪",
    Phase.AWAITING_USER: "👤",
    Phase.COMMITTING: "📋",
    Phase.COMPLETED: "✅",
    Phase.DECLINED: "➖",
    Phase.FAILED: "❌",
    Phase.REJECTED: "🚫",
    Phase.PARKED: "⏸️",
    Phase.STOPPED: "⏹️",
    Phase.ABANDONED: "🗃️",
}
CI = {"green": "🟢", "red": "🔴", "pending": "🟡", "none": "⚪"}
QUESTION_WIDTH = 40
NO_RUN = "No run yet. Start one: fresh auto start"


def summary(run: RunStatus) -> str:
    """Show a run at a glance: while it runs, the agents that live or wait for somebody; afterwards all of them."""
    shown = [
        agent
        for agent in run.agents
        if not run.running or agent.phase in LIVE or agent.question or agent.decided
    ]
    lines = [*_head(run), *_plight(run)]
    if shown:
        lines += ["", "🤖 AGENTS:"]
        for agent in shown:
            lines += [*_agent(agent), ""]
        lines.pop()
    return "\n".join([*lines, *_waiting(run)]) + "\n"


def detailed(run: RunStatus) -> str:
    """Show everything that the journal knows of a run and of every agent."""
    lines = [
        *_head(run),
        f"Run: {run.run_id} on {line(run.repository)}",
        f"Strategy: {run.strategy} | Engine: {run.engine}",
        f"Started: {_local(run.opened_at)} | Deadline: {_local(run.deadline)}",
        *([f"Held for requests under way: ${run.held_usd:.2f}"] if run.held_usd else []),
        *_plight(run),
    ]
    if run.agents:
        lines += ["", "🤖 AGENTS:"]
        for agent in run.agents:
            lines += [*_agent(agent, whole=True), ""]
        lines.pop()
    return "\n".join([*lines, *_waiting(run)]) + "\n"


def icon(phase: Phase) -> str:
    """Say a phase as a picture."""
    return ICONS[phase]


def ci(colour: str) -> str:
    """Say what the project's own checks of a pull request come to."""
    words = {"none": "no checks", "pending": "its checks run"}
    return f"{CI.get(colour, '')} CI: {words.get(colour, colour)}".strip()


def _head(run: RunStatus) -> list[str]:
    return [
        "🤖 AUTONOMOUS ORCHESTRATION STATUS",
        RULE,
        f"Running: {'Yes' if run.running else 'No'}",
        f"Cost: ${run.spent_usd:.2f} / ${run.budget_usd:.2f}",
        f"Agents: {len(run.agents)}",
    ]


def cost(run: RunStatus) -> str:
    """Say what is spent of what, and what is set aside for requests under way."""
    held = f" (${run.held_usd:.2f} held)" if run.held_usd >= 0.005 else ""
    return f"${run.spent_usd:.2f} / ${run.budget_usd:.2f}{held}"


def _plight(run: RunStatus) -> list[str]:
    """Say what a person must know of a run that does not simply go on."""
    lines = [f"{'💸' if alert.startswith('Budget') else '✋'} {line(alert)}" for alert in run.alerts]
    if run.stop_requested and run.stopped is None:
        lines.append(f"Stop requested: {line(run.stop_requested)}")
    if run.died:
        lines.append(f"💀 Its process died. Go on with it: fresh auto resume {run.run_id}")
    if run.stopped:
        lines.append(f"Ended: {run.stopped}")
    if not run.running and not run.died and any(agent.decided for agent in run.agents):
        lines.append(f"⏳ Decided and not carried out yet: fresh auto resume {run.run_id}")
    if run.report:
        lines.append(f"Report: {line(run.report)}")
    return lines


def _agent(agent: AgentStatus, *, whole: bool = False) -> list[str]:
    name = agent.feature if whole else agent.feature.rpartition(":")[2]
    lines = [
        f"  {icon(agent.phase)} {agent.id} | {agent.phase} | {line(name)}",
        f"     Runtime: {agent.runtime_seconds / 60:.1f}min | Cost: ${agent.cost_usd:.2f}",
    ]
    if whole:
        lines += [f"     {fact}" for fact in _facts(agent)]
    elif agent.ci in ("red", "pending"):
        lines.append(f"     {ci(agent.ci)}")
    if agent.question is not None:
        lines += _question(agent.question, whole)
    if agent.decided is not None:
        lines.append(f"     ⏳ {_decided(agent.decided)}")
    if agent.failure and not whole and agent.phase is not Phase.PARKED:
        lines.append(f"     {textwrap.shorten(line(agent.failure), 100, placeholder='...')}")
    return lines


def _facts(agent: AgentStatus) -> list[str]:
    facts = [f"Kind: {agent.kind} | Cap: ${agent.cap_usd:.2f}", f"Branch: {line(agent.branch)}"]
    facts += [f"Why: {line(reason)}" for reason in agent.reasons]
    facts += [f"Commit: {agent.commit}"] if agent.commit else []
    facts += [f"Pull request: {line(agent.pull_request)}"] if agent.pull_request else []
    facts += [ci(agent.ci)] if agent.ci else []
    facts += [f"Prefect: {line(agent.flow_run_url)}"] if agent.flow_run_url else []
    said = "Agent failed" if agent.phase is Phase.FAILED else "Reason"
    return [*facts, f"{said}: {line(agent.failure)}"] if agent.failure else facts


def _question(question: QuestionStatus, whole: bool) -> list[str]:
    rows = [line(row) for row in question.text.splitlines() if row.strip()] or [question.why]
    if not whole:
        return [f"     ❓ Question: {_short(rows[0])}"]
    return [
        f"     ❓ Question ({question.why}), until {_local(question.deadline)}: {rows[0]}",
        *(f"        {row}" for row in rows[1:]),
    ]


def _decided(decided: DecidedStatus) -> str:
    """Say what was decided, as long as the agent has not gone on with it."""
    said = {
        "approved": "Approved",
        "rejected": "Rejected",
        "changes": "Changes asked for",
        "stopped": "Stopped",
    }
    by = "the clock" if decided.answer == "expired" else f"{line(decided.by)} through {decided.through}"
    return f"{said.get(decided.answer, 'Decided')} by {by} at {_local(decided.at)}; not gone on with yet"


def _short(text: str) -> str:
    """Cut after a whole word where there is one."""
    if len(text) <= QUESTION_WIDTH:
        return text
    cut = text[: QUESTION_WIDTH + 1].rpartition(" ")[0] or text[:QUESTION_WIDTH]
    return cut.rstrip(" ,.;:") + "..."


def _waiting(run: RunStatus) -> list[str]:
    waiting = [agent for agent in run.agents if agent.question is not None]
    if not waiting:
        return []
    uses = (f"   Use: fresh auto approve {agent.id}" for agent in waiting)
    return ["", f"⚠️  {len(waiting)} agents awaiting your approval:", *uses]


def _local(iso: str) -> str:
    return datetime.fromisoformat(iso).astimezone().strftime("%Y-%m-%d %H:%M")
