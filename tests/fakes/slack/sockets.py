"""Slack's side of Socket Mode: real websockets that greet, deliver, refresh, die and go deaf."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
import uuid
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes.slack.workspace import APP, Ack

MOST_SOCKETS = 10
ACK_WITHIN = 3.0


class Socket:
    """One connection. A deaf one neither reads nor answers pings, as a half-open connection does."""

    def __init__(self, wire: web.WebSocketResponse) -> None:
        self.wire = wire
        self.deaf = False


class Sockets:
    """Every connection of the app; each envelope goes to one of them."""

    def __init__(self) -> None:
        self.open: list[Socket] = []
        self.tickets: set[str] = set()
        self.refused = False
        self._acks: dict[str, asyncio.Future[dict[str, Any] | None]] = {}
        self._turn = itertools.count()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Accept a connection with a ticket of apps.connections.open, once."""
        ticket = request.query.get("ticket", "")
        if ticket not in self.tickets or self.refused:
            return web.Response(status=401)
        self.tickets.discard(ticket)
        wire = web.WebSocketResponse(autoping=False)
        await wire.prepare(request)
        if len(self.open) >= MOST_SOCKETS:
            await wire.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await wire.close()
            return wire
        socket = Socket(wire)
        self.open.append(socket)
        await wire.send_json(
            {
                "type": "hello",
                "num_connections": len(self.open),
                "debug_info": {"host": "fake", "approximate_connection_time": 3600},
                "connection_info": {"app_id": APP},
            }
        )
        try:
            await self._listen(socket)
        finally:
            if socket in self.open:
                self.open.remove(socket)
        return wire

    async def _listen(self, socket: Socket) -> None:
        async for message in socket.wire:
            if socket.deaf:
                continue
            if message.type == WSMsgType.PING:
                await socket.wire.pong(message.data)
            elif message.type == WSMsgType.TEXT and message.data.startswith("{"):
                envelope = json.loads(message.data)
                waiting = self._acks.get(str(envelope.get("envelope_id")))
                if waiting is not None and not waiting.done():
                    waiting.set_result(envelope.get("payload"))

    def pick(self) -> Socket | None:
        """Choose the connection of the next envelope, one after the other."""
        return self.open[next(self._turn) % len(self.open)] if self.open else None

    async def deliver(self, kind: str, payload: dict[str, Any], within: float = ACK_WITHIN) -> Ack:
        """Deliver one envelope and wait for its ack; nothing is delivered again."""
        socket = self.pick()
        if socket is None:
            return Ack(None)
        envelope = str(uuid.uuid4())
        acked: asyncio.Future[dict[str, Any] | None] = asyncio.get_running_loop().create_future()
        self._acks[envelope] = acked
        began = time.perf_counter()
        try:
            if not socket.deaf:
                await socket.wire.send_json(
                    {
                        "envelope_id": envelope,
                        "type": kind,
                        "payload": payload,
                        "accepts_response_payload": kind != "events_api",
                    }
                )
            answer = await asyncio.wait_for(acked, within)
        except (TimeoutError, ConnectionError):
            return Ack(None)
        finally:
            self._acks.pop(envelope, None)
        return Ack((time.perf_counter() - began) * 1000, answer)

    async def refresh(self) -> None:
        """Announce a reconnect, as Slack does every few hours."""
        for socket in list(self.open):
            await socket.wire.send_json(
                {"type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": "fake"}}
            )

    async def drop(self) -> None:
        """Close every connection."""
        for socket in list(self.open):
            await socket.wire.close(code=1001)

    def deafen(self) -> None:
        """Let every open connection go deaf without a word."""
        for socket in self.open:
            socket.deaf = True
