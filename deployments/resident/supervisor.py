"""Watch over the resident set of one machine until somebody asks for its end."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from deployments.resident.belonging import await_end, belonging, end_all, signal_all
from deployments.resident.child import Child
from deployments.resident.parts import Household, part_line, parts_off
from deployments.resident.record import FOLDER, Health, Part, Standing, read_standing, write_standing
from fresh.adapters.prefect_server import GivenServer, PrefectServer, end_server, read_record
from fresh.adapters.processes import this_host
from fresh.domain.counting import count
from fresh.errors import FreshError, Refusal, StorageFailed

BEAT = 0.1
HOSTS_END = 5.0
"""Seconds that processes which host runs get to leave them resumable."""

PARTS_END = 3.0
"""Seconds that a part gets after it was asked to end; an idle Prefect worker would take more."""

HOSTED = "deployments.hosted"
SERVER = "server"

Tell = Callable[[str], None]


class Supervisor:
    """Start every part, start each again when it dies, and end all of them in bounded time."""

    def __init__(self, repository: Path, home: Path, tell: Tell) -> None:
        self._repository = repository
        self._home = home
        self._folder = home / FOLDER
        self._tell = tell
        self._given = os.environ.get("PREFECT_API_URL")
        self._server = GivenServer(self._given) if self._given else PrefectServer(home / "prefect")
        self._server_part = Part(name=SERVER, health=Health.STARTING)
        self._asked = threading.Event()
        self._since = datetime.now(UTC)
        self._host = this_host()
        self._household = Household(repository, home, self._folder, self._host, self._given is not None)
        self._shown: dict[str, Part] = {}
        self._living: tuple[Child, ...] = ()
        self._begun: str | None = None

    def stay(self) -> None:
        """Stay until SIGTERM or SIGINT. Raises Refusal while another one stays here, and what a server's start raises."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self._folder / "metrics").mkdir(exist_ok=True)
        with _alone(self._folder), self._obeying():
            self._take_over()
            try:
                url = self._start()
                self._server_part = self._server_part.model_copy(update={"health": Health.HEALTHY})
                self._watch(url)
            finally:
                self._end()

    def _take_over(self) -> None:
        """End what a supervisor that was killed has left."""
        if left := end_all(self._folder):
            self._tell(f"Ended {count(left, 'process')} that an earlier `fresh up` had left.")
        earlier = read_standing(self._folder)
        if earlier is not None and not self._given and end_server(self._home / "prefect"):
            self._tell("Ended the Prefect server that an earlier `fresh up` had left.")

    def _start(self) -> str:
        """Start the server; the other parts load meanwhile what they need, and wait for it."""
        if isinstance(self._server, PrefectServer):
            url = self._server.start(self._begin_parts)
        else:
            url = self._server.start()
        if url != self._begun:
            self._begin_parts(url)
        return url

    def _begin_parts(self, url: str) -> None:
        """Start the parts for a server at this address, in place of those that were begun for another one."""
        for child in self._living:
            child.await_end(0)
        self._living, self._begun = self._household.children(url), url
        for child in self._living:
            child.tend(time.monotonic())

    def _watch(self, url: str) -> None:
        children = self._living
        keeper = threading.Thread(target=self._keep_server, name="prefect-server", daemon=True)
        keeper.start()
        off = parts_off(children)
        written: tuple[Part, ...] = ()
        while not self._asked.wait(BEAT):
            parts = (self._server_now(), *(child.tend(time.monotonic()) for child in children), *off)
            if parts != written:
                standing = Standing(
                    host=self._host,
                    url=url,
                    repository=str(self._repository),
                    since=self._since,
                    parts=parts,
                )
                write_standing(self._folder, standing)
                self._tell_changes(parts, standing, first=not written)
                written = parts

    def _server_now(self) -> Part:
        record = None if self._given else read_record(self._home / "prefect")
        return self._server_part.model_copy(update={"host": record.host if record is not None else None})

    def _keep_server(self) -> None:
        while not self._asked.wait(1.0):
            try:
                if self._server.alive():
                    if self._server_part.health is not Health.HEALTHY:
                        self._server_part = self._server_part.model_copy(update={"health": Health.HEALTHY})
                    continue
                self._server_part = self._server_part.model_copy(
                    update={
                        "health": Health.WAITING,
                        "restarts": self._server_part.restarts + 1,
                        "reason": "it did not answer",
                    }
                )
                if self._asked.is_set():
                    return
                self._server.ensure()
            except FreshError as trouble:
                self._server_part = self._server_part.model_copy(update={"reason": trouble.message})

    def _tell_changes(self, parts: tuple[Part, ...], standing: Standing, *, first: bool) -> None:
        for part in parts:
            before = self._shown.get(part.name)
            if before is None or (before.health, before.restarts) != (part.health, part.restarts):
                self._tell(part_line(part))
            self._shown[part.name] = part
        if first:
            self._tell(f"Prefect UI: {standing.ui}")

    @contextmanager
    def _obeying(self) -> Iterator[None]:
        def note(_number: int, _frame: FrameType | None) -> None:
            self._asked.set()

        watched = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, note) for number in watched}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end(self) -> None:
        """End hosts first, so that they leave their runs resumable, then the parts, then the server."""
        self._asked.set()
        hosts = belonging(self._folder, HOSTED)
        signal_all(hosts, signal.SIGTERM)
        if hosts:
            self._tell(
                f"{len(hosts)} processes that host runs are ended; the next `fresh up` goes on with them."
            )
        await_end(hosts, HOSTS_END)
        for child in self._living:
            child.ask_to_end()
        deadline = time.monotonic() + PARTS_END
        for child in self._living:
            child.await_end(deadline - time.monotonic())
        end_all(self._folder, 0.2)
        self._server.stop()
        (self._folder / "up.json").unlink(missing_ok=True)
        self._tell("Everything has ended.")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one supervisor at a time stay in a folder; the lock of a killed one is free at once. Raises Refusal."""
    try:
        held = (folder / "lock").open("a")
    except OSError as trouble:
        raise StorageFailed(
            f"The directory {folder} can't be written: {trouble.strerror}.",
            hint="Make room or give access there, or move the state with FRESH_HOME.",
        ) from trouble
    with held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            standing = read_standing(folder)
            who = f" (process {standing.host.pid}, {standing.ui})" if standing is not None else ""
            raise Refusal(
                f"`fresh up` runs here already{who}.",
                hint="See how it is: fresh up --status; end it: fresh down",
            ) from None
        yield
