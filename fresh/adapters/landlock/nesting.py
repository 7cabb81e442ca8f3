"""Mounts inside of a writable mount: links stand in for them while a command runs, so that relative paths find them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fresh.adapters.bwrap.ownership import open_below
from fresh.adapters.landlock.paths import is_below
from fresh.ports import Mount


@dataclass(frozen=True)
class Link:
    """One link to be: `name` in the directory `below` of `root`, to `source`."""

    root: Path
    below: tuple[str, ...]
    name: str
    source: Path

    def lay(self) -> bool | None:
        """Put it there; whether an empty directory gave way to it, None when it could not be laid.

        Whatever else stands there was made by the agent, in its own tree, and stays.
        """
        with self._directory() as directory:
            if directory is None:
                return None
            gave_way = _clear(self.name, directory)
            try:
                os.symlink(self.source, self.name, dir_fd=directory)
            except OSError:
                return None
            return gave_way

    def lift(self, gave_way: bool) -> None:
        """Take it away again if it is still the same."""
        with self._directory() as directory, suppress(OSError):
            if directory is None or os.readlink(self.name, dir_fd=directory) != str(self.source):
                return
            os.unlink(self.name, dir_fd=directory)
            if gave_way:
                os.mkdir(self.name, dir_fd=directory)

    @contextmanager
    def _directory(self) -> Iterator[int | None]:
        directory = open_below(self.root, self.below)
        try:
            yield directory
        finally:
            if directory is not None:
                os.close(directory)


@contextmanager
def linked(mounts: Sequence[Mount]) -> Iterator[None]:
    """Lay links for every mount that lies inside of a writable one, and lift them at the end."""
    links = [link for mount in mounts if (link := _link(mount, mounts)) is not None]
    laid = [(link, gave_way) for link in links if (gave_way := link.lay()) is not None]
    try:
        yield
    finally:
        for link, gave_way in reversed(laid):
            link.lift(gave_way)


def _link(mount: Mount, mounts: Sequence[Mount]) -> Link | None:
    outer = [
        other
        for other in mounts
        if other.writable and other.source.is_dir() and is_below(mount.target, other.target)
    ]
    if not outer:
        return None
    innermost = max(outer, key=lambda other: len(other.target))
    *below, name = PurePosixPath(mount.target).relative_to(innermost.target).parts
    return Link(innermost.source, tuple(below), name, mount.source.absolute())


def _clear(name: str, directory: int) -> bool:
    """Remove what marks a place to mount on, or a link that a killed host left; whether that was a directory."""
    with suppress(OSError):
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            os.rmdir(name, dir_fd=directory)
            return True
        if stat.S_ISLNK(found.st_mode) or found.st_size == 0:
            os.unlink(name, dir_fd=directory)
    return False
