"""Make the SQLite write transactions of a Prefect server wait for each other.

Prefect opens them as BEGIN DEFERRED: the first read takes a snapshot, and the later write fails at once when
somebody else has written meanwhile (busy_timeout does not apply to a snapshot upgrade,
https://www.sqlite.org/lang_transaction.html). The API then answers 503, and clients back off silently for up to
a minute. BEGIN IMMEDIATE takes the write lock first and waits for it. See PrefectHQ/prefect#10188 and #18934.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import prefect
from prefect.server.database import configurations
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

PROVEN = frozenset({"3.8.8"})
"""Versions of Prefect with which the change was tested under load."""

SIGNATURE = ("self", "session", "with_for_update")


class BeginTransaction(Protocol):
    """How Prefect begins a transaction, in the versions that the change was made for."""

    def __call__(
        self, configuration: object, session: AsyncSession, with_for_update: bool = False
    ) -> AbstractAsyncContextManager[AsyncSessionTransaction]: ...


def begin_immediately() -> str | None:
    """Change this process's Prefect; when it is not the one that the change fits, say why and leave it alone."""
    if prefect.__version__ not in PROVEN:
        return f"Prefect {prefect.__version__} is none of the proven versions ({', '.join(sorted(PROVEN))})"
    sqlite = getattr(configurations, "AioSqliteConfiguration", None)
    original: BeginTransaction | None = getattr(sqlite, "begin_transaction", None)
    if sqlite is None or original is None:
        return "Prefect has no AioSqliteConfiguration.begin_transaction"
    if (found := tuple(inspect.signature(original).parameters)) != SIGNATURE:
        return f"AioSqliteConfiguration.begin_transaction takes {', '.join(found)}"

    @asynccontextmanager
    async def begin_transaction(
        self: object, session: AsyncSession, with_for_update: bool = False
    ) -> AsyncIterator[AsyncSessionTransaction]:
        async with original(self, session, with_for_update=True) as transaction:
            yield transaction

    sqlite.begin_transaction = begin_transaction
    return None
