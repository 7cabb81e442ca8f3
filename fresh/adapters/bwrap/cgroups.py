"""Control groups: what limits the memory and the processes of a command as a whole, and knows all its members."""

from __future__ import annotations

import errno
import itertools
import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path

from fresh.adapters.bwrap.hierarchies import CPU, MEMORY, PIDS, Hierarchy
from fresh.adapters.bwrap.owners import Owner
from fresh.errors import SandboxUnavailable

PREFIX = "fresh-sandbox-"
PATIENCE = 2.0
PERIOD = 100_000
"""Microseconds in which a group may use its share of the processors."""

_ordinals = itertools.count()


class Group:
    """The control group of one command, in every hierarchy that is there.

    `holds_all` says whether nothing else knows what a command left running: no pid namespace ends it.
    """

    holds_all = False

    def __init__(self, hierarchy: Hierarchy, owner: Owner, memory: int, processes: int, cores: float) -> None:
        self._hierarchy = hierarchy
        self._name = f"{PREFIX}{owner}-{next(_ordinals)}"
        self.directories = tuple(home / self._name for home in hierarchy.directories)
        try:
            for directory in self.directories:
                directory.mkdir()
            self._limit(memory, processes, cores)
        except OSError as failed:
            self.remove()
            raise SandboxUnavailable(
                f"Could not make the control group {self._name}: {failed}.",
                hint="Delegate it (systemd: Delegate=memory pids cpu), or mount /sys/fs/cgroup read-only.",
            ) from failed

    @property
    def limits_memory(self) -> bool:
        """Whether this group limits and counts memory."""
        return self._hierarchy.limits_memory

    @property
    def out_of_memory(self) -> bool:
        """Whether the kernel killed a member because the memory limit was reached."""
        if not self.limits_memory:
            return False
        file = "memory.oom_control" if self._hierarchy.version == 1 else "memory.events"
        try:
            events = self._file(MEMORY, file).read_text()
        except FileNotFoundError:
            return False
        counted = re.search(r"^oom_kill (\d+)", events, re.MULTILINE)
        return counted is not None and int(counted[1]) > 0

    def kill(self) -> None:
        """Kill every member."""
        for directory in self.directories:
            kill_members(directory)

    def remove(self) -> bool:
        """Kill what is left and take the group away; False when the kernel would not let go of it in time."""
        return all([take_away(directory) for directory in self.directories])

    def _limit(self, memory: int, processes: int, cores: float) -> None:
        homes = self._hierarchy.homes
        if CPU in homes:
            self._share_processors(int(cores * PERIOD))
        if PIDS in homes:
            self._file(PIDS, "pids.max").write_text(str(processes))
        if MEMORY not in homes:
            return
        if self._hierarchy.version == 1:
            self._file(MEMORY, "memory.limit_in_bytes").write_text(str(memory))
            _write_if_there(self._file(MEMORY, "memory.memsw.limit_in_bytes"), memory)
        else:
            self._file(MEMORY, "memory.max").write_text(str(memory))
            _write_if_there(self._file(MEMORY, "memory.swap.max"), 0)
            _write_if_there(self._file(MEMORY, "memory.oom.group"), 1)

    def _share_processors(self, quota: int) -> None:
        """Limit the time on all processors together; a kernel without bandwidth control has no such files."""
        if self._hierarchy.version == 2:
            _write_if_there(self._file(CPU, "cpu.max"), f"{quota} {PERIOD}")
            return
        _write_if_there(self._file(CPU, "cpu.cfs_period_us"), PERIOD)
        _write_if_there(self._file(CPU, "cpu.cfs_quota_us"), quota)

    def _file(self, controller: str, name: str) -> Path:
        return self._hierarchy.homes[controller] / self._name / name


def kill_members(directory: Path) -> None:
    """Kill every process in the group of this directory; none when it is gone."""
    if (directory / "cgroup.kill").exists():
        _write_if_there(directory / "cgroup.kill", 1)
        return
    _write_if_there(directory / "pids.max", 0)
    for pid in members(directory):
        _kill_if_member(directory, pid)


def take_away(directory: Path) -> bool:
    """Kill the members of a group, wait for their end and remove it; False when that took too long."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            directory.rmdir()
        except FileNotFoundError:
            return True
        except OSError:  # busy: something in it has not ended yet
            kill_members(directory)
            time.sleep(0.002)
        else:
            return True
    return False


def _write_if_there(file: Path, value: int | str) -> None:
    """Write to a file that not every kernel has, or whose group may be going away at this moment."""
    try:
        # Python would seek in a file that it opens for more than this, which the one of a dying group refuses.
        opened = os.open(file, os.O_WRONLY)
        try:
            os.write(opened, str(value).encode())
        finally:
            os.close(opened)
    except OSError as failed:
        if failed.errno not in (errno.ENOENT, errno.ENODEV):
            raise


def _kill_if_member(directory: Path, pid: int) -> None:
    """Kill a process by a handle taken before it was seen in the group, so that never a later one with its pid dies."""
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            if pid in members(directory):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)


def members(directory: Path) -> list[int]:
    """List the processes in a group, as its host numbers them; none where the group is gone."""
    try:
        return [int(pid) for pid in (directory / "cgroup.procs").read_text().split()]
    except OSError as failed:
        if failed.errno not in (errno.ENOENT, errno.ENODEV):
            raise
        return []
