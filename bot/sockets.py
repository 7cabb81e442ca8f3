"""Two sockets to Slack, so that one can be renewed, and an eye on their pings: a deaf socket still says it is connected."""

from __future__ import annotations

import asyncio
import logging
import time

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackClientError

log = logging.getLogger("fresh.bot")

PING_EVERY = 3
DEAF_AFTER = 8.0
"""Seconds without an answer to a ping after which a socket is replaced; the SDK itself waits for four pings."""
LOOK_EVERY = 1.0
MOST_WAIT = 10.0
TROUBLES = (SlackClientError, aiohttp.ClientError, TimeoutError, OSError)


class Line:
    """One socket, replaced as a whole when it is deaf: the SDK may try an address for ever that is used up."""

    def __init__(self, app: AsyncApp, token: str, name: str) -> None:
        self._app = app
        self._token = token
        self._name = name
        self._handler: AsyncSocketModeHandler | None = None
        self._opened_at = 0.0
        self._wait = 0.5

    def silence(self) -> float:
        """Say for how many seconds it has been silent."""
        client = self._handler.client if self._handler is not None else None
        session = client.current_session if client is not None else None
        if client is None or session is None or session.closed:
            return float("inf")
        heard = max(client.last_ping_pong_time or 0.0, self._opened_at)
        return max(0.0, time.time() - heard)

    async def keep(self) -> None:
        """Open it, and open it again whenever it is deaf, until cancelled."""
        while True:
            try:
                await self._open()
            except TROUBLES as trouble:
                log.warning("Socket %s can't be opened: %s", self._name, type(trouble).__name__)
                await self.close()
                await asyncio.sleep(self._wait)
                self._wait = min(MOST_WAIT, self._wait * 2)
                continue
            self._wait = 0.5
            closed_since = None
            while True:
                slept_at = time.monotonic()
                await asyncio.sleep(LOOK_EVERY)
                if time.monotonic() - slept_at > 2 * LOOK_EVERY:
                    # It is us who were too busy to hear anything.
                    continue
                silence = self.silence()
                if silence == float("inf"):
                    # The SDK opens a socket that was closed again by itself; it gets a moment for it.
                    closed_since = closed_since or time.monotonic()
                    if time.monotonic() - closed_since < 2 * LOOK_EVERY:
                        continue
                elif silence < DEAF_AFTER:
                    closed_since = None
                    continue
                log.warning("Socket %s is deaf; it is replaced.", self._name)
                await self.close()
                break

    async def _open(self) -> None:
        self._handler = AsyncSocketModeHandler(self._app, self._token, ping_interval=PING_EVERY)
        client = self._handler.client
        client.wss_uri = await client.issue_new_wss_url()
        await asyncio.wait_for(client.connect(), 10.0)  # type: ignore[no-untyped-call]
        self._opened_at = time.time()

    async def close(self) -> None:
        """Close it."""
        handler, self._handler = self._handler, None
        if handler is None:
            return
        try:
            await asyncio.wait_for(handler.close_async(), 3.0)  # type: ignore[no-untyped-call]
            await handler.client.aiohttp_client_session.close()
        except (*TROUBLES, asyncio.CancelledError) as trouble:
            log.debug("Socket %s did not close: %s", self._name, type(trouble).__name__)


class Lines:
    """Every socket of this process."""

    def __init__(self, app: AsyncApp, token: str, number: int = 2) -> None:
        self._lines = [Line(app, token, str(index + 1)) for index in range(number)]
        self._keepers: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Begin to keep every socket open."""
        self._keepers = [asyncio.create_task(line.keep()) for line in self._lines]

    def silence(self) -> float:
        """Say for how long no socket at all has been heard."""
        return min(line.silence() for line in self._lines)

    @property
    def open_now(self) -> int:
        """Count the sockets that are heard."""
        return sum(line.silence() < DEAF_AFTER for line in self._lines)

    async def close(self) -> None:
        """Close every socket."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for line in self._lines:
            await line.close()
