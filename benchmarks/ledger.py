"""How fast money is set aside, beside a bare commit on the same store in the same run.

    python -m benchmarks.ledger [--seconds 4] [--processes 10]

A reservation is what stands between an agent and its request: it must be durable before the first byte leaves. The bare
commit is the least that any durable write to a limit shared by all can cost: it adds one to the one row that every
process adds to, and commits, through the bare driver with the same durability (SQLite: WAL, synchronous=FULL; Postgres:
its defaults). Both are hammered by as many processes at once, in turns; the better of two rounds counts. Goal: a
reservation takes at most twice as long as a bare commit.
"""

from __future__ import annotations

import argparse
import multiprocessing
import secrets
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import quantiles

import psycopg

from benchmarks.figures import Figure, note
from fresh.adapters.processes import lives, this_host
from fresh.adapters.sql_journal import SqlJournal
from fresh.domain.budget import Hold, agent_account, run_account
from fresh.domain.money import Usd
from tests.fakes.postgres_server import postgres_programs, postgres_server

GOAL = 2.0
RUN = "bench000"
ROUNDS = 2

Act = Callable[[], object]


@dataclass(frozen=True)
class Measured:
    """What one kind of write did: how many a second, and seconds for each."""

    rate: float
    p50: float
    p99: float


def bare_sqlite(path: str, number: int) -> Act:
    """Update the one row, durably, through the standard library."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")

    def act() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE bare SET n = n + 1")
        connection.execute("COMMIT")

    return act


def bare_postgres(url: str, number: int) -> Act:
    """Update the one row through psycopg."""
    connection = psycopg.connect(url.replace("+psycopg", ""))

    def act() -> None:
        connection.execute("UPDATE bare SET n = n + 1")
        connection.commit()

    return act


def reservation(url: str, number: int) -> Act:
    """Reserve a micro-dollar for an agent of its own, in a run that all share."""
    journal, host = SqlJournal(url, lives), this_host()

    def act() -> None:
        now = datetime.now(UTC)
        journal.reserve(
            Hold(
                id=f"{time.time_ns():016x}{secrets.token_hex(8)}",
                run_id=RUN,
                agent_id=f"agent{number}",
                amount=Usd(1),
                owner=host,
                at=now,
                expires=now + timedelta(minutes=3),
                model="gpt-5-mini",
            )
        )

    return act


def hammer(make: Callable[[int], Act], processes: int, seconds: float) -> Measured:
    """Let so many processes do it at once for a while."""
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(processes)
    with context.Pool(processes, initializer=_join, initargs=(ready,)) as pool:
        found = pool.map(partial(_repeat, make, seconds), range(processes), chunksize=1)
    times = sorted(took for one in found for took in one)
    cuts = quantiles(times, n=100)
    return Measured(len(times) / seconds, cuts[49], cuts[98])


_barrier: Barrier | None = None


def _join(ready: Barrier) -> None:
    global _barrier
    _barrier = ready


def _repeat(make: Callable[[int], Act], seconds: float, number: int) -> list[float]:
    act = make(number)
    act()
    assert _barrier is not None
    _barrier.wait()
    times = []
    until = time.perf_counter() + seconds
    while (began := time.perf_counter()) < until:
        act()
        times.append(time.perf_counter() - began)
    return times


@contextmanager
def stores(folder: Path) -> Iterator[Sequence[tuple[str, str, Callable[[int], Act]]]]:
    """Give each store's name, its journal's URL and its bare commit; Postgres where it is installed."""
    path = str(folder / "journal.db")
    with ExitStack() as open_ones:
        found: list[tuple[str, str, Callable[[int], Act]]] = [
            ("SQLite", f"sqlite:///{path}", partial(bare_sqlite, path))
        ]
        if (programs := postgres_programs()) is not None:
            url = open_ones.enter_context(postgres_server(programs, durable=True))
            found.append(("Postgres", url, partial(bare_postgres, url)))
        yield found


def prepare(name: str, url: str, processes: int) -> None:
    """Open the accounts, and lay the rows for the bare commits."""
    journal = SqlJournal(url, lives)
    journal.open_account(run_account(RUN), Usd.of(10**6))
    for number in range(processes):
        journal.open_account(agent_account(f"agent{number}"), Usd.of(10**5))
    journal.close()
    create, insert = "CREATE TABLE bare (n INTEGER NOT NULL)", "INSERT INTO bare (n) VALUES (0)"
    if name == "SQLite":
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.execute(create)
            connection.execute(insert)
        return
    with psycopg.connect(url.replace("+psycopg", "")) as server:
        server.execute(create)
        server.execute(insert)


def main() -> int:
    """Measure both writes on both stores, one process and many; print ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--processes", type=int, default=10)
    given = parser.parse_args()
    slow = 0
    print(
        f"{'store':9} {'at once':>7} {'write':12} {'per second':>10} {'p50 ms':>8} {'p99 ms':>8} {'ratio':>6}"
    )
    with tempfile.TemporaryDirectory() as folder, stores(Path(folder)) as found:
        for name, url, bare in found:
            prepare(name, url, given.processes)
            for processes in (1, given.processes):
                both = {"bare commit": bare, "reservation": partial(reservation, url)}
                best: dict[str, Measured] = {}
                for _ in range(ROUNDS):
                    for what, make in both.items():
                        measured = hammer(make, processes, given.seconds)
                        if what not in best or measured.rate > best[what].rate:
                            best[what] = measured
                ratio = best["bare commit"].rate / best["reservation"].rate
                slow += ratio > GOAL
                note(_figure(f"{name}, {processes} at once: a reservation, beside a bare commit", best))
                for what, one in best.items():
                    shown = f"{ratio:5.2f}x" if what == "reservation" else ""
                    print(
                        f"{name:9} {processes:7} {what:12} {one.rate:10.0f} {one.p50 * 1e3:8.2f}"
                        f" {one.p99 * 1e3:8.1f} {shown:>6}{' OVER 2x' if shown and ratio > GOAL else ''}"
                    )
    return 1 if slow else 0


def _figure(what: str, best: dict[str, Measured], most_times: float = GOAL) -> Figure:
    """Say how many milliseconds each write took on average, all processes together."""
    ours, bare = (1e3 / best[name].rate for name in ("reservation", "bare commit"))
    return Figure(what, ours, "ms", bare, most_times=most_times)


if __name__ == "__main__":
    raise SystemExit(main())
