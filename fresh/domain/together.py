"""How the branches of one run land together, in Markdown: for the run's report, and below each published page."""

from __future__ import annotations

from fresh.domain.landing import Integration, Place
from fresh.domain.quoting import code, prose

HEADING = "## Landing together"


def together_lines(integration: Integration) -> list[str]:
    """Show in which order the branches should be merged, and which of them don't fit."""
    lines = [HEADING, "", prose(integration.fact), ""]
    merging = integration.placed(Place.MERGES)
    if merging:
        lines += ["Merge them in this order:", ""]
        lines += [f"{number}. {code(each.branch)}" for number, each in enumerate(merging, start=1)]
    for place in (Place.BREAKS, Place.CONFLICTS):
        lines += [f"- ⚠️ {code(each.branch)}: {prose(each.why)}" for each in integration.placed(place)]
    return lines


def together_section(integration: Integration, agent_id: str, run_id: str) -> str:
    """Say on the page of one agent where its branch stands among those of its run; empty where there is nothing to say.

    A branch that lands alone and fits needs no order.
    """
    mine = integration.of(agent_id)
    if mine is None or (len(integration.order) == 1 and mine.place is Place.MERGES):
        return ""
    heading, *rest = together_lines(integration)
    number, merging = integration.number(agent_id), len(integration.placed(Place.MERGES))
    if number is not None:
        first = f"**Merge this as number {number} of {merging}** of run {code(run_id)}."
    else:
        first = (
            f"⚠️ **Don't just merge this beside the others** of run {code(run_id)}: it {_what(mine.place)}."
        )
    return "\n".join([heading, "", first, "", *rest[1:]]) + "\n"


def _what(place: Place) -> str:
    return "conflicts" if place is Place.CONFLICTS else "breaks tests"
