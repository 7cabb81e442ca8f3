"""The file that holds every entry."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from pocket.money import format_amount, parse_amount

COLUMNS = ("day", "amount", "category", "note")


@dataclass(frozen=True)
class Entry:
    """One purchase; `cents` is negative for money that came in."""

    day: dt.date
    cents: int
    category: str
    note: str = ""


def normalize_category(text: str) -> str:
    """Write a category the way all of them are kept: lower case, words joined by single dashes."""
    return "-".join(text.lower().replace("_", " ").replace("-", " ").split())


def read_entries(path: Path) -> list[Entry]:
    """Read all entries in the order they were added; a missing file has none."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Entry(
                day=dt.date.fromisoformat(row["day"]),
                cents=parse_amount(row["amount"]),
                category=normalize_category(row["category"]),
                note=row["note"],
            )
            for row in csv.DictReader(file)
        ]


def append_entry(path: Path, entry: Entry) -> None:
    """Add an entry at the end of the file, with a header when the file is new."""
    is_empty = not path.exists() or path.stat().st_size == 0
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if is_empty:
            writer.writerow(COLUMNS)
        writer.writerow((entry.day.isoformat(), format_amount(entry.cents), entry.category, entry.note))


def erase_ledger(path: Path) -> None:
    """Delete the file and everything in it.

    For the import tool's own clean-up after a failed migration. There is no command for it on purpose: nobody
    should lose their records to a typing mistake.
    """
    path.unlink(missing_ok=True)
