"""The fake Slack itself: one HTTP server in a thread of its own."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Coroutine, Sequence
from typing import Any

from aiohttp import web

from tests.fakes.slack.gestures import Gestures, Payload
from tests.fakes.slack.methods import Methods, no
from tests.fakes.slack.scopes import APP_LEVEL, EVERY, PRIVATE, SCOPES
from tests.fakes.slack.sockets import ACK_WITHIN, Sockets
from tests.fakes.slack.trouble import Fault, Limits, Trouble
from tests.fakes.slack.workspace import Ack, Call, Message, Workspace

PATIENCE = 5
"""How many times longer than expected something is waited for: machines that run tests are busy, and a bar is measured."""
BOT_TOKEN, APP_TOKEN, SIGNING_SECRET = (
    "xoxb-fake-0000000000",
    "xapp-1-fake-0000000000",
    "signing-secret-of-the-fake",
)


class FakeSlack(Workspace):
    """A workspace, the server in front of it, and the hands of its people."""

    def __init__(self, *, rate_limits: bool = False, scopes: frozenset[str] = EVERY, port: int = 0) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.trouble = Trouble()
        self.limits = Limits(rate_limits)
        self.scopes = scopes
        self.revoked = False
        self.sockets = Sockets()
        self.methods = Methods(self, lambda: self.address)
        self.gestures = Gestures(self, lambda: f"{self.address}/response/")
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake-slack", daemon=True)

    # --- life

    def start(self) -> FakeSlack:
        """Begin to listen."""
        self._thread.start()
        self._do(self._start())
        return self

    async def _start(self) -> None:
        app = web.Application(client_max_size=32 << 20)
        app.router.add_route("*", "/api/{method:.+}", self._call)
        app.router.add_get("/link", self.sockets.serve)
        app.router.add_post("/response/{name}", self._respond)
        self._runner = web.AppRunner(app, shutdown_timeout=0.2)
        await self._runner.setup()
        await self._listen()

    async def _listen(self) -> None:
        self._site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await self._site.start()
        self.port = self._runner.addresses[0][1]

    def stop(self) -> None:
        """End everything."""
        self._do(self.sockets.drop())
        self._do(self._runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def go_away(self) -> None:
        """Vanish from the network, with every socket."""
        self.sockets.refused = True
        self._do(self.sockets.drop())
        self.trouble.always("*", Fault())

    def come_back(self) -> None:
        """Be there again."""
        self.sockets.refused = False
        self.trouble.always("*", None)

    def _do(self, work: Coroutine[Any, Any, Any], within: float = 60) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(within)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """The root of its Web API."""
        return f"{self.address}/api/"

    def called(self, method: str) -> list[Call]:
        """Every call of a method that was answered well."""
        return [call for call in self.calls if call.method == method and call.error is None]

    # --- Web API

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        given = await _arguments(request)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or given.pop("token", "")
        call = Call(time.time(), method, given)
        self.calls.append(call)
        fault = self.trouble.draw(method)
        if fault is not None:
            if fault.wait:
                await asyncio.sleep(fault.wait)
            if fault.done:
                self._answer(method, given, token)
            call.error = fault.error or "cut"
            if fault.status is None:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response(status=500)
            return web.json_response(no(fault.error), status=fault.status, headers=dict(fault.headers))
        if self.limits.refuse(method, str(given.get("channel", ""))):
            call.error = "ratelimited"
            return web.json_response(no("ratelimited"), status=429, headers={"Retry-After": "1"})
        answer = self._answer(method, given, token)
        call.error = answer.get("error")
        return web.json_response(answer, headers={"x-oauth-scopes": ",".join(sorted(self.scopes))})

    def _answer(self, method: str, given: Payload, token: str) -> Payload:
        if self.revoked:
            return no("token_revoked")
        if method in APP_LEVEL:
            return self._connect() if token == APP_TOKEN else no("invalid_auth")
        if token != BOT_TOKEN:
            return no("invalid_auth" if token else "not_authed")
        for scope in SCOPES.get(method, frozenset()):
            private = str(given.get("channel", "")).startswith("G")
            needed = PRIVATE.get(scope, scope) if private else scope
            if needed not in self.scopes:
                return no("missing_scope", needed=needed, provided=",".join(sorted(self.scopes)))
        return self.methods.answer(method, given)

    def _connect(self) -> Payload:
        if self.sockets.refused:
            return no("internal_error")
        ticket = f"{time.time()}-{len(self.calls)}"
        self.sockets.tickets.add(ticket)
        return {"ok": True, "url": f"ws://127.0.0.1:{self.port}/link?ticket={ticket}"}

    async def _respond(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        made, uses, user = self.response_urls.get(name, (0.0, 5, ""))
        if uses >= 5 or time.time() - made > 1800:
            return web.json_response(no("used_url" if uses >= 5 else "expired_url"), status=404)
        self.response_urls[name] = (made, uses + 1, user)
        self.responses.append({**await request.json(), "_user": user, "_at": time.time()})
        return web.json_response({"ok": True})

    # --- people

    def wait_for_sockets(self, number: int = 1, within: float = 20) -> None:
        """Wait until so many sockets are open."""
        self.until(lambda: len(self.sockets.open) >= number, within, "sockets")

    def until(self, true: Any, within: float = 10, what: str = "it") -> float:
        """Wait until something is true; return how long that took."""
        began = time.monotonic()
        while not (value := true()):
            if time.monotonic() - began > within * PATIENCE:
                raise AssertionError(
                    f"{what} took more than {within} s; last calls: {[(call.method, call.error) for call in self.calls[-12:]]}"
                )
            time.sleep(0.01)
        del value
        return time.monotonic() - began

    def send(self, kind: str, payload: Payload) -> Ack:
        """Deliver one payload through a socket."""
        return self._do(self.sockets.deliver(kind, payload))

    def send_all(
        self, payloads: Sequence[tuple[str, Payload]], apart: float = 0.0, within: float = ACK_WITHIN
    ) -> list[Ack]:
        """Deliver many payloads at once, or so many seconds apart; Slack itself waits three seconds for each."""

        async def all_of_them() -> list[Ack]:
            async def one(number: int, kind: str, payload: Payload) -> Ack:
                await asyncio.sleep(number * apart)
                return await self.sockets.deliver(kind, payload, within)

            return await asyncio.gather(
                *(one(n, kind, payload) for n, (kind, payload) in enumerate(payloads))
            )

        return self._do(all_of_them(), within=60 + within + apart * len(payloads))

    def click(self, user: str, message: Message, button: str, **changes: Any) -> Ack:
        """Click a button of a message."""
        return self.send("interactive", self.gestures.click(user, message, button, **changes))

    def submit(self, user: str, view: Payload, values: dict[str, Payload], **changes: Any) -> Ack:
        """Submit a modal."""
        return self.send("interactive", self.gestures.submit(user, view, values, **changes))

    def slash(self, user: str, text: str, **more: Any) -> Ack:
        """Type a slash command."""
        return self.send("slash_commands", self.gestures.slash(user, text, **more))

    def event(self, user: str, **event: Any) -> Ack:
        """Let an event happen."""
        return self.send("events_api", self.gestures.event(user, event))

    def refresh(self) -> None:
        """Announce a reconnect on every socket."""
        self._do(self.sockets.refresh())

    def drop(self) -> None:
        """Close every socket."""
        self._do(self.sockets.drop())

    def newest_view(self) -> Payload:
        """The modal that was opened last."""
        return list(self.views.values())[-1]


# --- HTTP mode


def signed(body: str, timestamp: int | None = None, secret: str = SIGNING_SECRET) -> dict[str, str]:
    """The headers with which Slack signs a body."""
    at = int(time.time()) if timestamp is None else timestamp
    mac = hmac.new(secret.encode(), f"v0:{at}:{body}".encode(), hashlib.sha256).hexdigest()
    return {
        "X-Slack-Request-Timestamp": str(at),
        "X-Slack-Signature": f"v0={mac}",
        "Content-Type": "application/x-www-form-urlencoded",
    }


def form(payload: Payload, kind: str = "interactive") -> str:
    """The body that Slack posts for a payload."""
    return urllib.parse.urlencode({"payload": json.dumps(payload)} if kind == "interactive" else payload)


def post(url: str, body: str, headers: dict[str, str]) -> int:
    """Post a body to a bot in HTTP mode; return the status."""
    request = urllib.request.Request(url, body.encode(), headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as refused:
        return refused.code


async def _arguments(request: web.Request) -> Payload:
    if "json" in request.headers.get("content-type", ""):
        given: Payload = await request.json()
    else:
        given = {**request.query, **(await request.post() if request.method == "POST" else {})}
    for name in ("blocks", "metadata", "view"):
        if isinstance(given.get(name), str):
            given[name] = json.loads(given[name])
    return given
