"""How the cost of an agent grows with their number: 10 and 50 on SQLite, 50 and 200 on Postgres, engines idle.

    python -m benchmarks.fleet [--only sqlite:50]

Each case is a run of its own process, on a Prefect server of its own that is up already; journal and steps are real,
workspace, sandbox and engine are the in-memory fakes of the tests. Sixty-four agents live at once at the most, which is
as many as an order may have; further ones take the seats that become free. Postgres is the machine's own package, with
the journal and Prefect in one server. Goals: 50 under 20 s, 200 under 60 s, no 503 seen by an agent, no agent that does
not complete, and one among many takes at most a quarter longer than one among few.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.figures import Figure, note

CASES = (("sqlite", 10, None), ("sqlite", 50, 20.0), ("postgres", 50, 20.0), ("postgres", 200, 60.0))
SEATS = 64
FLAT = 1.25
"""Times as much as one of the fewest that an agent may take among the most on the same database."""
ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--only", help="one case, e.g. sqlite:50")
    options.add_argument("--child", nargs=3, metavar=("AGENTS", "JOURNAL", "FOLDER"))
    chosen = options.parse_args()
    if chosen.child:
        agents, journal, folder = chosen.child
        print(json.dumps(_measure(int(agents), journal, Path(folder))))
        return 0
    missed, each_of = 0, dict[str, list[float]]()
    for database, agents, goal in CASES:
        if chosen.only and chosen.only != f"{database}:{agents}":
            continue
        with (
            tempfile.TemporaryDirectory() as folder,
            _databases(database, Path(folder)) as (prefect, journal),
        ):
            found = _case(agents, prefect, journal, Path(folder))
        each = found["wall"] / agents
        print(
            f"{agents:4} agents on {database:8}: {found['wall']:6.1f} s, {each:.2f} s each, {found['rss']:.0f} MB,"
            f" {found['failed']:.0f} not completed, {found['refused']:.0f} answers 503"
            + (f" (goal: under {goal:.0f} s)" if goal else "")
        )
        name = f"{agents} agents on {database}"
        note(
            Figure(name, found["wall"], "s", most=goal),
            Figure(f"{name}, memory", found["rss"], "MB"),
            Figure(f"{name}, not completed", found["failed"], "", most=0),
            Figure(f"{name}, 503 seen", found["refused"], "", most=0),
        )
        each_of.setdefault(database, []).append(each)
        missed += bool(found["failed"] or found["refused"] or (goal and found["wall"] > goal))
    return 1 if missed + _note_flatness(each_of) else 0


def _note_flatness(each_of: dict[str, list[float]]) -> int:
    """Compare what an agent takes among few and among many; return how often it grew too much."""
    missed = 0
    for database, (fewest, *_, most) in ((name, each) for name, each in each_of.items() if len(each) > 1):
        figure = Figure(f"an agent among many on {database}", most, "s", fewest, most_times=FLAT)
        print(f"On {database} an agent takes {most:.2f} s among many and {fewest:.2f} s among few.")
        note(figure)
        missed += figure.missed
    return missed


@contextmanager
def _databases(name: str, folder: Path) -> Iterator[tuple[str | None, str]]:
    """Give the URL of Prefect's database (None: its own SQLite) and that of the journal."""
    if name == "sqlite":
        yield None, f"sqlite:///{folder / 'journal.db'}"
        return
    from sqlalchemy import create_engine, text

    from tests.fakes.postgres_server import postgres_programs, postgres_server

    programs = postgres_programs()
    if programs is None:
        raise SystemExit("Postgres is not installed: sh deployments/postgres.sh")
    with postgres_server(programs) as url:
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("CREATE DATABASE prefect"))
        engine.dispose()
        base = url.rpartition("/")[0].replace("+psycopg", "+asyncpg")
        yield f"{base}/prefect", url


def _case(agents: int, prefect: str | None, journal: str, folder: Path) -> dict[str, float]:
    from fresh.adapters.prefect_server import client_environment, server_environment
    from fresh.adapters.prefect_server.child import free_port

    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    environment = server_environment(folder / "server")
    if prefect is not None:
        environment["PREFECT_API_DATABASE_CONNECTION_URL"] = prefect
    command = [sys.executable, "-m", "deployments.server", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as server:
        try:
            _await(f"{url}/health", server)
            client = {**os.environ, **client_environment(url, folder / "client")}
            words = [sys.executable, "-m", "benchmarks.fleet", "--child", str(agents), journal, str(folder)]
            done = subprocess.run(words, cwd=ROOT, env=client, stdout=subprocess.PIPE, text=True, check=True)
        finally:
            server.send_signal(signal.SIGINT)
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _await(address: str, server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:
        try:
            httpx.get(address, timeout=2).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise SystemExit(f"the Prefect server ended with {server.returncode}")


class Refused(logging.Handler):
    """Count the answers 503 that the client of this process has met."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0

    def emit(self, record: logging.LogRecord) -> None:
        # Not any 503: there are ports and ids in these lines as well.
        self.number += bool(re.search(r"HTTP/1\.1 503|\b503 Service", record.getMessage()))


def _measure(agents: int, journal: str, folder: Path) -> dict[str, float]:
    from flows.run import run
    from fresh.adapters.prefect_control import PrefectControl
    from fresh.adapters.processes import lives
    from fresh.adapters.sql_journal import SqlJournal
    from fresh.domain.agent import Outcome
    from fresh.domain.order import RunOrder
    from fresh.wiring import using
    from tests.fakes.toolbox import a_toolbox

    refused = Refused()
    for name in ("httpx", "prefect", "prefect.client"):
        logger = logging.getLogger(name)
        logger.addHandler(refused)
        if name == "httpx":
            logger.setLevel(logging.INFO)
            logger.propagate = False  # writing each request to the terminal costs more than the request
    fakes = a_toolbox(
        folder.resolve(), PrefectControl({"fresh-sandboxes": 2, "fresh-models": 2}), features=agents
    )
    (fakes.tools.repository / ".git").mkdir()
    opened = SqlJournal(journal, lives)
    fakes.tools.journal = fakes.tools.ledger = opened
    order = RunOrder(
        repo=str(fakes.tools.repository),
        agents=min(agents, SEATS),
        approval=False,
        overnight=agents > SEATS,
    )
    with using(fakes.tools):
        began = time.monotonic()
        report = run(order, None)
        wall = time.monotonic() - began
    return {
        "wall": wall,
        "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "failed": agents - len(report.ended(Outcome.COMPLETED)),
        "refused": refused.number,
    }


if __name__ == "__main__":
    sys.exit(main())
