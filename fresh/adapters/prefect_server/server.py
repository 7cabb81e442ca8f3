"""A Prefect server for one state directory: one of them, whoever asks and however often."""

from __future__ import annotations

import fcntl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from fresh.adapters.prefect_server.child import (
    HOST,
    LOG,
    PAUSE,
    await_answer,
    await_free,
    end,
    free_port,
    is_free,
    kill,
    spawn,
)
from fresh.adapters.prefect_server.health import is_healthy
from fresh.adapters.prefect_server.record import find, read_record
from fresh.adapters.prefect_server.template import copy_template
from fresh.domain.host import Host
from fresh.errors import ServerUnreachable, StorageFailed

_ATTEMPTS = 3
_CLOSING = 2.0
"""Seconds for which a killed server's sockets may outlive it: its threads end one by one."""

Begun: TypeAlias = "Callable[[str], None]"
"""Hears the address of a server that was started and does not answer yet; again, if it had to move to another one."""

_SILENCE = 60.0
"""Seconds after which a server that lives but does not answer is given up."""


class PrefectServer:
    """Start, find again, restart and end the server whose state lies in `home`.

    Its port stays the same for as long as it can, also over restarts: Prefect's client reads the address once.
    It ends with this process, however that one ends, unless it is to `stay`.
    `patience` are the seconds that a first answer may take; migrations of a new database need about ten of them.
    """

    def __init__(self, home: Path, *, stay: bool = False, patience: float = 120.0) -> None:
        self._home = home.absolute()
        self._stay = stay
        self._patience = patience
        self._child: subprocess.Popen[bytes] | None = None
        self._url: str | None = None

    @property
    def url(self) -> str:
        """The API's address. Raises ServerUnreachable before the first start."""
        if self._url is None:
            raise ServerUnreachable(f"The Prefect server of {self._home} was not started yet.")
        return self._url

    def start(self, begun: Begun = lambda url: None) -> str:
        """Return the address of a server that answers: one that lives already, else a child of this process.

        A server needs seconds to answer, which others can use to get ready: `begun` tells them where it will be.
        Raises ServerUnreachable; StorageFailed when its directory can't be written.
        """
        try:
            with _locked(self._home, self._patience):
                return self._stand_up(begun)
        except OSError as trouble:
            raise StorageFailed(
                f"The Prefect server's directory {self._home} can't be used: {trouble.strerror or trouble}.",
                hint="Make room or give write access there, or move the state with FRESH_HOME.",
            ) from trouble

    def ensure(self) -> str:
        """Return the same address as before, from a server that answers; it is started again when it died.

        Raises ServerUnreachable, also when something else has taken the port meanwhile.
        """
        if self.alive():
            return self.url
        return self.start()

    def alive(self) -> bool:
        """Say whether the server lives and answers."""
        return self._url is not None and find(self._home) == self._url

    def stop(self) -> None:
        """End the server if this process started it, within 10 s; one that was only found goes on."""
        if self._child is not None:
            end(self._child)
            self._child = None

    def _stand_up(self, begun: Begun) -> str:
        found = self._await_standing() or self._start_child(begun)
        if self._url not in (None, found):
            raise ServerUnreachable(
                f"The Prefect server of {self._home} moved from {self._url} to {found}.",
                hint="What was begun goes on under the old address only: end it and use `fresh auto resume`.",
            )
        self._url = found
        return found

    def _await_standing(self) -> str | None:
        """Wait for a server that lives already; end one that is dying or stays silent."""
        record = read_record(self._home)
        if record is None or not record.lives:
            return None
        deadline = time.monotonic() + min(self._patience, _SILENCE)
        while record.lives and not record.ending and time.monotonic() < deadline:
            if is_healthy(record.url):
                return record.url
            time.sleep(PAUSE)
        end(self._child if self._child and self._child.pid == record.host.pid else record.host)
        return None

    def _start_child(self, begun: Begun) -> str:
        copy_template(self._home)
        why = "no port is free"
        for port in self._ports():
            url = f"http://{HOST}:{port}/api"
            self._child = spawn(self._home, port, stay=self._stay)
            try:
                begun(url)
                failure = await_answer(self._child, url, self._home, time.monotonic() + self._patience)
            except BaseException:
                self.stop()
                raise
            if failure is None:
                return url
            self.stop()
            why = failure
            if is_free(port):
                break
        raise ServerUnreachable(
            f"The Prefect server of {self._home} did not start: {why}.",
            hint=f"Its last words are in {self._home / LOG}.",
        )

    def _ports(self) -> Iterator[int]:
        """Name the ports to try: the one whose address is in use, else the last one, else any."""
        if self._url is not None:
            port = urlsplit(self._url).port or 0
            if not await_free(port):
                raise ServerUnreachable(
                    f"Port {port}, where the Prefect server of {self._home} was, is taken by something else.",
                    hint="Free the port, or end this run and use `fresh auto resume`: it then takes another one.",
                )
            yield port
            return
        record = read_record(self._home)
        last = urlsplit(record.url).port if record else None
        if last and await_free(last, _CLOSING):
            yield last
        for _ in range(_ATTEMPTS):
            yield free_port()


def end_server(home: Path) -> bool:
    """End whichever server keeps its state in `home`; False when there was none."""
    record = read_record(home)
    if record is None or not record.lives:
        return False
    end(record.host)
    return True


def kill_server_of(owner: Host, home: Path) -> bool:
    """Kill the server in `home` that ends with `owner` instead of waiting until it does; False when there was none."""
    record = read_record(home)
    if record is None or record.owner != owner or not record.lives:
        return False
    kill(record.host)
    return True


@contextmanager
def _locked(home: Path, patience: float) -> Iterator[None]:
    """Let one starter at a time into `home`; the lock of a killed one is free at once."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    deadline = time.monotonic() + patience + _SILENCE
    with (home / "server.lock").open("a") as held:
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ServerUnreachable(
                        f"Another process has been starting the Prefect server of {home} for too long.",
                        hint=f"See {home / LOG}, and who holds {home / 'server.lock'}.",
                        retryable=True,
                    ) from None
            time.sleep(PAUSE)
        yield
