"""Sets of words, written as people write them."""

from __future__ import annotations


def words(*lines: str) -> frozenset[str]:
    """Read the words of some lines."""
    return frozenset(word for line in lines for word in line.split())
