"""A run's cost and outcomes as one SVG picture, which needs no network and runs no script."""

from __future__ import annotations

import re

from fresh.domain.agent import Outcome
from fresh.domain.report import RunReport

_SCRIPTS = re.compile(r"<script.*?</script>|<!--.*?-->", re.DOTALL)
"""What pygal adds for tooltips, and its signature."""

COLOURS = {
    Outcome.COMPLETED: "#2e7d32",
    Outcome.PARKED: "#f9a825",
    Outcome.FAILED: "#c62828",
    Outcome.ABANDONED: "#6d4c41",
    Outcome.STOPPED: "#546e7a",
    Outcome.REJECTED: "#ad1457",
    Outcome.DECLINED: "#b0bec5",
}


def draw(report: RunReport) -> str:
    """Draw what each agent cost, coloured by how it ended; agents that cost nothing are drawn by their minutes."""
    import pygal
    from pygal.style import Style

    costs = report.cost.micros > 0
    shown = [outcome for outcome in Outcome if report.ended(outcome)]
    chart = pygal.StackedBar(
        style=Style(colors=tuple(COLOURS[outcome] for outcome in shown), background="white"),
        title=f"Run {report.run_id}: {report.cost} of {report.order.budget}",
        y_title="US dollars" if costs else "minutes (nothing was charged)",
        width=900,
        height=420,
        x_label_rotation=60,
        js=[],
        disable_xml_declaration=True,
        no_data_text="no agent was started",
    )
    chart.x_labels = [agent.agent_id for agent in report.agents]
    for outcome in shown:
        bars = [
            (agent.cost.dollars if costs else round(agent.runtime_seconds / 60, 2))
            if agent.outcome is outcome
            else None
            for agent in report.agents
        ]
        chart.add(f"{len(report.ended(outcome))} {outcome}", bars)
    drawn = chart.render()
    return _SCRIPTS.sub("", drawn.decode() if isinstance(drawn, bytes) else str(drawn))
