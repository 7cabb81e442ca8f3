"""A Prefect server on trial: started once for what is installed, and believed for a day while nothing changes.

Starting one takes many seconds, which nobody waits for each time. What could break meanwhile and is quickly tried, is
tried each time: a port on the loopback, and a directory that can be written.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import distributions
from pathlib import Path

from fresh.errors import Mishap

BELIEVED = 24 * 3600.0
"""Seconds."""

SHELF = Path(sys.prefix) / "share" / "fresh"


def try_server(
    try_out: Callable[[], None] | None = None, shelf: Path = SHELF, now: Callable[[], float] = time.time
) -> str:
    """Say in words what a trial has shown, now or within the last day. Raises ServerUnreachable, StorageFailed, Mishap."""
    try_what_is_quick()
    stamp = shelf / f"server-came-up-{fingerprint()}"
    with suppress(OSError):
        age = now() - stamp.stat().st_mtime
        if 0 <= age < BELIEVED:
            return f"comes along with every run; a trial came up {_ago(age)}, and nothing installed has changed since"
    (try_out or start_and_end)()
    with suppress(OSError):  # an installation that can't be written is tried each time
        shelf.mkdir(parents=True, exist_ok=True)
        for outdated in shelf.glob("server-came-up-*"):
            outdated.unlink(missing_ok=True)
        stamp.touch()
        os.utime(stamp, (now(), now()))
    return "comes along with every run; it was started and ended as a trial"


def start_and_end() -> None:
    """Start a server in a directory of its own, and end it."""
    from fresh.adapters.prefect_server import PrefectServer

    with tempfile.TemporaryDirectory(prefix="fresh-doctor-") as home:
        server = PrefectServer(Path(home))
        try:
            server.start()
        finally:
            server.stop()


def try_what_is_quick() -> None:
    """Listen on the loopback and write a file. Raises Mishap."""
    from fresh.adapters.prefect_server.child import free_port

    try:
        free_port()
        with tempfile.TemporaryFile() as file:
            file.write(b"x")
    except OSError as trouble:
        raise Mishap(
            f"A server could not listen on 127.0.0.1 or write a file: {trouble.strerror or trouble}.",
            hint="Allow connections to the loopback interface, and make room in the temporary directory.",
        ) from trouble


def fingerprint() -> str:
    """Name what a server is made of: the interpreter, its libraries with their versions, and our own modules."""
    parts = [sys.version, platform.platform(), sqlite3.sqlite_version]
    parts += sorted(f"{one.name} {one.version}" for one in distributions())
    root = Path(__file__).resolve().parent.parent
    for file in sorted([*root.glob("deployments/*.py"), *root.glob("fresh/adapters/prefect_server/*.py")]):
        entry = file.stat()
        parts.append(f"{file.name} {entry.st_size} {entry.st_mtime_ns}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _ago(seconds: float) -> str:
    hours, minutes = divmod(int(seconds) // 60, 60)
    if not hours:
        return f"{minutes} min ago" if minutes else "just now"
    return f"{hours} h ago"
