"""An inventory in numbers, and what changed between two of them."""

from __future__ import annotations

import pytest

from fresh.domain.feature import Feature, Inventory, Reachability
from fresh.domain.inventory_change import compare
from fresh.domain.inventory_summary import summarise


def feature(name: str, state: Reachability, module: str = "app.web.views", **facts: object) -> Feature:
    """A feature of a module."""
    plain: dict[str, object] = {
        "key": f"{module}:{name}",
        "module": module,
        "qualname": name,
        "path": f"{module.replace('.', '/')}.py",
        "line": 3,
        "end_line": 5,
        "reachability": state,
        "evidence": (f"{name} is {state}",),
    }
    return Feature.model_validate({**plain, **facts})


def inventory(commit: str, *features: Feature) -> Inventory:
    """An inventory of these features."""
    return Inventory(commit=commit, digest=commit, features=features, files=3, lines=90)


def test_only_what_is_reached_otherwise_has_changed() -> None:
    before = inventory(
        "one",
        feature("same", Reachability.HOOKED, line=1),
        feature("lost", Reachability.HOOKED),
        feature("gone", Reachability.UNHOOKED),
    )
    after = inventory(
        "two",
        feature("same", Reachability.HOOKED, line=9),
        feature("lost", Reachability.UNHOOKED),
        feature("made", Reachability.API_ONLY),
    )
    changed = compare(before, after)
    assert (changed.since, changed.commit) == ("one", "two")
    assert [(each.feature.partition(":")[2], each.before, each.after) for each in changed.changes] == [
        ("gone", Reachability.UNHOOKED, None),
        ("lost", Reachability.HOOKED, Reachability.UNHOOKED),
        ("made", None, Reachability.API_ONLY),
    ]
    assert changed.changes[1].evidence == ("lost is unhooked",)
    assert compare(after, after).changes == ()


def test_the_summary_counts_by_state_and_by_area() -> None:
    found = summarise(
        inventory(
            "one",
            feature("a", Reachability.HOOKED, tested=0.5, quality=90, documented=True, necessity=0.6),
            feature("b", Reachability.UNHOOKED, tested=0.25, quality=70, stub=True, necessity=0.2),
            feature("c", Reachability.TEST_ONLY, module="app.jobs.night", tested=0.5),
            feature("d", Reachability.UNKNOWN, module="app.jobs.night"),
        )
    )
    assert [(row.name, row.features, row.share) for row in found.states] == [
        ("hooked", 1, 0.25),
        ("test-only", 1, 0.25),
        ("unhooked", 1, 0.25),
        ("unknown", 1, 0.25),
    ]
    web = next(row for row in found.areas if row.name == "app.web")
    assert (web.features, web.unhooked, web.stubs, web.tested, web.documented) == (2, 1, 1, 0.5, 0.5)
    assert (web.quality, web.necessity) == (80.0, pytest.approx(0.4))
    assert (found.total.features, found.total.unhooked, found.unknown, found.files) == (4, 2, 1, 3)


def test_an_empty_inventory_has_a_summary_too() -> None:
    found = summarise(inventory("one"))
    assert (found.states, found.areas, found.total.features, found.total.tested) == ((), (), 0, 0.0)
