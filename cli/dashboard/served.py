"""The dashboard in a browser: served to pages of this very address alone, because whoever sees it may decide."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable

from aiohttp import web
from textual_serve.server import Server

from fresh.errors import OperatorMistake

LOOPBACK = "127.0.0.1"
NAMES = (LOOPBACK, "localhost")
POLICY = "frame-ancestors 'none'; style-src 'self' 'unsafe-inline'; font-src 'self' data:"
"""No other page may put it into a frame and lead a click there, and no font of somebody else's is fetched."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class LocalServer(Server):
    """Serve one command to browsers of this machine, without a word on the terminal.

    Any page that is open in the same browser can reach this address too: by a WebSocket, which browsers allow across
    origins, or under a name of its own that leads here. Both say in their headers where they come from.
    """

    def __init__(self, command: str, port: int) -> None:
        super().__init__(command, host=LOOPBACK, port=port, title="Fresh")
        self.own = frozenset(f"{name}:{port}" for name in NAMES)
        self._screens: set[asyncio.Task[object]] = set()

    def initialize_logging(self) -> None:
        """Tell only of what goes wrong."""
        logging.basicConfig(level=logging.WARNING, format="%(message)s")

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: the command has said where to look."""

    async def on_shutdown(self, app: web.Application) -> None:
        """End every screen at once; else the server waits for browsers that have no reason to leave."""
        for screen in self._screens:
            screen.cancel()

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Show the screen to one browser until it leaves."""
        screen = asyncio.current_task()
        if screen is None:
            raise RuntimeError("a request is handled by a task")
        self._screens.add(screen)
        try:
            return await super().handle_websocket(request)
        finally:
            self._screens.discard(screen)

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._refuse_others)
        return app

    @web.middleware
    async def _refuse_others(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if request.host not in self.own or (
            origin is not None and origin.removeprefix("http://") not in self.own
        ):
            raise web.HTTPForbidden(text="This page is for this machine's own address alone.")
        response = await handler(request)
        if not response.prepared:
            response.headers["Content-Security-Policy"] = POLICY
        return response


def demand_free(port: int) -> None:
    """Raise OperatorMistake when something else listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as taken:
            raise OperatorMistake(
                f"Port {port} on {LOOPBACK} can't be used: {taken.strerror}.",
                hint="Name another one with --port.",
            ) from taken
