"""What a command has of its own on the host: a directory in place of /tmp, and a way to what it is shown."""

from __future__ import annotations

import itertools
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fresh.adapters.bwrap.owners import Owner
from fresh.adapters.gitting.beneath import remove
from fresh.errors import SandboxUnavailable

PREFIX = "fresh-tmp-"
# Short, because names of sockets and pipes below it have at most 107 bytes.
PLACE = Path(tempfile.gettempdir())

_ordinals = itertools.count()


@contextmanager
def scratch(uid: int, place: Path = PLACE) -> Iterator[Path]:
    """Make a directory that only this command can enter, and remove it with all that it put there."""
    made = place / f"{PREFIX}{Owner.current()}-{next(_ordinals)}"
    try:
        made.mkdir(mode=0o700)
        (made / "home").mkdir(mode=0o700)
        for directory in (made / "home", made):
            os.chown(directory, uid, uid, follow_symlinks=False)
    except OSError as failed:
        raise SandboxUnavailable(
            f"A command can't be given a place for its temporary files, {made}: {failed.strerror}.",
            hint="Make room there, or set TMPDIR to a directory that everybody may enter.",
        ) from failed
    try:
        yield made
    finally:
        remove(made)


def sweep(uid: int, place: Path = PLACE) -> int:
    """Remove what dead hosts left; return how many."""
    left = []
    for entry in place.glob(f"{PREFIX}*"):
        owner = Owner.read(entry.name.removeprefix(PREFIX))
        # Everybody may make a directory there; only what was given to the commands' uid can be ours.
        if owner is not None and not owner.alive and entry.lstat().st_uid in (0, uid):
            left.append(entry)
    for entry in left:
        remove(entry)
    return len(left)


def open_way(source: Path, state: Path, uid: int) -> None:
    """Let a uid, as a group, pass through our own closed directories that lead to a source, without seeing inside.

    Outside of the state directory nothing is changed: whose directories are closed there must open them.
    """
    for directory in source.absolute().parents:
        if directory != state and state not in directory.parents:
            return
        opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            found = os.fstat(opened)
            if found.st_uid == os.geteuid() and not found.st_mode & stat.S_IXOTH:
                os.fchown(opened, -1, uid)
                os.fchmod(opened, (stat.S_IMODE(found.st_mode) & ~0o070) | stat.S_IXGRP)
        finally:
            os.close(opened)
