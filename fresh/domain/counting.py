"""Numbers in sentences that people read."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """Say how many: `1 test`, `2 tests`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
