"""What the bot serves by HTTP: how it is, and in HTTP mode Slack's requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp

from bot.strangers import Strangers

LARGEST = 4 << 20


@dataclass(frozen=True)
class Health:
    """How the bot is. `silence` is for how many seconds no socket was heard, `looked` how old the last look is."""

    ready: bool
    silence: float
    sockets: int
    looked: float
    waiting: int
    owns: tuple[str, ...]
    trouble: str = ""


async def serve_health(port: int, health: Callable[[], Health]) -> tuple[web.AppRunner, int]:
    """Answer `/health` on this machine alone; return the port."""

    async def say(request: web.Request) -> web.Response:
        now = health()
        shown = {key: (None if value == float("inf") else value) for key, value in asdict(now).items()}
        return web.json_response(shown, status=200 if now.ready else 503)

    app = web.Application()
    app.router.add_get("/health", say)
    return await _listen(app, "127.0.0.1", port)


async def serve_slack(port: int, app: AsyncApp, strangers: Strangers) -> tuple[web.AppRunner, int]:
    """Take Slack's requests at `/slack/events`; Bolt checks their signatures and times."""

    async def take(request: web.Request) -> web.Response:
        answered = await app.async_dispatch(await to_bolt_request(request))
        if answered.status == 401:
            await strangers.note(request.remote or "an unknown address", request.headers)
        return await to_aiohttp_response(answered)

    server = web.Application(client_max_size=LARGEST)
    server.router.add_post("/slack/events", take)
    return await _listen(server, "0.0.0.0", port)


async def _listen(app: web.Application, host: str, port: int) -> tuple[web.AppRunner, int]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner, int(runner.addresses[0][1])
