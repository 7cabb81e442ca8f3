"""Every way in which frameworks and build files reach code makes what it reaches hooked, and names its rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inventory.example import example, feature_of, inventory_of

CASES = example("entry_points")
TITLES = dict.fromkeys(path.partition("/")[0] for path in CASES)


def expectations(text: str) -> list[tuple[str, str, str]]:
    """Read lines `module:name state rule` of a case; the rule may be left out."""
    return [(*line.split(None, 2), "")[:3] for line in text.splitlines()]  # type: ignore[misc]


@pytest.mark.parametrize("case", TITLES)
def test_every_kind_of_entry_point_is_known(case: str, tmp_path: Path) -> None:
    files = {
        path.removeprefix(f"{case}/"): text for path, text in CASES.items() if path.startswith(f"{case}/")
    }
    expected = expectations(files.pop("EXPECTED"))
    inventory = inventory_of(files, tmp_path)
    rules: dict[str, list[str]] = {}
    for entry in inventory.entry_points:
        rules.setdefault(entry.key, []).append(entry.rule)
    for key, state, rule in expected:
        feature = feature_of(inventory, key)
        told = (*rules.get(key, ()), feature.evidence[0])
        assert (key, feature.reachability.value) == (key, state), feature.evidence
        assert any(each.startswith(rule) for each in told), (key, told)
