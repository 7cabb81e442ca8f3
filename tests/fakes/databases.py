"""The databases that a promise is tried on; a test room takes them over by importing the fixtures in its conftest."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.fakes.postgres_server import postgres_programs, postgres_server


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    programs = postgres_programs()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("Postgres is not installed: apt-get install postgresql")
        pytest.skip("Postgres is not installed: apt-get install postgresql")
    with postgres_server(programs) as url:
        yield url


@pytest.fixture
def empty_postgres(postgres: str) -> Callable[[], str]:
    """Give the URL of a Postgres database in which nothing is."""
    return lambda: _emptied(postgres)


def _emptied(url: str) -> str:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'journal.db'}"
    return _emptied(str(request.getfixturevalue("postgres")))
