"""An inventory in a few numbers: by state, by area, and for all of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import Field

from fresh.domain.acceptance import area_of
from fresh.domain.feature import Feature, Inventory, Reachability
from fresh.domain.value import Value

WELL_TESTED = 0.5


class Row(Value):
    """Numbers of some features. Shares lie in 0..1; `quality` is the mean of 0..100, `necessity` that of 0..1."""

    name: str
    features: int
    share: float = Field(description="of all features")
    unhooked: int = Field(description="that nothing but tests reaches")
    tested: float = Field(description="the share that asserting tests reach by a strong path")
    documented: float
    quality: float
    necessity: float
    stubs: int


class Summary(Value):
    """One row a state, one an area, and one for everything."""

    states: tuple[Row, ...]
    areas: tuple[Row, ...]
    total: Row
    entry_points: int
    files: int
    lines: int
    unparsed: int
    unknown: int = Field(description="features of which nobody can tell how they are reached")
    tolerated: int


def summarise(inventory: Inventory) -> Summary:
    """Count an inventory; areas come by the number of their features."""
    features = inventory.features
    areas: dict[str, list[Feature]] = {}
    for each in features:
        areas.setdefault(area_of(each), []).append(each)
    by_size = sorted(areas, key=lambda name: (-len(areas[name]), name))
    states = [(state, [each for each in features if each.reachability is state]) for state in Reachability]
    return Summary(
        states=tuple(_row(state.value, found, len(features)) for state, found in states if found),
        areas=tuple(_row(name, areas[name], len(features)) for name in by_size),
        total=_row("all", features, len(features)),
        entry_points=len(inventory.entry_points),
        files=inventory.files,
        lines=inventory.lines,
        unparsed=len(inventory.unparsed),
        unknown=sum(each.reachability is Reachability.UNKNOWN for each in features),
        tolerated=len(inventory.tolerated),
    )


def _row(name: str, features: Sequence[Feature], of: int) -> Row:
    open_states = (Reachability.UNHOOKED, Reachability.TEST_ONLY)
    return Row(
        name=name,
        features=len(features),
        share=_mean((1.0 for _ in features), of),
        unhooked=sum(each.reachability in open_states for each in features),
        tested=_mean((float(each.tested >= WELL_TESTED) for each in features), len(features)),
        documented=_mean((float(each.documented) for each in features), len(features)),
        quality=_mean((float(each.quality) for each in features), len(features)),
        necessity=_mean((each.necessity for each in features), len(features)),
        stubs=sum(each.stub for each in features),
    )


def _mean(values: Iterable[float], count: int) -> float:
    return round(sum(values) / count, 4) if count else 0.0
