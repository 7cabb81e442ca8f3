"""A Redis server of one's own on a free port, which keeps what it was told over a kill."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

from fresh.adapters.prefect_server.child import free_port


def redis_program() -> str | None:
    """Find the server; Debian's tools hold the very same program under another name."""
    return shutil.which("redis-server") or shutil.which("redis-check-rdb")


class RedisServer:
    """Start it in a directory; kill it, start it again."""

    def __init__(self, program: str, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._program, self._folder = program, folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it and wait for its answer."""
        words = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*words, "--appendonly", "yes", "--save", ""],
                executable=self._program,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 30
        while not self._answers():
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
        except OSError:
            return False
