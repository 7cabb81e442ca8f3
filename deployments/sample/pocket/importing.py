"""Entries from the files that banks offer for download."""

import os
import csv
import datetime
import re
from typing import Dict, List, Optional, Tuple

from pocket.ledger import Entry, normalize_category
from pocket.money import parse_amount, format_amount

#: What banks call the same thing.
HEADINGS: Dict[str, Tuple[str, ...]] = {
    "day": ("date", "booking date", "buchungstag", "datum"),
    "amount": ("amount", "betrag", "umsatz"),
    "note": ("description", "purpose", "verwendungszweck"),
}


def match_headings(header: List[str]) -> Dict[str, int]:
    """Find out which column of a bank's file holds what."""
    places: Dict[str, int] = dict()
    for name, spellings in HEADINGS.items():
        for place, heading in enumerate(header):
            if heading.strip().lower() in spellings:
                places[name] = place
                break
        else:
            raise ValueError(f"the file has no column for the {name}")
    return places


def parse_day(text: str) -> datetime.date:
    """Read a day written as 2024-05-31, 31.05.2024 or 05/31/2024."""
    for style in ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y"):
        try:
            return datetime.datetime.strptime(text.strip(), style).date()
        except ValueError:
            continue
    raise ValueError(f"{text!r} is not a day")


def guess_delimiter(line: str) -> str:
    """Choose the character that separates most columns of a line."""
    return max([";", ",", "\t"], key=lambda mark: line.count(mark))


def read_statement(text: str, category: Optional[str] = None) -> List[Entry]:
    """Read the lines of a bank's file; what left the account becomes an expense."""
    lines = text.splitlines()
    if not lines:
        raise ValueError(f"the file is empty")
    rows = list(csv.reader(lines, delimiter=guess_delimiter(lines[0])))
    places = match_headings(rows[0])
    entries: List[Entry] = list()
    for row in rows[1:]:
        if not row:
            continue
        entries.append(
            Entry(
                day=parse_day(row[places["day"]]),
                cents=-parse_amount(row[places["amount"]]),
                category=normalize_category(category or "imported"),
                note=row[places["note"]].strip(),
            )
        )
    return entries
