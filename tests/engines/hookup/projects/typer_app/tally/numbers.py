from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Literal


class Rounding(StrEnum):
    UP = "up"
    DOWN = "down"


def total(values: list[float], start: float = 0.0, doubled: bool = False) -> float:
    """Add numbers up.

    Parameters
    ----------
    values : list of float
        The numbers.
    start
        Where to begin.
    doubled : bool
        Count everything twice.
    """
    return (start + sum(values)) * (2 if doubled else 1)


def rounded(value: float, rounding: Rounding = Rounding.UP) -> int:
    """Round a number."""
    return int(value) + (rounding is Rounding.UP and value != int(value))


def unit(value: int, *, system: Literal["metric", "imperial"]) -> str:
    """Name the unit."""
    return f"{value} {'m' if system == 'metric' else 'ft'}"


def longest(path: Path, limit: int | None = None) -> str | None:
    """Find the longest line of a file."""
    lines = path.read_text().splitlines()[:limit]
    return max(lines, key=len) if lines else None


def spread(values: tuple[int, ...]) -> dict[str, int]:
    """Find the extremes."""
    return {"least": min(values), "most": max(values)}


def ratio(part: int, whole: int) -> float:
    return part / whole
