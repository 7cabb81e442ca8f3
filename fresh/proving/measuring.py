"""An inventory that knows what the base commit's tests really run, instead of what they seem to reach."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from fresh.domain.evidence import TestRun
from fresh.domain.feature import RED, Feature, Inventory, Signal
from fresh.inventory.lines import body_lines
from fresh.inventory.safety import with_tested


def as_run(inventory: Inventory, run: TestRun, read: Callable[[str], str]) -> Inventory:
    """Add what a run of the base commit's tests says of each feature: how much of it ran, and which tests fail."""
    return _with_red(with_coverage(inventory, run, read), run)


def _with_red(inventory: Inventory, run: TestRun) -> Inventory:
    """Mark the features whose own tests fail already."""
    failing = {name.partition("[")[0] for name in run.failing}
    red = {
        each.key: min(failing & {*each.tested_by})
        for each in inventory.features
        if failing & {*each.tested_by}
    }
    if not red:
        return inventory
    features = tuple(
        each.model_copy(
            update={
                "signals": (*each.signals, Signal(name=RED, value=1, why=f"{red[each.key]} fails already"))
            }
        )
        if each.key in red
        else each
        for each in inventory.features
    )
    digest = hashlib.sha256(f"{inventory.digest}\0{sorted(red.items())}".encode()).hexdigest()
    return inventory.model_copy(update={"features": features, "digest": digest[: len(inventory.digest)]})


def with_coverage(inventory: Inventory, run: TestRun, read: Callable[[str], str]) -> Inventory:
    """Replace each feature's `tested` by the share of its body lines that ran, and its safety by what follows from that.

    Unchanged without coverage.
    A feature without body lines, such as a class of fields alone, keeps what the graph says.
    """
    if not run.covered:
        return inventory
    bodies: dict[str, frozenset[int]] = {}

    def measured(feature: Feature) -> Feature:
        if feature.path not in bodies:
            bodies[feature.path] = _all_bodies(read, feature.path)
        body = {line for line in bodies[feature.path] if feature.line <= line <= feature.end_line}
        if not body:
            return feature
        ran = len(body & set(run.covered.get(feature.path, ())))
        why = f"{ran} of {len(body)} lines run in the tests of the base commit"
        return with_tested(feature, round(ran / len(body), 3), why)

    features = tuple(measured(feature) for feature in inventory.features)
    shares = ";".join(f"{feature.key}={feature.tested}" for feature in features)
    digest = hashlib.sha256(f"{inventory.digest}\0{shares}".encode()).hexdigest()[: len(inventory.digest)]
    return inventory.model_copy(update={"features": features, "digest": digest})


def _all_bodies(read: Callable[[str], str], path: str) -> frozenset[int]:
    try:
        text = read(path)
        return body_lines(text, 1, text.count("\n") + 1)
    except (SyntaxError, UnicodeDecodeError, KeyError):
        return frozenset()
