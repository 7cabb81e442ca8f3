"""Make the files that a command may write its own, when the host is root and the command is not."""

from __future__ import annotations

import os
from pathlib import Path

from fresh.errors import SandboxUnavailable
from fresh.ports import Mount

# Deeper entries keep their owner: no checkout goes there, but a command could build a well to fall into.
DEEPEST = 64

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def prepare(mount: Mount, uid: int | None) -> None:
    """Check that the source is there, and make it the command's own if it may write to it."""
    try:
        mount.source.stat()
        if uid is not None and mount.writable:
            hand_over(mount.source, uid)
    except OSError as failed:
        raise SandboxUnavailable(
            f"{mount.source} can't be shown in the sandbox as {mount.target}: {failed.strerror}.",
            hint="Check that it exists and that Fresh may change it.",
        ) from failed


def hand_over(source: Path, uid: int) -> int:
    """Give `source`, and everything below it, to `uid`; return how many entries changed their owner.

    Only entries that belong to someone else are touched, links are never followed, and directories are opened one
    component at a time: another command may be rearranging the same tree meanwhile.
    """
    changed = _own(source, uid, source.lstat(), None)
    if source.is_symlink() or not source.is_dir():
        return changed
    pending: list[tuple[str, ...]] = [()]
    while pending:
        below = pending.pop()
        directory = open_below(source, below)
        if directory is None:
            continue
        try:
            with os.scandir(directory) as entries:
                for entry in entries:
                    try:
                        changed += _own(entry.name, uid, entry.stat(follow_symlinks=False), directory)
                        if entry.is_dir(follow_symlinks=False) and len(below) < DEEPEST:
                            pending.append((*below, entry.name))
                    except FileNotFoundError:
                        continue
        finally:
            os.close(directory)
    return changed


def _own(name: str | Path, uid: int, known: os.stat_result, directory: int | None) -> int:
    if known.st_uid == uid:
        return 0
    os.chown(name, uid, uid, dir_fd=directory, follow_symlinks=False)
    return 1


def open_below(root: Path, below: tuple[str, ...]) -> int | None:
    """Open a directory under `root` without passing a link; None when it is not there any more."""
    current = os.open(root, _OPEN)
    for name in below:
        try:
            deeper = os.open(name, _OPEN, dir_fd=current)
        except OSError:
            return None
        finally:
            os.close(current)
        current = deeper
    return current
