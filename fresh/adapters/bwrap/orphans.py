"""bwrap processes whose host is dead.

A host that is killed while bwrap sets up can leave bwrap's init behind. Nothing untrusted runs in it, because its gate
stays shut, but it may wait forever for a parent that is gone.
"""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from pathlib import Path

from fresh.adapters.bwrap.gate import MARK
from fresh.adapters.bwrap.owners import Owner

PROC = Path("/proc")
PATIENCE = 2.0


def kill_orphans() -> int:
    """Kill every bwrap that carries the mark of a dead owner; return how many."""
    killed = 0
    for entry in PROC.iterdir():
        if entry.name.isdigit() and _is_orphan(entry):
            with suppress(ProcessLookupError, PermissionError):
                handle = os.pidfd_open(int(entry.name))
                try:
                    # Looked at again: now the handle can't become a later process with the same pid.
                    if _is_orphan(entry):
                        signal.pidfd_send_signal(handle, signal.SIGKILL)
                        _await(handle)
                        killed += 1
                finally:
                    os.close(handle)
    return killed


def _await(handle: int) -> None:
    ended = select.poll()
    ended.register(handle, select.POLLIN)
    ended.poll(PATIENCE * 1000)


def _is_orphan(entry: Path) -> bool:
    try:
        program, *words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    if os.path.basename(program) != "bwrap":
        return False
    owners = [Owner.read(word.removeprefix(MARK)) for word in words if word.startswith(MARK)]
    return bool(owners) and owners[0] is not None and not owners[0].alive
