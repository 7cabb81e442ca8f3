"""Small made-up repositories: one text file each, every file of it under a line `=== path`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from fresh.domain.feature import Feature, Inventory
from fresh.inventory.lint import Lint
from fresh.inventory.scan import take_inventory
from tests.fakes.workspace import FakeWorkspace

HEADER = re.compile(r"^=== (.+)\n", re.MULTILINE)
FOLDER = Path(__file__).parent / "examples"


def files_of(text: str) -> dict[str, str]:
    """Split one text into the files that it holds."""
    parts = HEADER.split(text)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def example(name: str) -> dict[str, str]:
    """Read one of the made-up repositories."""
    return files_of((FOLDER / f"{name}.txt").read_text())


def inventory_of(
    files: Mapping[str, str | bytes],
    cache: Path,
    *,
    executable: Iterable[str] = (),
    lint: Lint | None = None,
) -> Inventory:
    """Take the inventory of a repository with these files."""
    workspace = FakeWorkspace()
    commit = workspace.record(files, executable=executable)
    return take_inventory(workspace, commit, cache, lint=lint)


def feature_of(inventory: Inventory, key: str) -> Feature:
    """Find a feature that must be there."""
    found = inventory.feature(key)
    assert found is not None, f"{key} is not among {[feature.key for feature in inventory.features]}"
    return found


def states_of(inventory: Inventory) -> dict[str, str]:
    """Map every feature to its state."""
    return {feature.key: feature.reachability.value for feature in inventory.features}
