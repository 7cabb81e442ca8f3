"""Watch over the resident set of one machine until somebody asks for its end."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from deployments.resident.belonging import (
    FOLDER_NAMED,
    OWNER_NAMED,
    await_end,
    belonging,
    end_all,
    signal_all,
)
from deployments.resident.child import Child
from deployments.resident.record import FOLDER, Health, Part, Standing, read_standing, write_standing
from fresh.adapters.prefect_server import (
    GivenServer,
    PrefectServer,
    client_environment,
    end_server,
    read_record,
)
from fresh.adapters.processes import this_host
from fresh.errors import FreshError, Refusal, StorageFailed
from fresh.keys import kept
from fresh.settings import read_settings

BEAT = 0.25
HOSTS_END = 5.0
"""Seconds that processes which host runs get to leave them resumable."""

PARTS_END = 3.0
"""Seconds that a part gets after it was asked to end; an idle Prefect worker would take more."""

HOSTED = "deployments.hosted"
SERVER = "server"
SHARED = "PROMETHEUS_MULTIPROC_DIR"

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
        self._shown: dict[str, Part] = {}

    def stay(self) -> None:
        """Stay until SIGTERM or SIGINT. Raises Refusal while another one stays here, and what a server's start raises."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self._folder / "metrics").mkdir(exist_ok=True)
        with _alone(self._folder), self._obeying():
            self._take_over()
            try:
                url = self._server.start()
                self._server_part = self._server_part.model_copy(update={"health": Health.HEALTHY})
                self._watch(url)
            finally:
                self._end()

    def _take_over(self) -> None:
        """End what a supervisor that was killed has left."""
        if left := end_all(self._folder):
            self._tell(f"Ended {left} processes that an earlier `fresh up` had left.")
        earlier = read_standing(self._folder)
        if earlier is not None and not self._given and end_server(self._home / "prefect"):
            self._tell("Ended the Prefect server that an earlier `fresh up` had left.")

    def _watch(self, url: str) -> None:
        children = self._children(url)
        self._living = children
        keeper = threading.Thread(target=self._keep_server, name="prefect-server", daemon=True)
        keeper.start()
        off = _parts_off(children)
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

    _living: tuple[Child, ...] = ()

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

    def _children(self, url: str) -> tuple[Child, ...]:
        prefect = self._home / "prefect"
        prefect.mkdir(parents=True, exist_ok=True, mode=0o700)
        environment = self._environment(url)
        keys = dict(kept())
        worker = {**environment, **keys, "PREFECT_CLIENT_MAX_RETRIES": "3"}
        parts = [
            Child("runner", self._argv("runner"), self._folder, prefect, worker),
            Child("reaper", self._argv("reaper"), self._folder, prefect, environment),
        ]
        if not _missing_for_slack():
            slack = {name: text for name, text in keys.items() if name.startswith("SLACK_")}
            # The bot serves the repository that it is started in, and no part is started in one.
            slack.setdefault(
                "FRESH_REPOSITORIES", os.environ.get("FRESH_REPOSITORIES", str(self._repository))
            )
            parts.append(Child("slack", self._argv("slack"), self._folder, prefect, {**environment, **slack}))
        return tuple(parts)

    def _argv(self, part: str) -> tuple[str, ...]:
        owner, folder = str(os.getpid()), str(self._folder)
        return (sys.executable, "-P", "-m", "deployments.part", part, "--owner", owner, "--folder", folder)

    def _environment(self, url: str) -> Mapping[str, str]:
        around = {name: text for name, text in os.environ.items() if name != "PREFECT_API_URL"}
        home = None if self._given else self._home / "prefect"
        return {
            **around,
            **client_environment(url, home, around),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{around.get('PATH', os.defpath)}",
            "PREFECT_WORKER_QUERY_SECONDS": around.get("PREFECT_WORKER_QUERY_SECONDS", "2"),
            "FRESH_REPOSITORY": str(self._repository),
            **({SHARED: str(self._folder / "metrics")} if read_settings().metrics_port is not None else {}),
            FOLDER_NAMED: str(self._folder),
            OWNER_NAMED: self._host.name,
        }

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


def part_line(part: Part) -> str:
    """Show one part on one line."""
    where = f" (process {part.host.pid})" if part.host is not None else ""
    again = f", started again {part.restarts} times" if part.restarts else ""
    why = f": {part.reason}" if part.reason else ""
    return f"{part.name:8} {part.health}{where}{again}{why}"


def _parts_off(children: tuple[Child, ...]) -> tuple[Part, ...]:
    if any(child.name == "slack" for child in children):
        return ()
    return (Part(name="slack", health=Health.OFF, reason=f"{_missing_for_slack()} not set"),)


def _missing_for_slack() -> str:
    """Name what the bot can't do without: its token, and one for sockets or a secret for requests over HTTP."""
    keys = kept()
    missing = [] if keys.get("SLACK_BOT_TOKEN") else ["SLACK_BOT_TOKEN"]
    if not keys.get("SLACK_APP_TOKEN") and not keys.get("SLACK_SIGNING_SECRET"):
        missing.append("SLACK_APP_TOKEN")
    return " and ".join(missing)


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
