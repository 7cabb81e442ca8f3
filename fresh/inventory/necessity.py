"""How much a feature is needed, as a sum of contributions that never look at what its name means."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from fresh.domain.counting import count
from fresh.domain.feature import Signal

PUBLIC = 0.10
CALLERS = 0.30
ENTRY_KINDS, ENOUGH_KINDS = 0.10, 3
DOCUMENTED = 0.10
DOCSTRING = 0.05
EXPORTED = 0.10
RECENT, ENOUGH_RECENT = 0.10, 5
YEARLY, ENOUGH_YEARLY = 0.05, 12


class Need(NamedTuple):
    """The facts that necessity is made of. `churn_*` count commits to the file in that many days."""

    callers: int
    entry_kinds: tuple[str, ...]
    named_in: str | None
    has_docstring: bool
    export: str | None
    churn_90: int
    churn_365: int


def necessity(need: Need, all_callers: Sequence[int]) -> tuple[float, tuple[Signal, ...]]:
    """Sum up the contributions; `all_callers` is the sorted list of every feature's callers."""
    rank = bisect_left(all_callers, need.callers) / len(all_callers) if all_callers else 0.0
    kinds = ", ".join(need.entry_kinds) or "no entry point"
    parts = [
        ("public", PUBLIC, "its name is public"),
        ("callers", CALLERS * rank, f"{count(need.callers, 'caller')}, more than {rank:.0%} of all features"),
        ("entry points", ENTRY_KINDS * _share(len(need.entry_kinds), ENOUGH_KINDS), f"reached by {kinds}"),
        ("documented", DOCUMENTED * (need.named_in is not None), f"named in {need.named_in}"),
        ("docstring", DOCSTRING * need.has_docstring, "it says what it does"),
        ("exported", EXPORTED * (need.export is not None), str(need.export)),
        (
            "churn 90 days",
            RECENT * _share(need.churn_90, ENOUGH_RECENT),
            f"{count(need.churn_90, 'commit')} to its file in 90 days",
        ),
        (
            "churn 365 days",
            YEARLY * _share(need.churn_365, ENOUGH_YEARLY),
            f"{count(need.churn_365, 'commit')} to its file in a year",
        ),
    ]
    signals = tuple(
        Signal(name=f"necessity: {name}", value=round(value, 4), why=why)
        for name, value, why in parts
        if value
    )
    return round(min(1.0, sum(signal.value for signal in signals)), 4), signals


def _share(count: int, enough: int) -> float:
    return min(count / enough, 1.0)
