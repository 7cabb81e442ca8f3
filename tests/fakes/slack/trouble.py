"""What goes wrong at Slack, by script: errors, rate limits, waits, and replies that are lost after the deed is done."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fault:
    """One call that goes wrong. `done` says that the deed is done and only its reply is lost or wrong.

    A fault without a status cuts the connection.
    """

    status: int | None = None
    error: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    done: bool = False
    wait: float = 0.0


BROKEN = Fault(status=500, error="internal_error")
CUT = Fault()
LOST_REPLY = Fault(done=True)
DONE_BUT_500 = Fault(status=500, error="internal_error", done=True)


def limited(seconds: int = 1) -> Fault:
    """Refuse for so many seconds."""
    return Fault(status=429, error="ratelimited", headers={"Retry-After": str(seconds)})


RATES = {"chat.postMessage": (1.0, 4), "chat.update": (50 / 60, 8)}
"""Calls a second and the longest burst."""
BY_CHANNEL = frozenset({"chat.postMessage"})


class Limits:
    """Slack's rate limits: one message a second in each channel, fifty updates a minute, bursts of a few."""

    def __init__(self, enforced: bool) -> None:
        self.enforced = enforced
        self.hits = 0
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def refuse(self, method: str, channel: str) -> bool:
        """Say whether a call is one too many."""
        if not self.enforced or method not in RATES:
            return False
        rate, burst = RATES[method]
        key = (method, channel if method in BY_CHANNEL else "")
        now = time.monotonic()
        tokens, at = self._buckets.get(key, (float(burst), now))
        tokens = min(burst, tokens + (now - at) * rate)
        refused = tokens < 1
        self._buckets[key] = (tokens if refused else tokens - 1, now)
        self.hits += refused
        return refused


class Trouble:
    """The script: faults that wait for the next calls of a method, and one that stands for all of them."""

    def __init__(self) -> None:
        self.coming: dict[str, deque[Fault]] = defaultdict(deque)
        self.standing: dict[str, Fault] = {}

    def next(self, method: str, *faults: Fault) -> None:
        """Let the next calls of a method go wrong."""
        self.coming[method].extend(faults)

    def always(self, method: str, fault: Fault | None) -> None:
        """Let every call of a method (`*`: of all) go wrong until told otherwise."""
        if fault is None:
            self.standing.pop(method, None)
        else:
            self.standing[method] = fault

    def draw(self, method: str) -> Fault | None:
        """Take what goes wrong with this call."""
        if self.coming[method]:
            return self.coming[method].popleft()
        return self.standing.get(method) or self.standing.get("*")
