"""Who owns what a sandbox leaves on the host: one process, told apart from a later one with the same pid."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from fresh.adapters.processes import start_ticks


@dataclass(frozen=True)
class Owner:
    """A process; `started` is its start in clock ticks since boot."""

    pid: int
    started: int

    @classmethod
    def current(cls) -> Owner:
        """Name this process."""
        return cls(os.getpid(), start_ticks(os.getpid()) or 0)

    @classmethod
    def read(cls, text: str) -> Owner | None:
        """Find the owner that a name starts with, as `str` wrote it."""
        found = re.match(r"(\d+)-(\d+)(?!\d)", text)
        return cls(int(found[1]), int(found[2])) if found else None

    def __str__(self) -> str:
        return f"{self.pid}-{self.started}"

    @property
    def alive(self) -> bool:
        """Whether that very process still runs."""
        return start_ticks(self.pid) == self.started
