"""The server's process: start it, wait for its first answer, end it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from fresh.adapters.prefect_server.environment import server_environment
from fresh.adapters.prefect_server.health import is_of
from fresh.adapters.processes import lives
from fresh.domain.host import Host

LOG = "server.log"
LOG_LIMIT = 10 << 20
"""Bytes after which the log of earlier servers is put aside at the next start."""

HOST = "127.0.0.1"
PAUSE = 0.1


def is_free(port: int) -> bool:
    """Say whether a server could listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Let the kernel choose a port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def await_free(port: int, patience: float = 5.0) -> bool:
    """Wait until a server could listen on the port; False when something else keeps it."""
    deadline = time.monotonic() + patience
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)
    return True


def spawn(home: Path, port: int, *, stay: bool) -> subprocess.Popen[bytes]:
    """Start the server in a session of its own, so that Ctrl-C in the terminal reaches only its owner.

    It works in `home`: Prefect reads prefect.toml, pyproject.toml and .env from where it stands.
    """
    log = home / LOG
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        os.replace(log, home / f"{LOG}.1")
    argv = [sys.executable, "-P", "-m", "deployments.server", "--host", HOST, "--port", str(port)]
    argv += ["--record", str(home)]
    if not stay:
        argv += ["--owner", str(os.getpid())]
    with log.open("ab") as output:
        return subprocess.Popen(
            argv,
            cwd=home,
            env=server_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def await_answer(child: subprocess.Popen[bytes], url: str, home: Path, deadline: float) -> str | None:
    """Wait until the child itself answers, until `deadline` of time.monotonic(); return why it never did."""
    while time.monotonic() < deadline:
        if child.poll() is not None:
            return f"it ended with exit code {child.returncode} before it answered"
        if is_of(url, home):
            return None
        time.sleep(PAUSE)
    return "it did not answer in time"


def end(server: Host | subprocess.Popen[bytes]) -> None:
    """End a server and all that it started: asked first, killed within 10 s."""
    for number, patience in ((signal.SIGINT, 6.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, 2.0)):
        deadline = time.monotonic() + patience
        if _runs(server):
            _signal(server.pid, number)
        while _runs(server) and time.monotonic() < deadline:
            time.sleep(PAUSE / 2)


def kill(server: Host) -> None:
    """Kill a server and all that it started, at once; its database is made for that."""
    if _runs(server):
        _signal(server.pid, signal.SIGKILL)


def _runs(server: Host | subprocess.Popen[bytes]) -> bool:
    """Say whether it still runs; a child of this process is taken off the process table as well."""
    if isinstance(server, Host):
        return lives(server) is True
    return server.poll() is None


def _signal(pid: int, number: signal.Signals) -> None:
    """Signal the server; the last signal also goes to whatever it started."""
    try:
        if number is signal.SIGKILL and os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        return
