"""Say from the inventory alone why a feature gets no test."""

from __future__ import annotations

from pathlib import PurePosixPath

from fresh.domain.feature import Feature, Inventory, Reachability

OWN_GROUND = ("setup", "conftest", "__main__", "manage", "noxfile", "fabfile")
FOREIGN_GROUND = {
    "migrations",
    "tests",
    "test",
    "testing",
    "docs",
    "examples",
    "vendor",
    "_vendor",
    "vendored",
}
FULLY = 0.99


def screen(feature: Feature, inventory: Inventory) -> str | None:
    """Say in one sentence why no test will be written; None means: worth trying."""
    path = PurePosixPath(feature.path)
    name = feature.qualname
    if path.suffix != ".py":
        return f"{feature.path} is no Python file."
    if "<locals>" in name:
        return f"{name} is defined inside another function and can't be called from a test."
    if any(part.startswith("_") for part in name.split(".")):
        return f"{name} is private: it is tested through what uses it."
    if feature.bare:
        return f"{name} defines no method: there is no behaviour of its own to pin."
    if feature.stub:
        return f"{name} has an unfinished body: there is no behaviour to pin."
    if feature.reachability is Reachability.UNKNOWN:
        return f"{feature.path} could not be analysed: {'; '.join(feature.evidence) or 'no parser reads it'}."
    if feature.tested >= FULLY:
        return (
            f"{name} is tested already: {', '.join(feature.tested_by[:2]) or 'its lines run in the tests'}."
        )
    if path.stem in OWN_GROUND or is_test(feature.path):
        return f"{feature.path} is part of the tests, the build or a script, no code of the product."
    foreign = FOREIGN_GROUND.intersection(path.parts[:-1])
    if foreign:
        return f"{feature.path} lies under {sorted(foreign)[0]}/, which is no code of the product."
    return None


def is_test(path: str) -> bool:
    """Say whether a file is a test by its name."""
    stem = PurePosixPath(path).stem
    return path.endswith(".py") and (stem.startswith("test_") or stem.endswith("_test") or stem == "tests")
