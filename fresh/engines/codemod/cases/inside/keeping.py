"""Notice when a call changes the containers that its module keeps, and put them back."""

from __future__ import annotations

from types import ModuleType

LARGEST = 5000
MEMORIES = ("cache", "memo", "__")

Kept = dict[object, object] | list[object] | set[object]


class ModuleState:
    """What the plain containers of a module held before a call. Caches may change: they only save time."""

    def __init__(self, module: ModuleType) -> None:
        self._kept: list[tuple[str, Kept, Kept]] = [
            (name, value, value.copy())
            for name, value in vars(module).items()
            if type(value) in (dict, list, set) and len(value) <= LARGEST and not _is_memory(name)
        ]

    def restore(self) -> str:
        """Put back what changed and name the first container that did; empty when none did."""
        moved = ""
        for name, value, before in self._kept:
            if _same(value, before):
                continue
            moved = moved or name
            _refill(value, before)
        return moved


def _is_memory(name: str) -> bool:
    return any(word in name.lower() for word in MEMORIES)


def _same(value: Kept, before: Kept) -> bool:
    """Compare by identity of the items: comparing a target's objects may do anything."""
    if len(value) != len(before):
        return False
    if isinstance(value, dict) and isinstance(before, dict):
        return all(key in before and before[key] is item for key, item in value.items())
    if isinstance(value, set):
        return value == before
    return all(one is other for one, other in zip(value, before, strict=True))


def _refill(value: Kept, before: Kept) -> None:
    value.clear()
    if isinstance(value, dict):
        value.update(before)  # type: ignore[arg-type]
    elif isinstance(value, set):
        value.update(before)
    else:
        value.extend(before)
