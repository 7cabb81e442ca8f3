"""Waiting for GitHub, with bounds: it is asked again, and told nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from fresh.errors import ForgeRefused, ForgeUnclear
from fresh.ports import Clock

Result = TypeVar("Result")
GLANCE = 1.0
"""Seconds between two looks at whether anybody still wants to wait."""


@dataclass(frozen=True)
class Patience:
    """`delays` are the seconds before each further try when no reply came; `longest` bounds all waiting of one act.

    `halted` says that nobody wants to wait any more: what went wrong is raised then within a second.
    """

    clock: Clock
    longest: float = 900.0
    delays: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
    halted: Callable[[], bool] | None = None

    def persist(self, act: Callable[[], Result]) -> Result:
        """Do an act that may be done again, until GitHub answers it. Raises ForgeRefused, ForgeUnclear.

        Each doing must first look whether an earlier one has happened, when what it does must not happen twice.
        """
        waited, tries = 0.0, 0
        while True:
            try:
                return act()
            except ForgeUnclear as unclear:
                trouble: ForgeUnclear | ForgeRefused = unclear
                if tries >= len(self.delays):
                    raise
                wait = max(self.delays[tries], unclear.wait or 0.0)
                tries += 1
                if waited + wait > self.longest:
                    raise
            except ForgeRefused as refused:
                trouble = refused
                if not refused.retryable or refused.wait is None or waited + refused.wait > self.longest:
                    raise
                # A second on top: the limit is GitHub's clock, not ours.
                wait = refused.wait + 1.0
            waited += wait
            if not self._sleep(wait):
                raise trouble

    def _sleep(self, seconds: float) -> bool:
        """Wait; False as soon as nobody wants to any more."""
        if self.halted is None:
            self.clock.sleep(seconds)
            return True
        while seconds > 0:
            if self.halted():
                return False
            self.clock.sleep(min(GLANCE, seconds))
            seconds -= GLANCE
        return not self.halted()
