"""The numbers of an inventory, and what changed in it, as people read them."""

from __future__ import annotations

from collections import Counter

from rich.table import Table
from rich.text import Text

from fresh.domain.counting import count
from fresh.domain.inventory_change import InventoryChange
from fresh.domain.inventory_summary import Row, Summary
from fresh.domain.quoting import line

MOST_AREAS = 12
NUMBERS = ("features", "share", "unhooked", "tested", "documented", "quality", "necessity", "stubs")
ABSENT = "-"


def summary_table(summary: Summary) -> Table:
    """Lay out one row a state, one a large part of the code, and one for everything."""
    shown = Table(box=None, pad_edge=False)
    shown.add_column("", no_wrap=True)
    for name in NUMBERS:
        shown.add_column(name, justify="right")
    for rows in (summary.states, summary.areas[:MOST_AREAS], (summary.total,)):
        for row in rows:
            shown.add_row(Text(line(row.name)), *_numbers(row))
        shown.add_section()
    return shown


def _numbers(row: Row) -> tuple[str, ...]:
    return (
        str(row.features),
        f"{row.share:.0%}",
        str(row.unhooked),
        f"{row.tested:.0%}",
        f"{row.documented:.0%}",
        f"{row.quality:.0f}",
        f"{row.necessity:.2f}",
        str(row.stubs),
    )


def change_screen(changed: InventoryChange, states: tuple[str, ...] = ()) -> str:
    """List what is reached otherwise than before, what matters to people first."""
    shown = [each for each in changed.changes if not states or each.before in states or each.after in states]
    head = f"Between {changed.since[:10]} and {changed.commit[:10]}"
    if not shown:
        return f"{head} no feature is reached otherwise."
    lines = [f"{head} {count(len(shown), 'feature')} changed:"]
    for each in shown:
        before, after = each.before or ABSENT, each.after or ABSENT
        lines.append(f"  {before} -> {after}: {line(each.feature)} ({line(each.where)})")
        lines += [f"      {line(each.evidence[0])}"] if each.evidence else []
    moves = Counter((each.before or ABSENT, each.after or ABSENT) for each in shown)
    lines += [f"{number} x {before} -> {after}" for (before, after), number in sorted(moves.items())]
    return "\n".join(lines)
