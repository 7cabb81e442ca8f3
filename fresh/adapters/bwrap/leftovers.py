"""What a killed host leaves on the machine, and how a later one finds and removes it."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

from fresh.adapters.bwrap.cgroups import PREFIX, take_away
from fresh.adapters.bwrap.hierarchies import Hierarchy
from fresh.adapters.bwrap.owners import Owner
from fresh.errors import StorageFailed


class Leftovers:
    """Remember on disk where groups were made, so that a later host finds what a killed one left.

    A host that starts anew often lives in another group than the one that died, and would not look there.
    """

    def __init__(self, state: Path) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._noted: set[tuple[Owner, tuple[Path, ...]]] = set()

    def note(self, owner: Owner, hierarchy: Hierarchy) -> None:
        """Write down where `owner` makes groups, before it makes the first. Raises StorageFailed."""
        with self._lock:
            key = (owner, hierarchy.directories)
            if key in self._noted or not hierarchy.directories:
                return
            try:
                self._write(owner, hierarchy.directories)
            except OSError as failed:
                raise StorageFailed(
                    f"Could not note in {self._state} where control groups are made: {failed.strerror}.",
                    hint="Check that the state directory can be written and the disk is not full.",
                ) from failed
            self._noted.add(key)

    def sweep(self, hierarchy: Hierarchy) -> int:
        """Remove every group whose owner is dead; return how many."""
        homes = set(hierarchy.directories)
        notes = [note for note in self._notes() if not note[0].alive]
        homes.update(home for _, _, noted in notes for home in noted)
        removed = sum(_sweep(home) for home in sorted(homes))
        for _, file, noted in notes:
            if not any(_groups_of_dead(home) for home in noted):
                file.unlink(missing_ok=True)
        return removed

    def _write(self, owner: Owner, directories: tuple[Path, ...]) -> None:
        self._state.mkdir(parents=True, exist_ok=True)
        draft = self._state / f".{owner}"
        draft.write_text("".join(f"{directory}\n" for directory in directories))
        draft.replace(self._state / str(owner))

    def _notes(self) -> list[tuple[Owner, Path, tuple[Path, ...]]]:
        if not self._state.is_dir():
            return []
        found = []
        for file in self._state.iterdir():
            owner = Owner.read(file.name.lstrip("."))
            if owner is None:
                continue
            with suppress(FileNotFoundError):
                found.append((owner, file, tuple(Path(line) for line in file.read_text().splitlines())))
        return found


def _sweep(home: Path) -> int:
    return sum(take_away(group) for group in _groups_of_dead(home))


def _groups_of_dead(home: Path) -> list[Path]:
    if not home.is_dir():
        return []
    groups = []
    for directory in home.glob(f"{PREFIX}*"):
        owner = Owner.read(directory.name.removeprefix(PREFIX))
        if owner is not None and not owner.alive:
            groups.append(directory)
    return groups
