"""An inventory that knows what the base commit's tests really run, instead of what they seem to reach."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from fresh.domain.evidence import TestRun
from fresh.domain.feature import Feature, Inventory
from fresh.inventory.lines import body_lines
from fresh.inventory.safety import with_tested


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
