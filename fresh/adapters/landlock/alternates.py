"""Git's objects that lie elsewhere: a git directory names the place in a file, which must name the real one meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from fresh.adapters.landlock.paths import Moves
from fresh.adapters.landlock.texts import read_text, write_text
from fresh.ports import Mount


@contextmanager
def borrowed(mounts: Sequence[Mount]) -> Iterator[None]:
    """Let every git directory among the mounts find the objects that it borrows, while a command runs."""
    moves = Moves.of(mounts)
    files = [
        (mount.source, mount.source / "objects/info/alternates")
        for mount in mounts
        if mount.writable and mount.target.endswith("/.git")
    ]
    before = {place: (root, read_text(root, place)) for root, place in files}
    changed = {place: kept for place, kept in before.items() if moves(kept[1]) != kept[1]}
    for place, (root, text) in changed.items():
        write_text(root, place, moves(text))
    try:
        yield
    finally:
        for place, (root, text) in changed.items():
            if read_text(root, place) == moves(text):
                write_text(root, place, text)
