"""A fleet on one machine, as `deployments/compose.yaml` lays it out: Postgres, Redis, two Prefect API servers behind one
address, their services, a reaper, and workers that share nothing but the repository and those servers.

A worker lives under a host name of its own, so that nobody can look at its processes from elsewhere: only its beats
say whether it lives.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx

from fresh.adapters.prefect_server.child import free_port
from tests.fakes.redis_server import RedisServer

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
MARK = "FRESH_DRILL_MACHINE"
POOL = "fresh-agents"
LOOP = 'hostname "$0" 2>/dev/null; while :; do "$@"; sleep 1; done'
"""What systemd or a container's restart policy does."""


def until(what: str, holds: Callable[[], bool], patience: float) -> float:
    """Wait for something; return the seconds that it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < patience, f"not within {patience:g} s: {what}"
        time.sleep(0.2)
    return time.monotonic() - began


def clean_environment() -> dict[str, str]:
    """What a service gets: nothing of Prefect's or ours that this test run has set."""
    return {name: text for name, text in os.environ.items() if not name.startswith(("PREFECT_", "FRESH_"))}


class Balancer:
    """One address for several servers: each connection goes to the next one that takes it."""

    def __init__(self, ports: list[int]) -> None:
        self._ports, self.port = ports, free_port()
        self._next = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        threading.Thread(target=self._run, name="balancer", daemon=True).start()
        self._ready.wait(10)

    def stop(self) -> None:
        """End it."""
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self) -> None:
        self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", self.port))
        self._ready.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in self._ports:
            self._next = (self._next + 1) % len(self._ports)
            with suppress(OSError):
                there = await asyncio.open_connection("127.0.0.1", self._ports[self._next])
                await asyncio.gather(_pipe(reader, there[1]), _pipe(there[0], writer))
                return
        writer.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()
    writer.close()


class Service:
    """One process that is started, killed and started again; its words go to a file."""

    def __init__(self, name: str, words: list[str], environment: dict[str, str], log: Path) -> None:
        self.name, self._words, self._environment, self._log = name, words, environment, log
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._words,
                cwd=self._log.parent,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill it and all that it started, as a power cut would."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Machine:
    """A computer with a worker, a home and a name of its own."""

    def __init__(self, name: str, part: str, environment: dict[str, str], folder: Path) -> None:
        self.name, self.home = name, folder / name
        self.home.mkdir()
        named = environment | {MARK: str(self.home), "HOME": str(self.home), "TMPDIR": str(self.home / "tmp")}
        named |= {"FRESH_HOME": str(self.home / "state"), "PREFECT_HOME": str(self.home / "prefect")}
        (self.home / "tmp").mkdir()
        self._part = part
        words = ["sh", "-c", LOOP, name, str(BIN / "python"), "-P", "-m", "deployments.standalone", part]
        self.log = folder / f"{name}.log"
        self._service = Service(name, [*_own_name(), *words], named, self.log)

    def processes(self, word: str = "") -> list[int]:
        """Find its processes from outside, by what each inherits."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                environment = (place / "environ").read_bytes().split(b"\0")
                command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                state = (place / "stat").read_text().rpartition(")")[2].split()[0]
                if f"{MARK}={self.home}".encode() in environment and word in command and state != "Z":
                    found.append(int(place.name))
        return found

    def kill_worker(self) -> None:
        """Kill the worker alone: the agents that it hosts go on, watched by nobody."""
        for pid in self.processes(f"deployments.standalone {self._part}"):
            with suppress(ProcessLookupError):
                if (Path(f"/proc/{pid}/comm")).read_text().startswith("python"):
                    os.kill(pid, signal.SIGKILL)

    def cut_power(self) -> None:
        """Kill everything that runs on it."""
        while pids := self.processes():
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._service.kill()

    def boot(self) -> None:
        """Switch it on again."""
        self._service.start()


def _own_name() -> list[str]:
    """Give what lets a process have a host name of its own; nothing where that is not allowed."""
    try:
        subprocess.run(["unshare", "--uts", "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return ["unshare", "--uts"]


class Fleet:
    """All of it, with the journal at `journal_url` on Postgres. What was begun of it is ended, however far that got."""

    def __init__(self, folder: Path, redis: RedisServer, journal_url: str) -> None:
        self.folder, self.redis, self.journal_url = folder, redis, journal_url
        self.servers: list[Service] = []
        self.others: list[Service] = []
        self.machines: list[Machine] = []
        self.keepers: list[Machine] = []
        self.balancers: list[Balancer] = []

    def begin(self, repository: Path, prefect: str, seats: int, keys: dict[str, str]) -> None:
        """Start it in the order in which its parts need each other; `prefect` is the URL of Prefect's database."""
        folder, redis = self.folder, self.redis
        shared = clean_environment() | {
            "PREFECT_API_DATABASE_CONNECTION_URL": prefect,
            "PREFECT_API_DATABASE_MIGRATE_ON_START": "false",
            "PREFECT_MESSAGING_BROKER": "prefect_redis.messaging",
            "PREFECT_MESSAGING_CACHE": "prefect_redis.messaging",
            "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "prefect_redis.ordering",
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect_redis.lease_storage",
            "PREFECT_REDIS_MESSAGING_HOST": "127.0.0.1",
            "PREFECT_REDIS_MESSAGING_PORT": str(redis.port),
            "PREFECT_REDIS_MESSAGING_DB": "0",
            "PREFECT_SERVER_DOCKET_URL": f"redis://127.0.0.1:{redis.port}/1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_HOME": str(folder / "servers"),
        }
        python = str(BIN / "python")
        upgrade = [python, "-P", "-m", "prefect", "server", "database", "upgrade", "-y"]
        subprocess.run(upgrade, cwd=folder, env=shared, check=True, capture_output=True)
        ports = [free_port(), free_port()]
        start = [python, "-P", "-m", "prefect", "server", "start", "--no-services", "--host", "127.0.0.1"]
        for port in ports:
            words = [*start, "--port", str(port)]
            self.servers.append(Service(f"api {port}", words, shared, folder / f"api-{port}.log"))
            # One after the other: two that register their blocks in an empty database at once trip over each other.
            until("a server answers", lambda port=port: _answers(port), 120)  # type: ignore[misc]
        words = [python, "-P", "-m", "prefect", "server", "services", "start"]
        self.others.append(Service("services", words, shared, folder / "services.log"))
        self.balancers.append(Balancer(ports))
        self.url = f"http://127.0.0.1:{self.balancers[0].port}/api"
        self.environment = clean_environment() | {
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "PREFECT_API_URL": self.url,
            "PREFECT_CLIENT_MAX_RETRIES": "10",
            "PREFECT_CLIENT_RETRY_EXTRA_CODES": "500",
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
            "FRESH_JOURNAL_URL": self.journal_url,
            "FRESH_REPOSITORY": str(repository),
            "FRESH_WORK_POOL": POOL,
            "FRESH_WORKER_SEATS": str(seats),
            "NO_COLOR": "1",
            **keys,
        }
        for name in ("anna", "bert"):
            self.machines.append(Machine(name, "runner", self.environment, folder))
        self.keepers.append(Machine("cora", "reaper", self.environment, folder))

    def end(self) -> None:
        """End everything."""
        for machine in (*self.machines, *self.keepers):
            machine.cut_power()
        for service in (*self.servers, *self.others):
            service.kill()
        for balancer in self.balancers:
            balancer.stop()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/api/health", timeout=2).is_success
    except httpx.HTTPError:
        return False
