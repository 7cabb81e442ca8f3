"""What the entries add up to."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Optional

from pocket.ledger import Entry, read_entries
from pocket.money import format_amount

_BARS = "▁▂▃▄▅▆▇█"


def totals_by(entries: Iterable[Entry], key: Literal["category", "month"]) -> dict[str, int]:
    """Add up the cents of each category, or of each month as `2024-05`."""
    totals: dict[str, int] = defaultdict(int)
    for entry in entries:
        totals[entry.category if key == "category" else month_of(entry)] += entry.cents
    return dict(sorted(totals.items()))


def month_of(entry: Entry) -> str:
    """Name the month of an entry, such as `2024-05`."""
    return f"{entry.day:%Y-%m}"


def align(rows: list[tuple[str, str]]) -> list[str]:
    """Lay pairs out in two columns, the second one flush right."""
    left = max((len(first) for first, _ in rows), default=0)
    right = max((len(second) for _, second in rows), default=0)
    return [f"{first:<{left}}  {second:>{right}}" for first, second in rows]


def spark(values: list[int]) -> str:
    """Draw values as a line of small bars."""
    if not values:
        return ""
    low, high = min(values), max(values)
    if low == high:
        return _BARS[0] * len(values)
    return "".join(_BARS[(value - low) * (len(_BARS) - 1) // (high - low)] for value in values)


def shorten(text: str, width: int = 30) -> str:
    """Cut a text to a width, at the end of a word where that is possible."""
    if len(text) <= width:
        return text
    cut = text[: width - 1]
    head, space, _ = cut.rpartition(" ")
    return (head if space else cut) + "…"


def largest_expenses(ledger: Path, count: int = 5, category: Optional[str] = None) -> list[str]:
    """List the largest entries, the largest first.

    Args:
        ledger: the file to read
        count: how many to list
        category: look at one category only
    """
    entries = [entry for entry in read_entries(ledger) if category in (None, entry.category)]
    entries.sort(key=lambda entry: (-entry.cents, entry.day, entry.note))
    return [f"{format_amount(entry.cents)} {entry.category} {entry.note}".rstrip() for entry in entries[:count]]


def search_notes(ledger: Path, words: list[str], any_word: bool = False) -> list[str]:
    """Find entries whose note has all of the words, in any spelling of upper and lower case.

    Args:
        ledger: the file to read
        words: what to look for
        any_word: be content with one of the words
    """
    enough = any if any_word else all
    return [
        f"{entry.day} {format_amount(entry.cents)} {entry.note}"
        for entry in read_entries(ledger)
        if enough(word.lower() in entry.note.lower() for word in words)
    ]


def export_report(ledger: Path, style: Literal["text", "json", "markdown"] = "text") -> str:
    """Write the totals of all categories as plain text, JSON or a Markdown table.

    Args:
        ledger: the file to read
        style: how to write them
    """
    totals = totals_by(read_entries(ledger), "category")
    if style == "json":
        return json.dumps({name: format_amount(cents) for name, cents in totals.items()})
    if style == "markdown":
        lines = ["| category | total |", "| --- | ---: |"]
        return "\n".join(lines + [f"| {name} | {format_amount(cents)} |" for name, cents in totals.items()])
    return "\n".join(align([(name, format_amount(cents)) for name, cents in totals.items()]))


def forecast_balance(ledger: Path, months: int = 3) -> dict[str, float]:
    """Say what each of the next months will probably cost, from the habits of the last year."""
    raise NotImplementedError
