"""Payments that come again and again."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from pocket.ledger import Entry, read_entries
from pocket.money import Period, convert_cost, format_amount


def find_subscriptions(ledger: Path, times: int = 3) -> list[str]:
    """List what is paid regularly and what it costs a month, the dearest first.

    Args:
        ledger: the file to read
        times: how often something must have been paid to count
    """
    found = []
    for note, entries in group_by_note(read_entries(ledger)).items():
        period = guess_period([entry.day for entry in entries])
        if period is not None and len(entries) >= times:
            found.append((monthly_cents(entries, period), note, period))
    return [
        f"{note}: every {period.value}, {format_amount(cents)} a month"
        for cents, note, period in sorted(found, key=lambda item: (-item[0], item[1]))
    ]


def group_by_note(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Put entries with the same note together, oldest first."""
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: entry.day):
        if entry.note:
            groups[entry.note].append(entry)
    return dict(groups)


def gaps_between(days: list[dt.date]) -> list[int]:
    """Count the days from each date to the next one."""
    return [(later - earlier).days for earlier, later in zip(days, days[1:])]


def guess_period(days: list[dt.date]) -> Period | None:
    """Find the period that all gaps between dates fit; None when they are irregular."""
    gaps = gaps_between(days)
    for period, shortest, longest in ((Period.WEEK, 6, 8), (Period.MONTH, 27, 32), (Period.YEAR, 360, 370)):
        if gaps and all(shortest <= gap <= longest for gap in gaps):
            return period
    return None


def monthly_cents(entries: list[Entry], period: Period) -> int:
    """Say what the latest of some regular payments means for a month."""
    return round(convert_cost(entries[-1].cents, period))
