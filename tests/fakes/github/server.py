"""The front desk: who asks, may they, is it new, how often, and what goes wrong on the way."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import socket
import struct
import tempfile
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.github.answers import Call, Refused, Reply, not_found
from tests.fakes.github.apps import app_of
from tests.fakes.github.faults import Fate, Fault
from tests.fakes.github.git_http import serve_git
from tests.fakes.github.routes import find
from tests.fakes.github.shapes import Shapes
from tests.fakes.github.world import Repository, Seen, Token, World

PREFIXES = ("/api/v3", "/api")
VERSIONS = ("2022-11-28", "2026-03-10")


class GitHubServer(ThreadingHTTPServer):
    """GitHub on loopback; `api` is the base URL of its REST API, as on an Enterprise server."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, world: World, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Desk)
        self.world = world
        self.shapes = Shapes(world, self.api, self.web)
        self.used: dict[str, int] = defaultdict(int)
        self.written: dict[str, deque[float]] = defaultdict(deque)
        self.blocked: dict[str, float] = {}
        self.began = time.time()
        self.accepted = 0

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """Accept a connection, and count it."""
        self.accepted += 1
        return super().get_request()  # type: ignore[return-value]

    @property
    def web(self) -> str:
        """Where people look, and git clones from."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def api(self) -> str:
        """The base URL of the REST API."""
        return f"{self.web}/api/v3"

    def clone_url(self, repository: Repository) -> str:
        """The remote of a repository."""
        return f"{self.web}/{repository.full_name}.git"

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet about clients that hang up."""
        import sys

        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Desk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: GitHubServer

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on stderr."""

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = do_GET

    def _serve(self) -> None:
        path = urlsplit(self.path).path
        if ".git/" in path:
            serve_git(self, self.server.world)
            return
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        for prefix in PREFIXES:
            if path.startswith(f"{prefix}/"):
                path = path.removeprefix(prefix)
                break
        with self.server.world.lock:
            fault = next((f for f in self.server.world.faults if f.strikes(self.command, path)), None)
        if fault is not None and fault.fate in (Fate.ANSWERED, Fate.DROPPED):
            self._spoil(fault)
            return
        reply = self._answer(path, raw)
        if fault is None:
            self._send(reply)
            return
        if fault.fate is Fate.SLOW:
            time.sleep(fault.seconds)
            with suppress(OSError):
                self._send(reply)
            return
        if fault.fate in (Fate.POURING, Fate.DRIPPING):
            self._pour(fault)
            return
        self._spoil(fault, reply)

    def _pour(self, fault: Fault) -> None:
        """Begin a JSON text that has no end, until the client has enough of it."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.end_headers()
        self.close_connection = True
        part = b" " if fault.fate is Fate.DRIPPING else b" " * (1 << 16)
        with suppress(OSError):
            while True:
                self.wfile.write(part)
                time.sleep(fault.seconds)

    def _spoil(self, fault: Fault, reply: Reply | None = None) -> None:
        if fault.then is not None:
            fault.then()
        if fault.fate in (Fate.LOST, Fate.DROPPED, Fate.CUT):
            if fault.fate is Fate.CUT and reply is not None:
                self.wfile.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"
                )
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        self._note(urlsplit(self.path).path, fault.status, None, counted=False)
        self._send(Reply(fault.status, fault.body, fault.headers))

    def _answer(self, path: str, raw: bytes) -> Reply:
        world = self.server.world
        with world.lock:
            token: Token | None = None
            body: object = None
            counted = True
            try:
                self._demand_manners()
                token = self._token(path)
                if (limited := self._limited(token)) is not None:
                    raise limited
                body = self._body(raw)
                reply = self._route(path, body, token)
                if self.command in ("GET", "HEAD") and reply.status == 200:
                    etag = f'W/"{hashlib.sha256(json.dumps(reply.body).encode()).hexdigest()}"'
                    reply.headers["ETag"] = etag
                    if etag in (self.headers.get("If-None-Match") or ""):
                        reply, counted = Reply(304, None, {"ETag": etag}), False
            except Refused as refused:
                reply = refused.reply
            if path == "/rate_limit":
                counted = False
            self._count(token, counted, reply)
            self._note(path, reply.status, token, counted=counted, body=body)
            return reply

    def _demand_manners(self) -> None:
        if not self.headers.get("User-Agent"):
            raise Refused(
                403,
                "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
            )
        version = self.headers.get("X-GitHub-Api-Version")
        if version is not None and version not in VERSIONS:
            raise Refused(400, f'"{version}" is not a supported version.')
        accept = self.headers.get("Accept", "*/*")
        if not any(word in accept for word in ("json", "*/*", "application/vnd.github")):
            raise Refused(415, "Unsupported 'Accept' header: must accept 'application/json'.")

    def _token(self, path: str) -> Token | None:
        given = self.headers.get("Authorization")
        if given is None:
            return None
        scheme, _, value = given.partition(" ")
        if scheme.lower() == "basic":
            value = base64.b64decode(value).decode().partition(":")[2]
        if value.count(".") == 2 and (app := app_of(self.server.world, value)) is not None:
            return Token(value, f"{app.slug}[bot]", frozenset(), installation=-app.id)
        token = self.server.world.tokens.get(value)
        if token is None or (token.expires is not None and token.expires <= self.server.world.now()):
            raise Refused(401, "Bad credentials")
        return token

    def _body(self, raw: bytes) -> object:
        if not raw:
            return {}
        try:
            body = json.loads(raw)
        except ValueError:
            raise Refused(400, "Problems parsing JSON") from None
        if isinstance(body, list) and self.path.endswith("/labels"):
            # Documented for labels: the list itself may be the whole body.
            return {"labels": body}
        if not isinstance(body, dict):
            raise Refused(400, "Body should be a JSON object")
        return body

    def _route(self, path: str, body: object, token: Token | None) -> Reply:
        world = self.server.world
        found = find(self.command.replace("HEAD", "GET"), path)
        if found is None:
            raise not_found()
        act, names = found
        query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        full = f"{names.get('owner')}/{names.get('repo')}".lower()
        if full in world.moved:
            target = self.path.replace(
                f"/repos/{names['owner']}/{names['repo']}", f"/repos/{world.moved[full]}"
            )
            url = f"{self.server.web}{target}"
            return Reply(
                301 if self.command == "GET" else 307,
                {"message": "Moved Permanently", "url": url},
                {"Location": url},
            )
        assert isinstance(body, dict)
        user = world.users.get(token.login) if token is not None else None
        call = Call(world, self.command, path, names, query, body, token, user, self.server.api)
        if "owner" in names and full in world.repositories:
            world.follow(world.repositories[full])
        return act(call, self.server.shapes)

    def _limited(self, token: Token | None) -> Refused | None:
        key = token.value if token is not None else "anonymous"
        limits = self.server.world.limits
        now = time.time()
        if self.server.blocked.get(key, 0.0) > now:
            return self._slow_down(int(self.server.blocked[key] - now) + 1)
        if self.command not in ("GET", "HEAD") and limits.writes is not None:
            recent = self.server.written[key]
            while recent and recent[0] < now - 60:
                recent.popleft()
            if len(recent) >= limits.writes:
                recent.clear()
                self.server.blocked[key] = now + limits.wait
                return self._slow_down(limits.wait)
            recent.append(now)
        if urlsplit(self.path).path.endswith("/rate_limit"):
            return None
        if self.server.used[key] >= limits.hourly:
            if now - self.server.began > limits.reset:
                self.server.used.clear()
                self.server.began = now
                return None
            return Refused(
                403, f"API rate limit exceeded for user ID {token.login if token else '127.0.0.1'}."
            )
        return None

    def _slow_down(self, seconds: int) -> Refused:
        return Refused(
            403,
            "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
            Retry_After=str(seconds),
        )

    def _count(self, token: Token | None, counted: bool, reply: Reply) -> None:
        key = token.value if token is not None else "anonymous"
        limits = self.server.world.limits
        if counted and self.server.used[key] < limits.hourly:
            self.server.used[key] += 1
        reply.headers |= {
            "X-RateLimit-Limit": str(limits.hourly),
            "X-RateLimit-Remaining": str(max(0, limits.hourly - self.server.used[key])),
            "X-RateLimit-Used": str(self.server.used[key]),
            "X-RateLimit-Reset": str(int(self.server.began + limits.reset)),
            "X-RateLimit-Resource": "core",
        }
        if token is not None and token.scopes is not None and token.installation is None:
            reply.headers["X-OAuth-Scopes"] = ", ".join(sorted(token.scopes))
            reply.headers.setdefault("X-Accepted-OAuth-Scopes", "repo")

    def _note(
        self, path: str, status: int, token: Token | None, *, counted: bool, body: object = None
    ) -> None:
        self.server.world.requests.append(
            Seen(
                self.command,
                path,
                urlsplit(self.path).query,
                status,
                token.login if token else None,
                counted,
                body,
                self.headers.get("User-Agent", ""),
            )
        )

    def _send(self, reply: Reply) -> None:
        plain = isinstance(reply.body, str)
        raw = b"" if reply.body is None else reply.body.encode() if plain else json.dumps(reply.body).encode()  # type: ignore[union-attr]
        self.send_response(reply.status, http.client.responses.get(reply.status, "?"))
        self.send_header("Content-Type", "text/html" if plain else "application/json; charset=utf-8")
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status not in (204, 304):
            self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        if self.command != "HEAD" and reply.status not in (204, 304):
            self.wfile.write(raw)


@contextmanager
def github(root: Path | None = None, port: int = 0) -> Iterator[GitHubServer]:
    """Serve an empty GitHub for as long as the context is open; its repositories lie below `root`."""
    with tempfile.TemporaryDirectory(prefix="github-") as spare:
        server = GitHubServer(World(root or Path(spare)), port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
