"""What the guard is told: which rules a command lives by, and what it becomes."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Mapping
from pathlib import Path

from fresh.adapters.bwrap.arguments import ENVIRONMENT, ETC, ETC_FILES, SYSTEM_LINKS, encode
from fresh.adapters.landlock import guard
from fresh.adapters.landlock.herd import Herd
from fresh.errors import Refusal
from fresh.ports import Command, Limits

# Nothing can be made to be missing here, and programs that look for these take a refusal for an error.
RELEASE = ("debian_version", "lsb-release", "os-release", "redhat-release", "timezone")
SYSTEM = ("/usr", *SYSTEM_LINKS, *(f"/etc/{name}" for name in (*ETC, *ETC_FILES, *RELEASE)))
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
KERNEL = tuple(
    f"/proc/{name}"
    for name in ("cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "sys", "uptime", "version")
)
# Not the whole directory: it also shows the host's mounts and the sockets of its network.
OWN = ("cmdline", "comm", "fd", "limits", "maps", "stat", "statm", "status")


def words(command: Command, uid: int, group: Herd, streams: Mapping[str, int]) -> list[str]:
    """Write the guard's command line. `streams` are the numbers of `status`, `environment` and `filter`.

    The values of the environment don't stand there: every user of the host may read it. Raises Refusal.
    """
    if not command.argv:
        raise Refusal("There is no command to run.")
    for word in command.argv:
        encode(word)
    told = [f"{name}={number}" for name, number in (("parent", os.getpid()), ("uid", uid), *streams.items())]
    told.append(f"workdir={_plain(command.workdir)}")
    told += [f"group={directory}" for directory in group.directories]
    told += [f"limit={limit}" for limit in _rlimits(command.limits)]
    told += [f"try={place}" for place in (*SYSTEM, *KERNEL)]
    told += [f"use={place}" for place in DEVICES]
    told += [f"own={name}" for name in OWN]
    told += [
        f"{'lend' if mount.writable else 'show'}={_plain(str(mount.source.absolute()))}"
        for mount in command.mounts
    ]
    return [sys.executable, "-I", "-S", str(Path(guard.__file__).resolve()), *told, "--"]


def variables(command: Command) -> bytes:
    """Write the environment. Raises Refusal for what can't be one."""
    written = b""
    for name, value in {**ENVIRONMENT, **command.environment}.items():
        if not name or "=" in name:
            raise Refusal(f"{name!r} can't be the name of an environment variable.")
        written += encode(name) + b"=" + encode(value) + b"\0"
    return written


def _rlimits(limits: Limits) -> list[str]:
    """Write the limits of one process; how many there are and what memory they have, the group limits as a whole."""
    wanted = (
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_CPU, limits.cpu, limits.cpu + 5),
        (resource.RLIMIT_FSIZE, limits.file_size, limits.file_size),
        (resource.RLIMIT_NOFILE, limits.open_files, limits.open_files),
    )
    written = []
    for kind, soft, hard in wanted:
        _, most = resource.getrlimit(kind)
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        written.append(f"{kind}:{soft}:{hard}")
    return written


def _plain(text: str) -> str:
    return os.fsdecode(encode(text))
