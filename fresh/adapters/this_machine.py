"""What is free on this machine, as Linux tells it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from fresh.domain.room import Machine

_GROUP = Path("/sys/fs/cgroup")


def free_here(folder: Path) -> Callable[[], Machine]:
    """Give a reader of the free memory, and of the free disk below `folder`."""

    def read() -> Machine:
        return Machine(memory=_memory(), disk=_disk(folder))

    return read


def _memory() -> int | None:
    """Read what can be had without swapping, of the machine or of the control group around us, whichever is less."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return None
    grouped = _group_free()
    return kilobytes << 10 if grouped is None else min(kilobytes << 10, grouped)


def _group_free() -> int | None:
    try:
        most = (_GROUP / "memory.max").read_text().strip()
        return None if most == "max" else max(0, int(most) - int((_GROUP / "memory.current").read_text()))
    except (OSError, ValueError):
        return None


def _disk(folder: Path) -> int | None:
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize
