"""The bot's life: open, be ready, watch and deliver, and go in order."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import time
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from bot.app import build_app
from bot.delivery import Delivery
from bot.desk import Desk
from bot.opening import Keys, open_desk, read_keys
from bot.outbox import Outbox
from bot.sockets import DEAF_AFTER, Lines
from bot.strangers import Strangers
from bot.watcher import Watcher
from bot.web import Health, serve_health, serve_slack
from fresh.errors import Refusal
from fresh.settings import Settings
from fresh.whereabouts import state_home

log = logging.getLogger("fresh.bot")

LAST_WORDS = 5.0
"""Seconds for what still waits when the bot is asked to go."""
STALE_LOOK = 30.0


async def serve_until_signal(settings: Settings, here: Path) -> None:
    """Serve until SIGTERM or Ctrl-C. Raises OperatorMistake, Refusal."""
    gone = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, gone.set)
    await serve(settings, here, gone)


async def serve(settings: Settings, here: Path, gone: asyncio.Event) -> None:
    """Serve until `gone`, or until Slack does not know us any more. Raises OperatorMistake, Refusal."""
    keys = read_keys(settings)
    desk = await open_desk(settings, keys, here)
    outbox = Outbox(Delivery(desk))
    watcher = Watcher(desk, outbox, settings.slack_mention)
    await _Life(settings, keys, desk, outbox, watcher, gone).live(here)


class _Life:
    """One life of the bot, from the first socket to the last."""

    def __init__(
        self,
        settings: Settings,
        keys: Keys,
        desk: Desk,
        outbox: Outbox,
        watcher: Watcher,
        gone: asyncio.Event,
    ) -> None:
        self._settings, self._desk = settings, desk
        self._outbox, self._watcher, self._gone = outbox, watcher, gone
        self._app = build_app(desk, keys.signing or None)
        by_http = settings.slack_http_port is not None
        self._lines = None if by_http else Lines(self._app, keys.app)
        self._leaving = False
        self._servers: list[web.AppRunner] = []

    async def live(self, here: Path) -> None:
        """Be there until asked to go."""
        server, port = await serve_health(self._settings.bot_port, self.health)
        self._servers.append(server)
        slack_port = await self._open()
        _note(here, port, slack_port)
        work = [asyncio.create_task(self._watcher.run()), asyncio.create_task(self._outbox.run())]
        log.info("Ready: questions and runs are shown in %s; health on port %d.", self._desk.channel, port)
        try:
            while not self._gone.is_set() and self._outbox.barred is None:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._gone.wait(), 1.0)
        finally:
            await self._leave(work)
        if self._outbox.barred is not None:
            raise Refusal(
                f"Slack does not know the bot any more: {self._outbox.barred}.",
                hint="Install the app again, and set its new token.",
            )

    async def _open(self) -> int | None:
        if self._lines is not None:
            await self._lines.open()
            return None
        server, port = await serve_slack(
            self._settings.slack_http_port or 0, self._app, Strangers(self._desk)
        )
        self._servers.append(server)
        return port

    def health(self) -> Health:
        """Say how the bot is; deaf sockets and a journal that can't be read make it unready."""
        silence = self._lines.silence() if self._lines is not None else 0.0
        looked = time.monotonic() - self._watcher.looked_at if self._watcher.looked_at else float("inf")
        trouble = self._outbox.barred or self._outbox.delivery.trouble
        return Health(
            ready=not self._leaving and silence < DEAF_AFTER and looked < STALE_LOOK and not trouble,
            silence=silence,
            sockets=self._lines.open_now if self._lines is not None else 0,
            looked=looked,
            waiting=self._outbox.waiting,
            owns=tuple(sorted(self._watcher.owns)),
            trouble=trouble,
        )

    async def _leave(self, work: list[asyncio.Task[None]]) -> None:
        self._leaving = True
        await self._outbox.flush(LAST_WORDS if self._outbox.barred is None else 0.0)
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        if self._lines is not None:
            await self._lines.close()
        for server in self._servers:
            await server.cleanup()
        await self._watcher.let_go()
        self._desk.hands.shutdown(wait=False, cancel_futures=True)


def _note(here: Path, port: int, slack_port: int | None) -> None:
    """Write down where the bot can be asked how it is."""
    ports = {"health": port, **({"slack": slack_port} if slack_port is not None else {})}
    with suppress(OSError):
        home = state_home(here)
        home.mkdir(parents=True, exist_ok=True)
        (home / "bot.json").write_text(json.dumps(ports))
