"""The change to Prefect's SQLite transactions fits this Prefect, and only this one."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path

import prefect
import pytest
import sqlalchemy as sa
from prefect.server.database.configurations import AioSqliteConfiguration
from sqlalchemy.exc import OperationalError

from deployments.sqlite_writes import PROVEN, SIGNATURE, begin_immediately


@pytest.fixture(autouse=True)
def _unchanged_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    original = AioSqliteConfiguration.begin_transaction
    monkeypatch.setattr(AioSqliteConfiguration, "begin_transaction", original)


async def read_while_another_writes(database: Path) -> None:
    """Let one transaction read before another one writes, then let the first one write too."""
    configuration = AioSqliteConfiguration(f"sqlite+aiosqlite:///{database}")
    engine = await configuration.engine()
    first, second = await configuration.session(engine), await configuration.session(engine)
    has_read = asyncio.Event()

    async def read_then_write() -> None:
        async with configuration.begin_transaction(first):
            await first.execute(sa.text("SELECT count(*) FROM runs"))
            has_read.set()
            await asyncio.sleep(0.3)
            await first.execute(sa.text("INSERT INTO runs VALUES (1)"))

    async def write() -> None:
        await has_read.wait()
        async with configuration.begin_transaction(second):
            await second.execute(sa.text("INSERT INTO runs VALUES (2)"))

    async with engine.begin() as connection:
        await connection.execute(sa.text("CREATE TABLE runs (id INTEGER)"))
    try:
        await asyncio.gather(read_then_write(), write())
        counted = await first.execute(sa.text("SELECT count(*) FROM runs"))
        assert counted.scalar_one() == 2
    finally:
        await first.close()
        await second.close()
        await engine.dispose()


def test_the_installed_prefect_is_a_proven_one() -> None:
    assert prefect.__version__ in PROVEN
    assert tuple(inspect.signature(AioSqliteConfiguration.begin_transaction).parameters) == SIGNATURE
    assert begin_immediately() is None


def test_the_stock_prefect_fails_when_somebody_wrote_after_its_read(tmp_path: Path) -> None:
    with pytest.raises(OperationalError, match="database is locked"):
        asyncio.run(read_while_another_writes(tmp_path / "stock.db"))


def test_the_changed_one_waits(tmp_path: Path) -> None:
    assert begin_immediately() is None
    asyncio.run(read_while_another_writes(tmp_path / "changed.db"))


def test_an_unproven_version_is_left_alone_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    before = AioSqliteConfiguration.begin_transaction
    monkeypatch.setattr(prefect, "__version__", "3.99.0")
    reason = begin_immediately()
    assert reason is not None
    assert "3.99.0" in reason
    assert AioSqliteConfiguration.begin_transaction is before


def test_an_unknown_signature_is_left_alone_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def begin_transaction(self: object, session: object, mode: str) -> None: ...

    monkeypatch.setattr(AioSqliteConfiguration, "begin_transaction", begin_transaction)
    reason = begin_immediately()
    assert reason is not None
    assert "self, session, mode" in reason
    assert AioSqliteConfiguration.begin_transaction is begin_transaction
