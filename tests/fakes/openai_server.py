"""A stand-in for OpenAI on loopback that speaks both wires, is strict, bills, and can fail in every way a server can.

    python -m tests.fakes.openai_server --script FILE [--port 0] [--log FILE] [--plain] [--wires responses,chat]

prints its URL when it accepts connections. What it bills it writes to its log, on disk, before it answers. `GET /_log`
gives the log as a list. Conversations are told apart by how they begin.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import http.client
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from fresh.domain.value import Value
from tests.fakes.openai_checks import Json, Refused, check_chat, check_responses
from tests.fakes.openai_replies import Counted, chat_body, count, responses_body
from tests.fakes.openai_script import Asked, Brain, Fate, Script, Step, entries, turns

ROOT = Path(__file__).resolve().parents[2]
PATHS = {"/v1/responses": "responses", "/v1/chat/completions": "chat"}
CACHE_FROM, CACHE_STEP = 1024, 128
"""Tokens from which on, and in steps of which, the vendor caches the beginning of a conversation."""


class Rates(Value):
    """US dollars per million tokens. The tier flex costs half, priority double."""

    input: Decimal = Decimal(1)
    cached: Decimal = Decimal("0.1")
    cache_written: Decimal = Decimal(1)
    output: Decimal = Decimal(10)

    def bill(self, counted: Counted, tier: str) -> int:
        """Price a reply in micro-dollars, rounded up."""
        plain = counted.input - counted.cached - counted.cache_written
        cost = self.input * plain + self.cached * counted.cached + self.cache_written * counted.cache_written
        factor = {"flex": Decimal("0.5"), "priority": Decimal(2)}.get(tier, Decimal(1))
        return int(((cost + self.output * counted.output) * factor).to_integral_value(ROUND_CEILING))


class Logged(Value):
    """One request as the server saw it, and what it billed for it in micro-dollars.

    `shared` counts the tokens of its beginning that are byte for byte those of the last request of its conversation.
    """

    number: int
    request_id: str
    key: str
    wire: str
    conversation: str
    turn: int
    body_hash: str
    size: int
    status: int
    fate: str = Fate.WHOLE
    tier: str = ""
    input: int = 0
    shared: int = 0
    cached: int = 0
    output: int = 0
    billed: int = 0
    why: str = ""


@dataclass
class Rules:
    """What kind of server this is. A `plain` one knows nothing that only OpenAI's own do, a `lenient` one takes
    any request; `keys` empty: any will do."""

    answer: Brain
    log: Path | None = None
    plain: bool = False
    lenient: bool = False
    wires: frozenset[str] = frozenset(PATHS.values())
    models: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    rates: Rates = field(default_factory=Rates)


class OpenAIServer(ThreadingHTTPServer):
    """Serve by the rules. `bodies` and `seen` remember every request since the start."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, rules: Rules, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Desk)
        self.rules = rules
        self.seen: list[Logged] = []
        self.bodies: list[Json] = []
        self._attempts: dict[str, int] = defaultdict(int)
        self._prefixes: dict[str, list[str]] = {}
        self._lock = threading.Lock()
        self._file = (
            None if rules.log is None else os.open(rules.log, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        )

    @property
    def url(self) -> str:
        """The base URL for clients."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    @property
    def billed(self) -> int:
        """What was billed since the start, in micro-dollars."""
        return sum(entry.billed for entry in self.seen)

    def answers(self, brain: Brain | Step, *more: Step) -> None:
        """From now on answer by this brain, or by these steps in turn to everybody."""
        with self._lock:
            self._attempts.clear()
            self.rules.answer = Script.of(brain, *more) if isinstance(brain, Step) else brain

    def ask(self, wire: str, body: Json) -> tuple[str, Step, Asked]:
        """Find the answer to a request that was judged to be right."""
        asked = Asked(wire=wire, body=body, turn=turns(body), attempt=0)
        conversation = hashlib.sha256(asked.opening.encode("utf-8", "replace")).hexdigest()[:16]
        with self._lock:
            asked = Asked(wire=wire, body=body, turn=asked.turn, attempt=self._attempts[conversation])
            self._attempts[conversation] += 1
        return conversation, self.rules.answer(asked), asked

    def shared(self, conversation: str, body: Json) -> int:
        """Count the tokens of the beginning that this request shares with the last one of its conversation."""
        parts = [json.dumps(body.get("tools"), sort_keys=True), str(body.get("instructions"))]
        parts += [json.dumps(entry) for entry in entries(body)]
        with self._lock:
            before = self._prefixes.get(conversation, [])
            self._prefixes[conversation] = parts
        shared = 0
        for old, now in zip(before, parts, strict=False):
            if old != now:
                break
            shared += count(now)
        return shared

    def write(self, entry: dict[str, Any], body: Json) -> Logged:
        """Put a request into the log, on disk before this returns, also beside another server with the same log."""
        with self._lock:
            logged = Logged(number=len(self.seen), **entry)
            self.seen.append(logged)
            self.bodies.append(body)
            if self._file is not None:
                fcntl.flock(self._file, fcntl.LOCK_EX)
                try:
                    os.write(self._file, logged.model_dump_json().encode() + b"\n")
                    os.fsync(self._file)
                finally:
                    fcntl.flock(self._file, fcntl.LOCK_UN)
            return logged

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away; anything else is a mistake of this server, and is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Desk(BaseHTTPRequestHandler):
    """Serve one connection."""

    protocol_version = "HTTP/1.1"
    server: OpenAIServer

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path == "/_log":
            self._send(200, [entry.model_dump(mode="json") for entry in self.server.seen])
        else:
            self._send(404, {"error": {"message": f"Invalid URL (GET {self.path})"}})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        wire = PATHS.get(self.path, "")
        key = self.headers.get("Authorization", "").removeprefix("Bearer ")
        entry: dict[str, Any] = {
            "request_id": self.headers.get("X-Client-Request-Id", ""),
            "key": hashlib.sha256(key.encode()).hexdigest()[:16],
            "wire": wire,
            "conversation": "",
            "turn": 0,
            "body_hash": hashlib.sha256(raw).hexdigest(),
            "size": len(raw),
        }
        body: Json = {}
        try:
            body = self._judged(raw, wire, key)
        except Refused as no:
            self.server.write({**entry, "status": no.status, "why": str(no)}, body)
            error = {"message": str(no), "type": "invalid_request_error", "code": no.code, "param": no.param}
            self._send(no.status, str(no) if no.status == 404 and no.code is None else {"error": error})
            return
        conversation, step, asked = self.server.ask(wire, body)
        self._serve(step, body, {**entry, "conversation": conversation, "turn": asked.turn})

    def _judged(self, raw: bytes, wire: str, key: str) -> Json:
        rules = self.server.rules
        if wire not in rules.wires:
            raise Refused("404 page not found", status=404)
        if not key or (rules.keys and key not in rules.keys):
            raise Refused(f"Incorrect API key provided: {key}.", status=401, code="invalid_api_key")
        try:
            body = json.loads(raw)
        except ValueError:
            raise Refused("We could not parse the JSON body of your request.") from None
        if not isinstance(body, dict):
            raise Refused("The body must be an object.")
        if not rules.lenient:
            (check_responses if wire == "responses" else check_chat)(body, openai=not rules.plain)
        if rules.models and body["model"] not in rules.models:
            raise Refused(
                f"The model '{body['model']}' does not exist or you do not have access to it.",
                status=404,
                code="model_not_found",
            )
        return body

    def _serve(self, step: Step, body: Json, entry: dict[str, Any]) -> None:
        rules = self.server.rules
        shared = self.server.shared(entry["conversation"], body)
        cached = shared // CACHE_STEP * CACHE_STEP if shared >= CACHE_FROM else 0
        counted = Counted.of(step, body, cached)
        tier = step.tier or str(body.get("service_tier", "default"))
        tier = "default" if tier == "auto" else tier
        logged = self.server.write(
            {
                **entry,
                "status": step.status,
                "fate": step.fate,
                "tier": tier,
                "input": counted.input,
                "shared": min(shared, counted.input),
                "cached": counted.cached,
                "output": counted.output,
                "billed": rules.rates.bill(counted, tier) if step.is_billed else 0,
            },
            body,
        )
        time.sleep(step.sleep)
        if step.status != 200:
            error = step.error if step.error is not None else {"message": "scripted", "type": "server_error"}
            self._send(step.status, {"error": error} if isinstance(error, dict) else error, step)
            return
        write = responses_body if entry["wire"] == "responses" else chat_body
        whole = write(step, body, counted, None if rules.plain and step.tier is None else tier, logged.number)
        self._send(200, step.whole if step.whole is not None else whole, step)

    def _send(self, status: int, content: JsonValue, step: Step | None = None) -> None:
        """Send in one piece: small pieces would wait for acknowledgements."""
        step = step or Step()
        if step.fate in (Fate.VANISHED, Fate.RESET):
            self._hang_up(reset=step.fate is Fate.RESET)
            return
        text = content if isinstance(content, str) else "" if content is None else json.dumps(content)
        payload, kind = text.encode("utf-8", "surrogatepass"), "application/json"
        match step.fate:
            case Fate.TRUNCATED:
                payload = payload[: len(payload) // 2]
            case Fate.EMPTY:
                payload = b""
            case Fate.HTML:
                payload, kind = b"<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html"
            case Fate.GARBAGE:
                payload = b"\x00\xff{not json"
            case _:
                pass
        lines = [
            f"HTTP/1.1 {status} {http.client.responses.get(status, 'Scripted')}",
            *(f"{name}: {value}" for name, value in self._headers(kind, len(payload), step).items()),
        ]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        match step.fate:
            case Fate.BROKEN:
                self.wfile.write(head + payload[: len(payload) // 2])
                self._hang_up()
            case Fate.TRICKLED:
                self._trickle(head, payload)
            case _:
                self.wfile.write(head + payload)

    def _headers(self, kind: str, size: int, step: Step) -> dict[str, str]:
        return {"Content-Type": kind, "Content-Length": str(size), **step.headers}

    def _trickle(self, head: bytes, payload: bytes) -> None:
        with suppress(OSError):
            self.wfile.write(head)
            for at in range(len(payload)):
                self.wfile.write(payload[at : at + 1])
                time.sleep(0.1)

    def _hang_up(self, *, reset: bool = False) -> None:
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def serving(rules: Rules) -> Iterator[OpenAIServer]:
    """Serve from threads of this process."""
    server = OpenAIServer(rules)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def serving_process(script: Path, log: Path, *options: str) -> Iterator[str]:
    """Serve from a process of its own; give its URL."""
    command = [sys.executable, "-m", "tests.fakes.openai_server", "--script", str(script), "--log", str(log)]
    with subprocess.Popen([*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            if not url:
                raise RuntimeError(f"the server ended with {process.wait()}")
            yield url
        finally:
            process.terminate()


def read_log(log: Path) -> list[Logged]:
    """Read what a server wrote to its log."""
    return [Logged.model_validate_json(line) for line in log.read_text().splitlines()]


def main() -> None:
    """Read the options and serve until ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--script", type=Path, required=True)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--lenient", action="store_true")
    parser.add_argument("--wires", default="responses,chat")
    parser.add_argument("--rates", default="{}", help="JSON, US dollars per million tokens")
    given = parser.parse_args()
    rules = Rules(
        answer=Script.model_validate_json(given.script.read_text()),
        log=given.log,
        plain=given.plain,
        lenient=given.lenient,
        wires=frozenset(given.wires.split(",")),
        rates=Rates.model_validate_json(given.rates),
    )
    server = OpenAIServer(rules, given.port)
    print(server.url, flush=True)
    with suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main()
