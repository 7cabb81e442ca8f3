"""How safe it is to change a feature's code."""

from __future__ import annotations

from math import log

from fresh.domain.feature import Feature, Signal
from fresh.domain.protection import why_protected


def safety(dependents: int, tested: float, exported: bool, path: str) -> tuple[float, Signal]:
    """Multiply what makes a change safe; files in flight are the selection's business, as they change by the hour."""
    protected = why_protected(path)
    spread = 1 / (1 + log(1 + dependents))
    value = spread * tested * (0.5 if exported else 1.0) * (0.0 if protected else 1.0)
    why = f"{dependents} dependents × {spread:.2f}, tested {tested:.2f}, {'exported × 0.5' if exported else 'not exported'}"
    why += f", protected as a {protected} path × 0" if protected else ""
    return round(value, 4), Signal(name="safety", value=round(value, 4), why=why)


def with_tested(feature: Feature, tested: float, why: str, by: tuple[str, ...] | None = None) -> Feature:
    """Say better how well a feature is tested, and what that makes of its safety; `by` replaces the tests, if given."""
    safe, told = safety(feature.dependents, tested, feature.exported, feature.path)
    better = {"tested": Signal(name="tested", value=tested, why=why), told.name: told}
    others = (known for known in feature.signals if known.name not in better)
    update = {"tested": tested, "safety": safe, "signals": (better["tested"], *others, told)}
    return feature.model_copy(update=update if by is None else {**update, "tested_by": by})
