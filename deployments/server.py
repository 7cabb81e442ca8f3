"""Run a Prefect server in the foreground, with SQLite write transactions that wait for each other.

    python -m deployments.server --host 127.0.0.1 --port 4200

Prefect opens its SQLite write transactions as BEGIN DEFERRED: the first read takes a snapshot, and the later
write fails at once when somebody else has written meanwhile (busy_timeout does not apply to a snapshot upgrade,
https://www.sqlite.org/lang_transaction.html). The API then answers 503, and clients back off silently for up to
a minute. BEGIN IMMEDIATE takes the write lock first and waits for it. See PrefectHQ/prefect#10188 and #18934.

One worker in this very process: more workers, `--background` and ephemeral mode start other processes, which
would not carry the change.
"""

from __future__ import annotations

import argparse
import inspect
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import prefect
from prefect.server.database import configurations
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

PROVEN = frozenset({"3.8.8"})
"""Versions of Prefect with which the change was tested under load."""

GRACE = 8.0
"""Seconds a server may take to end after its owner's death."""


class BeginTransaction(Protocol):
    """The signature of Prefect's own transaction that the change is made for."""

    def __call__(
        self, configuration: object, session: AsyncSession, with_for_update: bool = False
    ) -> AbstractAsyncContextManager[AsyncSessionTransaction]: ...


def begin_immediately() -> str | None:
    """Make every SQLite write transaction of this process BEGIN IMMEDIATE; say why not, when it can't be done."""
    if prefect.__version__ not in PROVEN:
        return (
            f"Prefect {prefect.__version__} is not one of the proven versions ({', '.join(sorted(PROVEN))})"
        )
    sqlite = getattr(configurations, "AioSqliteConfiguration", None)
    original: BeginTransaction | None = getattr(sqlite, "begin_transaction", None)
    if sqlite is None or original is None:
        return "Prefect has no AioSqliteConfiguration.begin_transaction"
    parameters = list(inspect.signature(original).parameters)
    if parameters != ["self", "session", "with_for_update"]:
        return f"AioSqliteConfiguration.begin_transaction takes {', '.join(parameters)}"

    @asynccontextmanager
    async def begin_transaction(
        self: object, session: AsyncSession, with_for_update: bool = False
    ) -> AsyncIterator[AsyncSessionTransaction]:
        async with original(self, session, with_for_update=True) as transaction:
            yield transaction

    sqlite.begin_transaction = begin_transaction
    return None


def end_with(owner: int) -> None:
    """End this process when `owner`, its parent, is gone, however that one died."""

    def watch() -> None:
        while os.getppid() == owner:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(GRACE)
        os._exit(1)

    threading.Thread(target=watch, name="owner", daemon=True).start()


def main(arguments: Sequence[str] | None = None) -> None:
    """Start the server; return when it was asked to end."""
    options = argparse.ArgumentParser(prog="python -m deployments.server", description=main.__doc__)
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=4200)
    options.add_argument("--owner", type=int, help="pid of the parent process with which the server ends")
    chosen = options.parse_args(arguments)
    if chosen.owner is not None:
        end_with(chosen.owner)
    if reason := begin_immediately():
        print(f"Starting Prefect's stock server, slow under parallel writes: {reason}.", file=sys.stderr)

    from prefect.cli import app

    sys.argv = ["prefect", "server", "start", "--host", chosen.host, "--port", str(chosen.port)]
    app()


if __name__ == "__main__":
    main()
