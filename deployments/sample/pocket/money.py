"""Amounts of money, as whole cents."""

from __future__ import annotations

import re
from enum import Enum

_AMOUNT = re.compile(r"(?P<sign>[+-]?)\s*(?P<whole>\d+)(?:[.,](?P<cents>\d{1,2}))?")


class Period(Enum):
    """How often something is paid."""

    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


_TIMES_A_YEAR = {Period.WEEK: 52, Period.MONTH: 12, Period.YEAR: 1}


def parse_amount(text: str) -> int:
    """Read an amount such as `12`, `12.5` or `-3,40` as cents."""
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not an amount of money")
    cents = int(found["whole"]) * 100 + int((found["cents"] or "0").ljust(2, "0"))
    return -cents if found["sign"] == "-" else cents


def format_amount(cents: int) -> str:
    """Write cents as an amount with two places: `1250` becomes `12.50`."""
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    return f"{sign}{whole}.{rest:02d}"


def convert_cost(amount: float, period: Period, into: Period = Period.MONTH) -> float:
    """Convert a recurring cost from one period into another, rounded to cents."""
    return round(amount * _TIMES_A_YEAR[period] / _TIMES_A_YEAR[into], 2)


def split_bill(total: float, people: list[str], tip: float = 0.0, round_up: bool = False) -> list[str]:
    """Split a bill evenly among people; the first ones pay the cents that are left over.

    Args:
        total: what the bill says
        people: who shares it
        tip: percent to add before splitting
        round_up: let everybody pay whole units instead of cents
    """
    if not people:
        raise ValueError("nobody is there to share the bill")
    cents = round(total * (100 + tip))
    unit = 100 if round_up else 1
    units = -(-cents // unit)
    share, left = divmod(units, len(people))
    return [
        f"{name} {format_amount((share + (1 if place < left else 0)) * unit)}"
        for place, name in enumerate(people)
    ]


def months_to_goal(goal: float, monthly: float, saved: float = 0.0, yearly_rate: float = 0.0) -> int:
    """Count the months until savings reach a goal, with interest in percent added every month."""
    if saved >= goal:
        return 0
    if monthly <= 0:
        raise ValueError("a goal needs something saved every month")
    months = 0
    while saved < goal:
        saved += saved * yearly_rate / 1200 + monthly
        months += 1
    return months
