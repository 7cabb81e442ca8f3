"""How much memory a command uses, for machines where no control group can count it."""

from __future__ import annotations

import os
from pathlib import Path

PROC = Path("/proc")


def used_below(pid: int, proc: Path = PROC) -> int:
    """Add up the bytes of private memory of a process and all its descendants.

    In a pid namespace orphans become children of its init, so below that init nobody is missed. Files in memory
    (tmpfs) have their own limit and are not counted.
    """
    total = 0
    pending = [pid]
    while pending:
        one = proc / str(pending.pop())
        try:
            _, resident, shared, *_ = (one / "statm").read_text().split()
            children = [child for task in (one / "task").iterdir() for child in _children(task)]
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
        pending += children
    return total


def _children(task: Path) -> list[int]:
    try:
        return [int(child) for child in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
