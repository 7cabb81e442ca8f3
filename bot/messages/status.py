"""A run as `/fresh status` shows it."""

from __future__ import annotations

from bot.messages.faces import CI, PHASES
from bot.messages.pen import Pen
from fresh.domain.phase import LIVE
from fresh.domain.status import RunStatus

SHOWN_AGENTS = 15


def status_text(pen: Pen, run: RunStatus) -> str:
    """Show a run at a glance: the agents that live or wait, and how to answer them."""
    shown = [agent for agent in run.agents if not run.running or agent.phase in LIVE or agent.question]
    lines = [
        f"*Run {run.run_id}* on {pen.code(run.repository.rpartition('/')[2], 60)}",
        f"Running: {'Yes' if run.running else 'No'}   Cost: ${run.spent_usd:.2f} / ${run.budget_usd:.2f}   Agents: {len(run.agents)}",
    ]
    if run.died:
        lines.append(f"💀 Its process died. Go on with it: `fresh auto resume {run.run_id}`")
    for agent in shown[:SHOWN_AGENTS]:
        feature = pen.code(agent.feature.rpartition(":")[2], 60)
        checks = f" {CI[agent.ci]}" if agent.ci in CI else ""
        lines.append(
            f"{PHASES[agent.phase]} `{agent.id}` {agent.phase} {feature} ${agent.cost_usd:.2f}{checks}"
        )
        if agent.question is not None:
            lines.append(f"      ❓ waits for you: `/fresh approve {agent.id}`")
    if len(shown) > SHOWN_AGENTS:
        lines.append(f"… and {len(shown) - SHOWN_AGENTS} more")
    return "\n".join(lines)
