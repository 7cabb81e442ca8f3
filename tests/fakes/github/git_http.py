"""git over HTTP with token auth: git's own http-backend behind the same rules as the API."""

from __future__ import annotations

import base64
import os
import subprocess
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote, urlsplit

from tests.fakes.github.faults import Fate
from tests.fakes.github.world import Repository, Seen, Token, World


def serve_git(desk: BaseHTTPRequestHandler, world: World) -> None:
    """Answer one request of git: reading a public repository needs no token, pushing needs one that may."""
    body = _body(desk)
    split = urlsplit(desk.path)
    full, _, rest = unquote(split.path).lstrip("/").partition(".git/")
    pushing = "git-receive-pack" in rest or "service=git-receive-pack" in split.query
    for watch in world.watchers:
        watch(desk.command, desk.path)
    fault = next((f for f in world.faults if f.strikes(desk.command, desk.path)), None)
    if fault is not None and fault.fate is not Fate.LOST:
        if fault.then is not None:
            fault.then()
        _say(desk, fault.status, str(fault.body), **fault.headers)
        return
    token, known = _token(desk, world)
    repository = world.repositories.get(full.lower())
    refusal = _judge(repository, token, known, pushing)
    _note(desk, world, refusal[0] if refusal else 200, token)
    if refusal is not None:
        status, words = refusal
        challenge = {"WWW-Authenticate": 'Basic realm="GitHub"'} if status == 401 else {}
        _say(desk, status, words, **challenge)
        return
    assert repository is not None
    before = repository.git.heads() if rest == "git-receive-pack" else {}
    status, headers, content = _run_backend(desk, repository, rest, split.query, body, token)
    if rest == "git-receive-pack":
        _start_workflows(world, repository, before)
    if fault is not None:
        if fault.then is not None:
            fault.then()
        desk.close_connection = True
        desk.connection.close()
        return
    desk.send_response(status)
    for name, value in headers.items():
        desk.send_header(name, value)
    desk.send_header("Content-Length", str(len(content)))
    desk.end_headers()
    desk.wfile.write(content)


def _start_workflows(world: World, repository: Repository, before: dict[str, str]) -> None:
    """Start what runs on a push, for each branch that this one moved."""
    for branch, sha in repository.git.heads().items():
        if before.get(branch) != sha:
            for workflow in world.workflows:
                workflow(repository, branch, sha)


def _judge(
    repository: Repository | None, token: Token | None, known: bool, pushing: bool
) -> tuple[int, str] | None:
    if token is None and known:
        return 401, "Invalid username or token. Password authentication is not supported for Git operations."
    if repository is None or (repository.private and token is None):
        return (401, "Repository not found.") if token is None else (404, "Repository not found.")
    if (
        token is not None
        and token.repositories is not None
        and repository.full_name not in token.repositories
    ):
        return 404, "Repository not found."
    if not pushing:
        allowed = token is None or token.installation is not None or repository.may(token.login, "read")
        return None if allowed else (404, "Repository not found.")
    if token is None:
        return 401, "Authentication required."
    if token.scopes is not None and not token.scopes & {"repo", "public_repo"}:
        return 403, f"Permission to {repository.full_name}.git denied to {token.login}."
    if token.permissions is not None and token.permissions.get("contents") != "write":
        return 403, "Write access to repository not granted."
    if token.installation is None and not repository.may(token.login, "write"):
        return 403, f"Permission to {repository.full_name}.git denied to {token.login}."
    return None


def _token(desk: BaseHTTPRequestHandler, world: World) -> tuple[Token | None, bool]:
    """Find the token of a request, and say whether one was given at all."""
    given = desk.headers.get("Authorization", "")
    if not given.lower().startswith("basic "):
        return None, bool(given)
    password = base64.b64decode(given.split(" ", 1)[1]).decode().partition(":")[2]
    token = world.tokens.get(password)
    if token is not None and token.expires is not None and token.expires <= world.now():
        return None, True
    return token, True


def _body(desk: BaseHTTPRequestHandler) -> bytes:
    if "chunked" not in desk.headers.get("Transfer-Encoding", ""):
        return desk.rfile.read(int(desk.headers.get("Content-Length") or 0))
    parts = []
    while size := int(desk.rfile.readline().split(b";")[0], 16):
        parts.append(desk.rfile.read(size))
        desk.rfile.readline()
    desk.rfile.readline()
    return b"".join(parts)


def _run_backend(
    desk: BaseHTTPRequestHandler,
    repository: Repository,
    rest: str,
    query: str,
    body: bytes,
    token: Token | None,
) -> tuple[int, dict[str, str], bytes]:
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": "/nonexistent",
        "GIT_PROJECT_ROOT": str(repository.git.path),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        "PATH_INFO": f"/{rest}",
        "QUERY_STRING": query,
        "REQUEST_METHOD": desk.command,
        "CONTENT_TYPE": desk.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": desk.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": desk.headers.get("Git-Protocol", ""),
        "REMOTE_ADDR": "127.0.0.1",
    }
    if token is not None:
        environment["REMOTE_USER"] = token.login
    done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=environment)
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
    return int(headers.pop("Status", "200 OK").split()[0]), headers, content


def _say(desk: BaseHTTPRequestHandler, status: int, words: str, **headers: str) -> None:
    raw = f"{words}\n".encode()
    desk.send_response(status)
    desk.send_header("Content-Type", "text/plain")
    for name, value in headers.items():
        desk.send_header(name.replace("_", "-"), value)
    desk.send_header("Content-Length", str(len(raw)))
    desk.end_headers()
    desk.wfile.write(raw)


def _note(desk: BaseHTTPRequestHandler, world: World, status: int, token: Token | None) -> None:
    split = urlsplit(desk.path)
    world.requests.append(
        Seen(desk.command, split.path, split.query, status, token.login if token else None, False)
    )
