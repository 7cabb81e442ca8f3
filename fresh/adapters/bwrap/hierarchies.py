"""Where on this machine control groups may be made, below the host's own so that its limits still apply."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc/self")
MEMORY, PIDS, CPU = "memory", "pids", "cpu"
WANTED = (MEMORY, PIDS)
"""What version 2 must hand on to be of use."""
ALL = (*WANTED, CPU)


@dataclass(frozen=True)
class Hierarchy:
    """The directories to make groups in: one for each controller with version 1, one for all with version 2."""

    version: int
    homes: Mapping[str, Path]

    @property
    def directories(self) -> tuple[Path, ...]:
        """The directories, each once."""
        return tuple(dict.fromkeys(self.homes.values()))

    @property
    def limits_memory(self) -> bool:
        """Whether a group can limit memory."""
        return MEMORY in self.homes

    def __str__(self) -> str:
        return f"cgroup v{self.version} ({', '.join(self.homes)})" if self.homes else "no writable cgroup"


NONE = Hierarchy(0, {})


@dataclass(frozen=True)
class _Mounted:
    root: str
    place: str
    kind: str
    options: tuple[str, ...]


def find(proc: Path = PROC) -> Hierarchy:
    """Find out what this process may use; `NONE` when it may not make groups anywhere."""
    own = _own_groups(proc)
    mounted = _mounted(proc)
    return _second(own, mounted) or _first(own, mounted) or NONE


def _first(own: Mapping[str, str], mounted: list[_Mounted]) -> Hierarchy | None:
    homes = {}
    for controller in ALL:
        home = _locate(controller, "cgroup", own, mounted)
        if home and _writable(home):
            homes[controller] = home
    return Hierarchy(1, homes) if homes else None


def _second(own: Mapping[str, str], mounted: list[_Mounted]) -> Hierarchy | None:
    """Look at our own group and the one above it.

    A group with processes can't hand controllers to children, so a delegated host lives in a leaf (systemd:
    DelegateSubgroup=) and makes its groups beside that leaf, in the delegated group.
    """
    home = _locate("", "cgroup2", own, mounted)
    if home is None:
        return None
    for candidate in (home, home.parent):
        if candidate != home and not _delegated(candidate):
            continue
        handed = _words(candidate / "cgroup.subtree_control")
        if set(WANTED) <= handed and _writable(candidate) and _writable(candidate / "cgroup.procs"):
            there = [controller for controller in ALL if controller in handed]
            return Hierarchy(2, dict.fromkeys(there, candidate))
    return None


def _locate(controller: str, kind: str, own: Mapping[str, str], mounted: list[_Mounted]) -> Path | None:
    """Find the directory of our own group; None when it lies outside of what is mounted here."""
    group = own.get(controller)
    for mount in mounted:
        if group is None or mount.kind != kind or (controller and controller not in mount.options):
            continue
        below = os.path.relpath(group, mount.root)
        if not below.startswith("..") and ".." not in group:
            return Path(os.path.normpath(f"{mount.place}/{below}"))
    return None


def _own_groups(proc: Path) -> dict[str, str]:
    """Read our group in each hierarchy; version 2 has the empty name."""
    groups = {}
    for line in (proc / "cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        groups.update(dict.fromkeys(controllers.split(","), path))
    return groups


def _mounted(proc: Path) -> list[_Mounted]:
    """Read the mounts of control groups from proc_pid_mountinfo(5)."""
    found = []
    for line in (proc / "mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            root, place = (field.replace("\\040", " ") for field in left.split()[3:5])
            found.append(_Mounted(root, place, kind, tuple(options.split(","))))
    return found


def _delegated(group: Path) -> bool:
    """Whether systemd handed this group over: it marks those that it did."""
    for mark in ("user.delegate", "trusted.delegate"):
        try:
            if os.getxattr(group, mark) == b"1":
                return True
        except OSError:
            continue
    return False


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK)


def _words(file: Path) -> set[str]:
    try:
        return set(file.read_text().split())
    except OSError:
        return set()
