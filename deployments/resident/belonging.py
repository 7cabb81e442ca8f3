"""Which processes of this machine belong to a resident set: all that it started, and all that these started.

Each of them inherits a variable that names the set, so that none is missed, whoever its parent is by now.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

from fresh.adapters.processes import machine_name, start_ticks
from fresh.domain.host import Host

FOLDER_NAMED = "FRESH_UP_FOLDER"
OWNER_NAMED = "FRESH_UP_OWNER"
PAUSE = 0.05


def belonging(folder: Path, word: str = "") -> tuple[Host, ...]:
    """List the living processes of the set in `folder`, this one left out; `word` must be in their command line."""
    mark = f"{FOLDER_NAMED}={folder}".encode()
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        pid = int(place.name)
        try:
            environment = (place / "environ").read_bytes().split(b"\0")
            command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it ended while we looked, or is somebody else's
        started = start_ticks(pid)
        if mark in environment and pid != os.getpid() and started is not None and word in command:
            found.append(Host(machine=machine_name(), pid=pid, start=started))
    return tuple(found)


def signal_all(hosts: Iterable[Host], number: signal.Signals) -> None:
    """Signal every one that still is who it was; a reused pid differs in its start."""
    for host in hosts:
        try:
            handle = os.pidfd_open(host.pid)
        except OSError:
            continue
        try:
            if start_ticks(host.pid) == host.start:
                signal.pidfd_send_signal(handle, number)
        except (ProcessLookupError, PermissionError):
            continue
        finally:
            os.close(handle)


def await_end(hosts: Iterable[Host], patience: float) -> tuple[Host, ...]:
    """Wait until all have ended; return those that have not after `patience` seconds."""
    deadline = time.monotonic() + patience
    left = tuple(hosts)
    while True:
        left = tuple(host for host in left if start_ticks(host.pid) == host.start)
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(PAUSE)


def end_all(folder: Path, patience: float = 5.0) -> int:
    """End every process of the set, asked first and killed after `patience` seconds; return how many there were."""
    found = belonging(folder)
    signal_all(found, signal.SIGTERM)
    await_end(found, patience)
    for _ in range(20):
        # What was killed may have started something a moment before.
        left = belonging(folder)
        if not left:
            break
        signal_all(left, signal.SIGKILL)
        await_end(left, 1.0)
    return len(found)
