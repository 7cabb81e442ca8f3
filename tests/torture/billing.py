"""A provider that bills: it keeps its own books on disk before it answers, if it answers at all.

It knows nothing of Fresh: it prices with genai-prices itself, by tokens of its own choice within what was sent.
"""

from __future__ import annotations

import json
import os
import random
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from genai_prices import Usage, calc_price


class Provider(ThreadingHTTPServer):
    """Bill to `books`, one line `agent micro-dollars request-id` for each request that was worked on."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, books: Path, seed: int) -> None:
        self.books = os.open(books, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.chance = random.Random(seed)
        super().__init__(("127.0.0.1", 0), Desk)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that were killed while they were served."""


class Desk(BaseHTTPRequestHandler):
    """Serve one request, honestly or not."""

    protocol_version = "HTTP/1.1"
    server: Provider

    def log_message(self, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        asked = json.loads(raw)
        agent = self.headers["Authorization"].removeprefix("Bearer ")
        fate = self.server.chance.random()
        if fate < 0.06:
            return self.refuse(429, {"retry-after": "0"})
        if fate < 0.08:
            return self.refuse(500, {})
        self.bill(agent, asked, len(raw))
        if fate < 0.14:
            return self.vanish()
        if fate < 0.17:
            return self.refuse(503, {})
        if fate < 0.20:
            return self.answer(b'{"id": "resp_1", "output": [{"ty')
        return self.answer(json.dumps(self.reply()).encode())

    def bill(self, agent: str, asked: dict[str, Any], sent: int) -> None:
        """Use up to a token for every two bytes sent, and up to all of the output that was allowed."""
        chance = self.server.chance
        self.tokens_in = chance.randint(1, max(1, sent // 2))
        self.tokens_out = chance.randint(0, asked["max_output_tokens"])
        self.cached = chance.randint(0, self.tokens_in) if chance.random() < 0.5 else 0
        self.tier = chance.choice([asked["service_tier"], "default"])
        price = calc_price(
            Usage(input_tokens=self.tokens_in, cache_read_tokens=self.cached, output_tokens=self.tokens_out),
            asked["model"],
            provider_id="openai",
            price_context={"service_tier": self.tier} if self.tier != "default" else None,
        ).total_price
        line = f"{agent} {price * 1_000_000} {self.headers['X-Client-Request-Id']}\n"
        os.write(self.server.books, line.encode())

    def reply(self) -> dict[str, Any]:
        """Name the usage in every way that servers do, or not at all."""
        chance = self.server.chance
        usage: Any = {"input_tokens": self.tokens_in, "output_tokens": self.tokens_out}
        usage["input_tokens_details"] = chance.choice([None, {"cached_tokens": self.cached}])
        usage["output_tokens_details"] = chance.choice([None, {"reasoning_tokens": self.tokens_out // 2}])
        content = [{"type": "output_text", "text": "ok", "annotations": []}]
        whole = {
            "id": "resp_1",
            "object": "response",
            "status": "completed",
            "service_tier": self.tier,
            "output": [{"type": "message", "role": "assistant", "content": content}],
            "usage": chance.choice([usage] * 8 + [None]),
        }
        if chance.random() < 0.05:
            del whole["usage"]
        return whole

    def refuse(self, status: int, headers: dict[str, str]) -> None:
        self.answer(b'{"error": {"message": "no"}}', status, headers)

    def answer(self, body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        shown = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
        for name, value in shown.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def vanish(self) -> None:
        """Close the connection when everything is done and billed."""
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True
