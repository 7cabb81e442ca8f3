"""The limits that only the host can see: time, disk and memory. What the kernel enforces alone is not here."""

from __future__ import annotations

import time

from fresh.adapters.bwrap.cgroups import Group
from fresh.adapters.bwrap.disk import DiskWatch
from fresh.adapters.bwrap.memory import used_below
from fresh.domain.evidence import RunEnd
from fresh.ports import Command

GLANCE = 0.25


class Watch:
    """Glance at a running command a few times a second; `broken` is the first limit that it crossed."""

    def __init__(self, command: Command, group: Group | None) -> None:
        limits = command.limits
        self.broken: RunEnd | None = None
        self._memory = limits.memory
        self._group = group
        self._disk = DiskWatch(
            (mount.source for mount in command.mounts if mount.writable), limits.disk_growth
        )
        self._deadline = time.monotonic() + limits.wall
        self._next = time.monotonic() + GLANCE

    @property
    def pause(self) -> float:
        """How many seconds may pass until the next glance."""
        due = self._next if self.broken else min(self._next, self._deadline)
        return max(due - time.monotonic(), 0.0)

    def glance(self, init: int | None) -> RunEnd | None:
        """Look if it is time to; `init` is the pid of the sandbox's first process, once it is known."""
        now = time.monotonic()
        if self.broken or now < min(self._next, self._deadline):
            return self.broken
        self._next = now + GLANCE
        if not self.glance_at_memory(init) and now >= self._deadline:
            self.broken = RunEnd.TIMEOUT
        if self.broken is None and self._disk.exceeded():
            self.broken = RunEnd.DISK
        return self.broken

    def glance_at_memory(self, init: int | None) -> RunEnd | None:
        """Ask the group that counts memory, or count it here where there is none."""
        if self._group is not None and self._group.limits_memory:
            crossed = self._group.out_of_memory
        else:
            crossed = init is not None and used_below(init) > self._memory
        if crossed and self.broken is None:
            self.broken = RunEnd.OOM
        return self.broken
