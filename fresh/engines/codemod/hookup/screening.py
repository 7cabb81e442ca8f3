"""What can be told from the inventory alone about a hookup."""

from __future__ import annotations

from fresh.domain.entry_rules import is_cli
from fresh.domain.feature import Feature, Inventory, Reachability
from fresh.domain.test_code import is_test_path


def screen(feature: Feature, inventory: Inventory) -> str | None:
    """Say in one sentence why the feature can't become a command; None means: worth trying."""
    if feature.reachability not in (Reachability.UNHOOKED, Reachability.TEST_ONLY):
        return f"{feature.name} is {feature.reachability}, only what is unhooked or test-only needs a hookup."
    if feature.is_class:
        return f"{feature.name} is a class; only functions become commands."
    if "." in feature.qualname:
        return f"{feature.qualname} is a method, which needs a live object that no command line can give it."
    if feature.name.startswith("_"):
        return f"{feature.name} is private."
    if not feature.path.endswith(".py") or is_test_path(feature.path):
        return f"{feature.path} is no product code in Python."
    if feature.stub:
        return f"{feature.name} is a stub; a command would show nothing."
    if not any(is_cli(entry) for entry in inventory.entry_points):
        return "The project has no command line that a command could be added to."
    return None
