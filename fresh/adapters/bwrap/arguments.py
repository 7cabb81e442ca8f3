"""What bwrap is told: everything that is not named here does not exist inside."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fresh.errors import Refusal
from fresh.ports import Command, Limits

INNER_UID = 65534
HOME = "/tmp/home"
PRLIMIT = "/usr/bin/prlimit"
# bwrap's monitor and its init stand in the same group as what they contain.
OWN_PROCESSES = 2

ENVIRONMENT = {
    "HOME": HOME,
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "TMPDIR": "/tmp",
    "USER": "sandbox",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
}

SYSTEM_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
ETC = ("alternatives", "ld.so.conf.d", "ssl/certs")
"""Directories that are shown."""
ETC_FILES = (
    "ld.so.cache",
    "ld.so.conf",
    "localtime",
    "mime.types",
    "protocols",
    "services",
    "ssl/openssl.cnf",
)
"""Files that are copied: each mount costs a command more than reading them does."""
SYNTHETIC = {
    "/etc/passwd": f"root:x:0:0::/:/usr/sbin/nologin\nsandbox:x:{INNER_UID}:{INNER_UID}::{HOME}:/bin/sh\n",
    "/etc/group": f"root:x:0:\nsandbox:x:{INNER_UID}:\n",
    "/etc/hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


@dataclass(frozen=True)
class Streams:
    """Numbers of the open files that bwrap inherits: its filter, its reports, and texts of synthetic files by path."""

    filter: int
    status: int
    texts: Mapping[str, int]


def isolation(command: Command, sources: Iterable[Path], streams: Streams) -> bytes:
    """Write the options of bwrap for `--args`, where neither users of the host nor the command itself can read them.

    `sources` says where each mount's source is found, in the order of the command's mounts.
    Raises Refusal for text that can't be handed to a program.
    """
    options = [*_walls(streams), *_system(streams), *_room(command.limits)]
    for mount, source in zip(command.mounts, sources, strict=True):
        options += ["--bind" if mount.writable else "--ro-bind", str(source), mount.target]
    # Everything written outside of the mounts and the sized tmpfs would be memory that nobody counts.
    options += ["--remount-ro", "/dev", "--remount-ro", "/"]
    for name, value in {**ENVIRONMENT, **command.environment}.items():
        if not name or "=" in name:
            raise Refusal(f"{name!r} can't be the name of an environment variable.")
        options += ["--setenv", name, value]
    options += ["--chdir", command.workdir]
    return b"".join(encode(option) + b"\0" for option in options)


def limited(command: Command, memory_is_grouped: bool) -> list[str]:
    """Write the command as it is started inside: with its rlimits.

    They are set inside because there the kernel (5.14 and newer) counts processes for each sandbox, while the host
    counts all processes of the uid.
    """
    if not command.argv:
        raise Refusal("There is no command to run.")
    limits = command.limits
    options = [
        _rlimit("core", 0, resource.RLIMIT_CORE),
        _rlimit("cpu", limits.cpu, resource.RLIMIT_CPU, grace=5),
        _rlimit("fsize", limits.file_size, resource.RLIMIT_FSIZE),
        _rlimit("nofile", limits.open_files, resource.RLIMIT_NOFILE),
        _rlimit("nproc", limits.processes + OWN_PROCESSES, resource.RLIMIT_NPROC),
    ]
    if not memory_is_grouped:
        options.append(_rlimit("as", limits.memory, resource.RLIMIT_AS))
    words = [PRLIMIT, *options, "--", *command.argv]
    return [os.fsdecode(encode(word)) for word in words]


def encode(text: str) -> bytes:
    """Encode what a program receives. Raises Refusal for text with a NUL byte, which would end it early."""
    try:
        encoded = os.fsencode(text)
    except UnicodeEncodeError as bad:
        raise Refusal(f"{text[:80]!r} can't be handed to a program: {bad.reason}.") from bad
    if b"\0" in encoded:
        raise Refusal(f"{text[:80]!r} can't be handed to a program: it holds a NUL byte.")
    return encoded


def _walls(streams: Streams) -> list[str]:
    namespaces = ["--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"]
    identity = ["--uid", str(INNER_UID), "--gid", str(INNER_UID), "--hostname", "sandbox"]
    powers = ["--cap-drop", "ALL", "--clearenv", "--seccomp", str(streams.filter)]
    return [*namespaces, *identity, *powers, "--json-status-fd", str(streams.status)]


def _system(streams: Streams) -> list[str]:
    options = ["--ro-bind", "/usr", "/usr"]
    for name in SYSTEM_LINKS:
        path = Path(name)
        if path.is_symlink():
            options += ["--symlink", os.readlink(path), name]
        elif path.is_dir():
            options += ["--ro-bind", name, name]
    for name in ETC:
        options += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    for target, number in streams.texts.items():
        # A copy in the root, which is read-only in the end: bwrap looks through all mounts for each one that it makes.
        options += ["--perms", "0444", "--file", str(number), target]
    # Inside, the caller's uid owns kernel settings that are not namespaced.
    return [*options, "--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev"]


def _room(limits: Limits) -> list[str]:
    options = []
    for place in ("/tmp", "/dev/shm"):
        options += ["--perms", "1777", "--size", str(limits.tmp), "--tmpfs", place]
    return [*options, "--dir", HOME]


def _rlimit(name: str, value: int, kind: int, grace: int = 0) -> str:
    """Write one limit, softly and `grace` later finally; nobody may ask for more than the host itself has."""
    _, most = resource.getrlimit(kind)
    soft, hard = value, value + grace
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    return f"--{name}={soft}:{hard}"
