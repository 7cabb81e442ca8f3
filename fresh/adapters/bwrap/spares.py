"""A launcher that has started before it is needed: most of what a command costs is the start of its interpreter."""

from __future__ import annotations

import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from fresh.adapters.bwrap import launch

MOST = 64 << 10
"""Bytes of a command line that a waiting launcher is told; the kernel judges longer ones at the start of a process."""


def program() -> list[str]:
    """Name the launcher as Python compiled it when it was imported here, or its text where nothing may be kept."""
    specification = launch.__spec__
    cached = specification.cached if specification is not None else None
    return [
        sys.executable,
        "-I",
        "-S",
        cached if cached and os.path.exists(cached) else launch.__file__,
    ]


def start(words: Sequence[str], inherited: Sequence[int]) -> subprocess.Popen[bytes]:
    """Start a program with pipes around it, in a session of its own, with an empty environment. Raises OSError."""
    return subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        pass_fds=inherited,
        cwd="/",
        env={},
        start_new_session=True,
    )


@dataclass(frozen=True)
class Spare:
    """A launcher that waits at `channel` for its words."""

    process: subprocess.Popen[bytes]
    channel: socket.socket

    @classmethod
    def make(cls) -> Spare:
        """Start one. It dies with the thread that calls this, so that must be one which lives as long as the process."""
        ours, its = socket.socketpair()
        with its:
            words = [*program(), f"wait={its.fileno()}", f"parent={os.getpid()}"]
            try:
                return cls(start(words, [its.fileno()]), ours)
            except BaseException:
                ours.close()
                raise

    def go(self, words: Sequence[str], files: Sequence[int]) -> None:
        """Tell it its command line, and give it open files under the same numbers. Raises OSError when it is gone."""
        named = f"files={','.join(map(str, files))}"
        told = b"\0".join(os.fsencode(word) for word in (named, *words))
        with self.channel:
            socket.send_fds(self.channel, [len(told).to_bytes(8, "big")], list(files))
            self.channel.sendall(told)

    def discard(self) -> None:
        """End it unused."""
        self.channel.close()
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


class Spares:
    """At most one launcher in waiting; whoever takes it has the next one made in the background."""

    _waiting: Spare | None
    _maker: threading.Thread | None
    _wanted: queue.SimpleQueue[None]

    def __init__(self) -> None:
        self._forget()

    def take(self) -> Spare | None:
        """Hand out the one that waits; None when there is none, and the caller starts a launcher itself."""
        if self._host != os.getpid():
            self._forget()  # this process is a fork: the launcher is another's child, and the thread did not come along
        with self._lock:
            spare, self._waiting = self._waiting, None
            if self._maker is None:
                self._maker = threading.Thread(target=self._make, name="sandbox launchers", daemon=True)
                with suppress(
                    RuntimeError
                ):  # there can be no more threads: every command starts its own launcher
                    self._maker.start()
        self._wanted.put(None)
        if spare is not None and spare.process.poll() is not None:
            spare.discard()
            return None
        return spare

    def _forget(self) -> None:
        self._host = os.getpid()
        self._lock = threading.Lock()
        self._waiting = None
        self._maker = None
        self._wanted = queue.SimpleQueue()

    def _make(self) -> None:
        while True:
            self._wanted.get()
            if self._waiting is not None:
                continue
            with suppress(OSError):  # who needs one then starts it, and is told why it can't be
                made = Spare.make()
                with self._lock:
                    self._waiting = made


SPARES = Spares()
