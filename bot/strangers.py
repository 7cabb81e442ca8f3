"""Requests by HTTP that Slack did not sign: without effect, and in the audit trail, which no stranger can fill."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping

from bot.desk import Desk
from fresh.domain.people import Actor, Door
from fresh.errors import FreshError

log = logging.getLogger("fresh.bot")

MOST = 20
"""Rows within a minute; what comes beyond them is counted, and told in the next row."""
MINUTE = 60.0


class Strangers:
    """Write down who sends what Slack did not sign."""

    def __init__(self, desk: Desk, clock: Callable[[], float] = time.monotonic) -> None:
        self._desk, self._clock = desk, clock
        self._written: deque[float] = deque()
        self._passed_over = 0

    async def note(self, remote: str, headers: Mapping[str, str]) -> None:
        """Audit one request, unless there were many of late."""
        now = self._clock()
        while self._written and self._written[0] <= now - MINUTE:
            self._written.popleft()
        if len(self._written) >= MOST:
            self._passed_over += 1
            return
        self._written.append(now)
        more, self._passed_over = self._passed_over, 0
        told = _claims(headers) + (f"; {more} more before it were not written down" if more else "")
        try:
            actor = Actor(door=Door.SLACK, name="somebody")
            await self._desk.aside(self._desk.note_forged, actor, f"a request by HTTP from {remote}", told)
        except FreshError as trouble:
            log.warning("A request that Slack did not sign was not audited: %s", trouble.message)


def _claims(headers: Mapping[str, str]) -> str:
    """Say what a request claims about itself."""
    if "X-Slack-Signature" not in headers:
        return "it has no signature"
    return f"its signature is not Slack's for the time {headers.get('X-Slack-Request-Timestamp', '')[:20]!r}"
