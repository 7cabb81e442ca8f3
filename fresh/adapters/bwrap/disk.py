"""How much a command has written to the host's disks."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

# An empty file takes no block, but millions of them take all inodes: each counts as one block.
BLOCK = 4096
# Files that were deleted but are still open take space and stand in no tree. From here on nobody is asked.
CERTAIN = 4


class DiskWatch:
    """Notice when the writable places of one command have grown by more than `limit` bytes.

    Asking a file system for its free space is cheap but counts every writer of the machine, so only when that looks bad
    are the files looked at which changed since the start.
    """

    def __init__(self, places: Iterable[Path], limit: int) -> None:
        self._limit = limit
        self._places = tuple(places)
        self._started = time.time()
        self._look_from = limit
        self._before: dict[int, tuple[Path, int, int]] = {}
        for place in self._places:
            self._before.setdefault(place.stat().st_dev, (place, *_free(place)))

    def exceeded(self) -> bool:
        """Look now."""
        grown = sum(self._growth(*before) for before in self._before.values())
        if grown <= self._look_from:
            return False
        if grown > CERTAIN * self._limit:
            return True
        self._look_from = grown + self._limit // 4
        return sum(self._written(place) for place in self._places) > self._limit

    def _growth(self, place: Path, space: int, inodes: int) -> int:
        try:
            space_left, inodes_left = _free(place)
        except FileNotFoundError:
            return 0  # somebody removed the tree, and what stood there no longer takes space
        return max(space - space_left, (inodes - inodes_left) * BLOCK, 0)

    def _written(self, place: Path) -> int:
        """Count what changed below `place` since the start; the kernel keeps ctime, and commands can't set it."""
        total = 0
        for directory, _, names in os.walk(place):
            for name in (".", *names):
                try:
                    entry = os.lstat(os.path.join(directory, name))
                except OSError:
                    continue  # gone, or deeper than a path can say
                if entry.st_ctime >= self._started:
                    total += max(entry.st_blocks * 512, BLOCK)
        return total


def _free(place: Path) -> tuple[int, int]:
    found = os.statvfs(place)
    return found.f_bfree * found.f_frsize, found.f_ffree
