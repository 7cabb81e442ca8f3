"""A clock that stands until somebody sleeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.fakes.story import NOON


@dataclass
class FakeClock:
    """Pass time only by sleeping, and remember each sleep in seconds; `meanwhile` is called during each."""

    at: datetime = NOON
    slept: list[float] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)
        self.meanwhile()
