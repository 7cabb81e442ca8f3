"""The process that works on a run."""

from __future__ import annotations

from fresh.domain.value import Value


class Host(Value):
    """A process that works on a run. `start` is its start time in clock ticks, so a reused pid is no match."""

    machine: str
    pid: int
    start: int

    @property
    def name(self) -> str:
        """One string that names the process."""
        return f"{self.machine}:{self.pid}:{self.start}"

    @classmethod
    def parse(cls, name: str) -> Host:
        """Read the name back."""
        machine, pid, start = name.rsplit(":", 2)
        return cls(machine=machine, pid=int(pid), start=int(start))
