"""Statements on the bare Postgres driver, through connections that break."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from fresh.adapters.journal.statement_lane import KEPT, StatementLane
from tests.fakes.postgres_server import postgres_programs, postgres_server

ADD = "UPDATE counted SET n = n + :more WHERE id = :id"
OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = current_user"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    programs = postgres_programs()
    assert programs is not None, "Postgres is not installed: run make postgres"
    with postgres_server(programs) as url:
        yield url


@pytest.fixture
def watcher(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as watching:
        watching.execute("DROP TABLE IF EXISTS counted")
        watching.execute("CREATE TABLE counted (id text PRIMARY KEY, n int)")
        watching.execute("INSERT INTO counted VALUES ('a', 0)")
        yield watching


@pytest.fixture
def lane(url: str) -> Iterator[StatementLane]:
    made = StatementLane(make_url(url))
    yield made
    made.close()


def counted(watcher: psycopg.Connection) -> int:
    row = watcher.execute("SELECT n FROM counted").fetchone()
    assert row is not None
    return int(row[0])


def test_each_statement_is_committed_by_itself(lane: StatementLane, watcher: psycopg.Connection) -> None:
    assert lane.run(ADD, {"id": "a", "more": 2}) == 1
    assert counted(watcher) == 2
    assert lane.run(ADD, {"id": "nobody", "more": 2}) == 0


def test_connections_that_the_server_ended_are_replaced(
    lane: StatementLane, watcher: psycopg.Connection
) -> None:
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: lane.run(ADD, {"id": "a", "more": 1}), range(30)))
    watcher.execute(OTHERS)
    for _ in range(5):
        assert lane.run(ADD, {"id": "a", "more": 1}) == 1
    assert counted(watcher) == 35


def test_a_statement_that_fails_spoils_nothing(lane: StatementLane, watcher: psycopg.Connection) -> None:
    for _ in range(3):
        with pytest.raises(DBAPIError) as raised:
            lane.run("SELECT :one / 0", {"one": 1})
        assert isinstance(raised.value.orig, psycopg.errors.DivisionByZero)
        assert lane.run(ADD, {"id": "a", "more": 1}) == 1
    assert counted(watcher) == 3


def test_few_connections_stay_however_many_were_used(
    lane: StatementLane, watcher: psycopg.Connection
) -> None:
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: lane.run("SELECT pg_sleep(:long)", {"long": 0.1}), range(20)))
    row = watcher.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
    ).fetchone()
    assert row is not None
    assert 1 <= row[0] <= KEPT


def test_a_server_that_is_away_is_an_error(url: str) -> None:
    away = make_url(url).set(host="127.0.0.1", port=1)
    with pytest.raises(DBAPIError):
        StatementLane(away).run("SELECT 1", {})
