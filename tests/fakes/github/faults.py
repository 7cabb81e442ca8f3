"""The ways in which a request to GitHub can go wrong without GitHub having said no."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class Fate(StrEnum):
    """What becomes of a request that a fault is about."""

    ANSWERED = "answered"  # with `status` and `body`, before anything was done
    DONE_AND_ANSWERED = "done and answered"  # with `status` and `body`, though everything was done
    LOST = "lost"  # done, and the connection breaks before the reply
    DROPPED = "dropped"  # not done, and the connection breaks
    CUT = "cut"  # done, and the connection breaks in the middle of the reply
    POURING = "pouring"  # done, and the reply has no end
    DRIPPING = "dripping"  # done, and the reply comes a byte at a time, with `seconds` between them
    SLOW = "slow"  # done, and the reply waits for `seconds`


@dataclass
class Fault:
    """Spoil requests by method and a pattern of their path, so many times; `skip` lets the first ones through.

    `then` is called when the fault strikes: before anything is done for ANSWERED and DROPPED, else after it.
    """

    method: str
    path: str
    fate: Fate = Fate.ANSWERED
    times: int = 1
    skip: int = 0
    status: int = 502
    body: object = "<html><body><h1>502 Bad Gateway</h1></body></html>"
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    then: Callable[[], None] | None = None

    def strikes(self, method: str, path: str) -> bool:
        """Say whether this request is spoiled, and count it."""
        if self.times <= 0 or self.method not in ("*", method) or re.search(self.path, path) is None:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True
