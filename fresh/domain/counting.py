"""Numbers in sentences that people read."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """Say how many: `1 test`, `2 tests`, `0 branches`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun}{'es' if noun.endswith(('ch', 'sh', 's', 'x')) else 's'}"
