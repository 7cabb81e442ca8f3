"""What people ask for in open issues, as part of how much each feature is needed.

Issues change by the hour, so they are added to an inventory when something is chosen or shown, and are never kept with
it. Anybody may write one: it can move a feature's necessity by a tenth and no more, and its words are shown nowhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from fresh.domain.assigning import Names
from fresh.domain.assignment import Assignment
from fresh.domain.counting import count
from fresh.domain.feature import Feature, Inventory, Signal

MOST = 0.10
ENOUGH = 3
"""Issues after which more of them add nothing."""
SHOWN = 5


def with_issues(inventory: Inventory, issues: Iterable[Assignment]) -> Inventory:
    """Add to each feature what the open issues that name it are worth; the digest follows where that is anything."""
    names = Names(inventory)
    asking: dict[str, list[int]] = {}
    for issue in sorted(issues, key=lambda each: each.number):
        for feature in names.named_in(issue):
            asking.setdefault(feature.key, []).append(issue.number)
    if not asking:
        return inventory
    features = tuple(
        _wanted(each, asking[each.key]) if each.key in asking else each for each in inventory.features
    )
    told = repr((inventory.digest, sorted((key, min(len(by), ENOUGH)) for key, by in asking.items())))
    digest = hashlib.sha256(told.encode()).hexdigest()[: len(inventory.digest)]
    return inventory.model_copy(update={"features": features, "digest": digest})


def _wanted(feature: Feature, numbers: list[int]) -> Feature:
    listed = ", ".join(f"#{number}" for number in numbers[:SHOWN])
    more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
    signal = Signal(
        name="necessity: issues",
        value=round(MOST * min(len(numbers) / ENOUGH, 1.0), 4),
        why=f"named in {count(len(numbers), 'open issue')}: {listed}{more}",
    )
    needed = round(min(1.0, feature.necessity + signal.value), 4)
    return feature.model_copy(update={"necessity": needed, "signals": (*feature.signals, signal)})
