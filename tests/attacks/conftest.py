"""What attacks are tried against: a sandbox, and witnesses on the host that would notice a success.

Nothing here is skipped where bubblewrap is missing: without it these tests fail.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.fakes.laboratory import either_lab, host, lab, marker, open_place, weaker_lab

__all__ = ["either_lab", "host", "lab", "marker", "open_place", "weaker_lab"]

SECRET = "the-hosts-own-secret-4711"
IPC_CREAT, IPC_RMID = 0o1000, 0


@dataclass
class Witnesses:
    """Things on the host that only the sandbox protects: file modes and addresses would let anybody in.

    `touched` names those that noticed something.
    """

    directory: Path
    process: subprocess.Popen[bytes]
    shared_key: int
    abstract: str
    servers: dict[str, socket.socket] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    _before: dict[str, object] = field(default_factory=dict)
    _listeners: list[threading.Thread] = field(default_factory=list)

    @property
    def file(self) -> Path:
        """A file that everybody may read and write."""
        return self.directory / "canary"

    @property
    def path(self) -> Path:
        """A Unix socket that everybody may connect to."""
        return self.directory / "socket"

    @property
    def post(self) -> Path:
        """One of datagrams, like those that system logs are sent to."""
        return self.directory / "post"

    def port(self, name: str) -> int:
        return int(self.servers[name].getsockname()[1])

    def begin(self) -> None:
        self.file.write_text(SECRET)
        self.file.chmod(0o666)
        self._listen("tcp", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
        self._listen("udp", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))
        self._listen("any", socket.AF_INET, socket.SOCK_STREAM, ("0.0.0.0", 0))
        self._listen("unix", socket.AF_UNIX, socket.SOCK_STREAM, str(self.path))
        self._listen("abstract", socket.AF_UNIX, socket.SOCK_STREAM, f"\0{self.abstract}")
        self._listen("post", socket.AF_UNIX, socket.SOCK_DGRAM, str(self.post))
        self.path.chmod(0o777)
        self.post.chmod(0o777)
        self._before = self._look()

    def begin_again(self) -> None:
        """Take what is there now for what should be there."""
        self._before = self._look()

    def end(self) -> None:
        for server in self.servers.values():
            with suppress(OSError):  # a datagram socket is not connected, and is woken all the same
                server.shutdown(socket.SHUT_RDWR)
        for listener in self._listeners:
            listener.join(5)
        for server in self.servers.values():
            server.close()
        self.process.kill()
        self.process.wait()

    @property
    def touched(self) -> list[str]:
        now = self._look()
        changed = [name for name, before in self._before.items() if now[name] != before]
        return changed + self.heard

    def _look(self) -> dict[str, object]:
        entry = self.file.stat()
        return {
            "file": (self.file.read_text(), entry.st_mode, entry.st_uid, entry.st_nlink),
            "directory": sorted(os.listdir(self.directory)),
            "process": self.process.poll(),
            "priority": None if self.process.poll() else os.getpriority(os.PRIO_PROCESS, self.process.pid),
            "core_pattern": Path("/proc/sys/kernel/core_pattern").read_text(),
            "hostname": socket.gethostname(),
            "mounts": Path("/proc/self/mountinfo").read_text().count("\n"),
        }

    def _listen(self, name: str, family: int, kind: int, address: object) -> None:
        server = socket.socket(family, kind)
        server.bind(address)
        self.servers[name] = server
        if kind == socket.SOCK_STREAM:
            server.listen()
        listener = threading.Thread(target=self._hear, args=(name, server, kind), daemon=True)
        listener.start()
        self._listeners.append(listener)

    def _hear(self, name: str, server: socket.socket, kind: int) -> None:
        try:
            while True:
                if kind == socket.SOCK_STREAM:
                    server.accept()[0].close()
                elif not server.recv(100):
                    return
                self.heard.append(name)
        except OSError:
            return


@pytest.fixture
def witnesses() -> Iterator[Witnesses]:
    directory = Path(tempfile.mkdtemp(dir="/var/tmp"))
    directory.chmod(0o777)
    key = 0x46000000 | (os.getpid() & 0xFFFFFF)
    libc = ctypes.CDLL(None, use_errno=True)
    shared = libc.shmget(key, 4096, IPC_CREAT | 0o666)
    assert shared >= 0
    made = Witnesses(directory, subprocess.Popen(["/bin/sleep", "1000"]), key, f"fresh-canary-{uuid.uuid4()}")
    made.begin()
    try:
        yield made
    finally:
        made.end()
        libc.shmctl(shared, IPC_RMID, None)
        shutil.rmtree(directory)
