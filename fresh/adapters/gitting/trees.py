"""Agents' private trees: laid as raw bytes, found again after a death, removed whole."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from fresh.adapters.gitting.beneath import remove
from fresh.adapters.gitting.mirror import Mirror
from fresh.adapters.gitting.names import demand_plain
from fresh.adapters.gitting.objects import (
    LINK,
    RUNNABLE,
    SUBMODULE,
    Entry,
    list_files,
    read_in_batches,
    refuse_unsafe,
)
from fresh.adapters.gitting.private import OBJECTS, environment, lay_git_directory
from fresh.adapters.gitting.storage import locked, storing, try_lock
from fresh.domain.value import Value
from fresh.errors import Refusal
from fresh.ports import Mount, Tree

_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Planted(Value):
    """What is written beside a tree once it is whole.

    `boot` names the machine's boot: files are not flushed to the disk one by one, so a power cut may have emptied some.
    """

    base: str
    boot: str


@dataclass(frozen=True)
class Trees:
    """The trees of one target repository, below `root`, each with its throwaway git directory."""

    mirror: Mirror
    root: Path

    def plant(self, name: str, commit: str, home: str) -> Tree:
        """Lay a tree aside and put it in place in one step. Raises Refusal, GitFailed, StorageFailed."""
        place = self.root / demand_plain(name)
        with storing(f"The tree {name!r} can't be laid"), self._nursery(name) as making:
            (making / "tree").mkdir()
            lay_files(self.mirror, making / "tree", commit)
            (making / "private.git").mkdir()
            lay_git_directory(self.mirror, making / "private.git", commit)
            planted = Planted(base=commit, boot=_boot())
            (making / "planted.json").write_text(planted.model_dump_json())
            with locked(self._lock):
                felled = self._set_aside(place)
                making.rename(place)
            remove(felled)
        return self._tree(name, commit, home)

    def standing(self, name: str, home: str) -> Tree | None:
        """Find a whole tree that was laid since the machine booted."""
        try:
            planted = Planted.model_validate_json(
                (self.root / demand_plain(name) / "planted.json").read_bytes()
            )
        except (OSError, ValidationError):
            return None
        return self._tree(name, planted.base, home) if planted.boot == _boot() else None

    def fell(self, name: str) -> None:
        """Remove a tree. Raises StorageFailed."""
        with storing(f"The tree {name!r} can't be removed"):
            with locked(self._lock):
                felled = self._set_aside(self.root / demand_plain(name))
                self._sweep()
            remove(felled)

    @property
    def _lock(self) -> Path:
        return self.root / ".lock"

    @contextlib.contextmanager
    def _nursery(self, name: str) -> Iterator[Path]:
        """Make a directory that is ours while its lock is held; a dead process's lock is free."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        making = self.root / f".planting-{name}-{secrets.token_hex(4)}"
        with locked(self._lock):
            self._sweep()
            making.mkdir(mode=0o700)
            descriptor = os.open(making, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try_lock(descriptor)
        try:
            yield making
        finally:
            os.close(descriptor)
            remove(making)

    def _set_aside(self, place: Path) -> Path:
        felled = self.root / f".felled-{secrets.token_hex(8)}"
        with contextlib.suppress(FileNotFoundError):
            place.rename(felled)
        return felled

    def _sweep(self) -> None:
        """Remove what dead processes left, under the lock."""
        for felled in self.root.glob(".felled-*"):
            remove(felled)
        for making in self.root.glob(".planting-*"):
            with contextlib.suppress(FileNotFoundError):
                descriptor = os.open(making, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                try:
                    if try_lock(descriptor):
                        remove(making)
                finally:
                    os.close(descriptor)

    def _tree(self, name: str, base: str, home: str) -> Tree:
        place = self.root / name
        mounts = (
            Mount(place / "tree", home, writable=True),
            Mount(place / "private.git", f"{home}/.git", writable=True),
            Mount(self.mirror.directory / "objects", OBJECTS),
        )
        return Tree(name, base, place / "tree", home, mounts, environment(home))


def lay_files(mirror: Mirror, place: Path, commit: str) -> None:
    """Write every file of a commit into an empty directory, byte for byte. Raises Refusal for paths that can't be laid."""
    entries = list_files(mirror.git, commit)
    root = os.fsencode(place)
    refuse_unsafe(entries, commit)
    try:
        _lay_directories(root, entries)
        files = [entry for entry in entries if entry.mode != SUBMODULE]
        links: list[tuple[Entry, bytes]] = []
        for entry, content in read_in_batches(mirror.git, files):
            if entry.mode == LINK:
                links.append((entry, content))
            else:
                _lay_file(root + b"/" + entry.path, content, runnable=entry.mode == RUNNABLE)
        # Links come last: no file is ever written through one, whatever a forged commit lists.
        for entry, target in links:
            os.symlink(target, root + b"/" + entry.path)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as failed:
        raise Refusal(f"Commit {commit[:12]} lists a path twice: {failed.filename!r}.") from failed


def _lay_directories(root: bytes, entries: Sequence[Entry]) -> None:
    wanted = {b".git"}  # the place where the private git directory is mounted
    for entry in entries:
        path = entry.path if entry.mode == SUBMODULE else entry.path.rpartition(b"/")[0]
        while path and path not in wanted:
            wanted.add(path)
            path = path.rpartition(b"/")[0]
    for path in sorted(wanted):
        os.mkdir(root + b"/" + path)


def _lay_file(path: bytes, content: bytes, *, runnable: bool) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o777 if runnable else 0o666)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)


def _boot() -> str:
    return _BOOT.read_text().strip() if _BOOT.exists() else ""
