"""Who this process is, and whether another one still lives; loaded by `status`, so pydantic comes in only when used."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fresh.domain.host import Host

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def machine_name() -> str:
    """Name this machine since its last boot: a reboot ends every process, whatever the pids say later."""
    boot = _BOOT.read_text().strip()[:8] if _BOOT.exists() else ""
    return f"{socket.gethostname()}/{boot}"


def start_ticks(pid: int) -> int | None:
    """Read when a process started, in clock ticks since boot (field 22 of proc_pid_stat(5)); None when it is gone.

    A zombie is gone: nothing will go on in it.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def this_host() -> Host:
    """Name this very process."""
    from fresh.domain.host import Host

    pid = os.getpid()
    return Host(machine=machine_name(), pid=pid, start=start_ticks(pid) or 0)


def lives(host: Host) -> bool | None:
    """Say whether a host's process lives; None when it is on another machine and only its beat can tell."""
    return name_lives(host.name)


def name_lives(name: str) -> bool | None:
    """Say the same of a host by its name."""
    machine, pid, start = name.rsplit(":", 2)
    if machine != machine_name():
        return False if machine.partition("/")[0] == machine_name().partition("/")[0] else None
    return start_ticks(int(pid)) == int(start)
