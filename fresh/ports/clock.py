"""What time it is."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Say the time, with a zone."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...
