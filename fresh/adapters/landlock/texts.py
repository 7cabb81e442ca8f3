"""Small text files in places that a command may have rearranged: no link is followed and no pipe waited for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from fresh.adapters.bwrap.ownership import open_below

LARGEST = 1 << 20


def read_text(root: Path, file: Path) -> str:
    """Read a regular file below `root`; empty where there is none, or it is large."""
    number = _open(root, file, os.O_RDONLY)
    if number is None:
        return ""
    with open(number, encoding="utf-8", errors="surrogateescape", newline="") as opened:
        return opened.read()


def write_text(root: Path, file: Path, text: str) -> None:
    """Write a regular file below `root` anew that is there; whose it is and who may run it stays."""
    number = _open(root, file, os.O_WRONLY)
    if number is not None:
        with open(number, "w", encoding="utf-8", errors="surrogateescape", newline="") as opened:
            opened.truncate()
            opened.write(text)


def _open(root: Path, file: Path, how: int) -> int | None:
    *below, name = file.relative_to(root).parts
    try:
        directory = open_below(root, tuple(below))
    except OSError:
        return None
    if directory is None:
        return None
    try:
        number = os.open(
            name, how | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, dir_fd=directory
        )
    except OSError:
        return None
    finally:
        os.close(directory)
    found = os.fstat(number)
    # A second name could belong to a file of somewhere else.
    if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST or found.st_nlink > 1:
        os.close(number)
        return None
    return number
