"""What changed between two inventories of one repository."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from fresh.domain.feature import Feature, Inventory, Reachability
from fresh.domain.value import Value


class StateChange(Value):
    """A feature that is reached otherwise than before; no state on a side where it does not exist."""

    feature: str
    where: str = Field(description="path and line in the newer commit, else in the older one")
    before: Reachability | None
    after: Reachability | None
    evidence: tuple[str, ...] = Field(description="what is behind the newer state, else behind the older one")


class InventoryChange(Value):
    """Every feature whose state differs between two commits, by key."""

    since: str
    commit: str
    changes: tuple[StateChange, ...]


def compare(before: Inventory, after: Inventory) -> InventoryChange:
    """List what appeared, went, or is reached otherwise."""
    old, new = _by_key(before), _by_key(after)
    changes = [
        StateChange(
            feature=key,
            where=f"{shown.path}:{shown.line}",
            before=old[key].reachability if key in old else None,
            after=new[key].reachability if key in new else None,
            evidence=shown.evidence,
        )
        for key in sorted(old.keys() | new.keys())
        if _state(old, key) != _state(new, key)
        for shown in (new.get(key) or old[key],)
    ]
    return InventoryChange(since=before.commit, commit=after.commit, changes=tuple(changes))


def _by_key(inventory: Inventory) -> Mapping[str, Feature]:
    return {feature.key: feature for feature in inventory.features}


def _state(features: Mapping[str, Feature], key: str) -> Reachability | None:
    return features[key].reachability if key in features else None
