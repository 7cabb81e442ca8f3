"""What a file binds to names, as far as others can see that."""

from __future__ import annotations

from fresh.inventory.record import Record


def identities(record: Record) -> list[tuple[str, int]]:
    """Tell the definitions of a file apart by their names and, of several with the same, by their order."""
    seen: dict[str, int] = {}
    found = []
    for definition in record.shape.definitions:
        number = seen[definition.qualname] = seen.get(definition.qualname, -1) + 1
        found.append((definition.qualname, number))
    return found


def bindings(record: Record) -> dict[str, list[tuple[object, ...]]]:
    """List for every name what a file binds to it, as far as others can see that."""
    found: dict[str, list[tuple[object, ...]]] = {}
    known: list[tuple[str, int]] = [*identities(record), ("", 0)]
    for definition, identity in zip(record.shape.definitions, known, strict=False):
        binding = (*identity, definition.is_class, *definition.bases)
        found.setdefault(definition.name, []).append(binding)
    for owner, name, target in record.shape.imports:
        if owner == -1 or name == "*":
            found.setdefault(name, []).append((target,))
    for each in record.links.bound:
        if each.owner == -1 or each.name.startswith("self."):
            found.setdefault(each.name, []).append((*known[each.owner], each.source, each.called))
    return found
