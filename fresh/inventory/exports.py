"""What a package offers to importers: `__all__` and what its `__init__` re-exports."""

from __future__ import annotations

from fresh.inventory.graph import Graph
from fresh.inventory.layout import Role
from fresh.inventory.modules import Module


def find_exports(graph: Graph) -> dict[int, str]:
    """Map every exported node of product code to the place that exports it."""
    found: dict[int, str] = {}
    for module in graph.modules.by_name.values():
        if module.source.role is not Role.PRODUCT:
            continue
        for name in _offered(module):
            target = graph.symbols.attribute(module, name, ())
            if target is None or target.left:
                continue
            if graph.modules.of[target.node].source.role is not Role.TEST:
                rule = "__all__" if module.shape.exported is not None else "package export"
                found.setdefault(target.node, f"{rule} of {module.name} ({module.source.path})")
    return found


def _offered(module: Module) -> list[str]:
    """List the names that a module exports: what it says, else what a package's `__init__` brings in."""
    if module.shape.exported is not None:
        return module.shape.exported
    if not module.source.is_package:
        return []
    own = [name for name in module.imports.get(-1, {}) if not name.startswith("_") and "." not in name]
    return sorted({*own, *(name for name in module.top if not name.startswith("_"))})
