"""The way from an entry point to a feature, as a commit's inventory found it."""

from __future__ import annotations

from fresh.domain.feature import Inventory, Reachability


def strong_path(inventory: Inventory, feature_key: str) -> tuple[str, ...] | None:
    """Read the shortest path of strong edges from a root to a feature; None when there is none.

    The first line is the root's rule, each further line one step. An inventory of the head commit costs only the
    files that differ from the base, as long as both use the same cache.
    """
    feature = inventory.feature(feature_key)
    if feature is None or feature.reachability is not Reachability.HOOKED:
        return None
    return feature.evidence
