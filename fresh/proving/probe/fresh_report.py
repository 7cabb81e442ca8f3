"""Append records to the report, one JSON object a line, from however many processes."""

from __future__ import annotations

import json
import os

# Tests replace what they like in `os`; these are the real ones.
_open, _write, _fstat = os.open, os.write, os.fstat
_path = os.environ.get("FRESH_REPORT")
# What is open: its number, its device and its inode.
_held: list[tuple[int, int, int]] = []


def write(**record: object) -> None:
    """Append one record with a single write, which O_APPEND keeps whole beside other processes."""
    if _path is None:
        return
    line = json.dumps(record, ensure_ascii=True).encode() + b"\n"
    try:
        _write(_descriptor(), line)
    except OSError:
        _held.clear()


def _descriptor() -> int:
    """Find the open report; a test may have closed its number, and another file may have got it since."""
    for number, device, inode in _held:
        try:
            found = _fstat(number)
        except OSError:
            break
        if (found.st_dev, found.st_ino) == (device, inode):
            return number
    number = _open(str(_path), os.O_WRONLY | os.O_APPEND | getattr(os, "O_CLOEXEC", 0))
    found = _fstat(number)
    _held[:] = [(number, found.st_dev, found.st_ino)]
    return number


if _path is not None:
    try:
        _descriptor()
    except OSError:
        _path = None
