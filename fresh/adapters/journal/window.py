"""The journal as `fresh auto status` sees it: a SQLite file, read without loading SQLAlchemy or pydantic.

Loading these two takes longer than the half second that the command may take.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from fresh.adapters.journal.status import Alive, Cell, read_status
from fresh.domain.status import RunStatus
from fresh.errors import StorageFailed

VERSION = 1
"""Of the tables; it counts up when an older Fresh could no longer read them."""


def look(
    path: Path, alive: Alive, now: float, run_id: str | None = None, repository: str | None = None
) -> RunStatus | None:
    """Read one run of a SQLite journal, the newest by default; None when there is none.

    Nothing is created or changed. Raises StorageFailed.
    """
    if not path.exists():
        return None
    try:
        with closing(_connect(path)) as connection:
            connection.execute("BEGIN")  # one snapshot for every question
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
                return None
            demand_known(connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone())
            return read_status(
                lambda sql, given: [dict(row) for row in connection.execute(sql, dict(given))],
                alive,
                now,
                run_id,
                repository,
            )
    except sqlite3.Error as trouble:
        raise StorageFailed(
            f"The journal at {path} can't be read: {trouble}.", hint="Is the disk full, or the file damaged?"
        ) from trouble


def _connect(path: Path) -> sqlite3.Connection:
    """Open a journal to read it.

    A WAL database needs its shared-memory file even to be read; where that can't be made (a read-only directory)
    and nothing waits in the log, the file alone is the truth.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0, isolation_level=None
    )
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size > 0:
            raise
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?immutable=1", uri=True, isolation_level=None
        )
    connection.row_factory = sqlite3.Row
    return connection


def demand_known(row: Sequence[Cell] | None) -> None:
    """Refuse a journal that a newer Fresh wrote. Raises StorageFailed."""
    if row is not None and int(row[0] or 0) > VERSION:
        raise StorageFailed(
            f"The journal has schema {row[0]}; this Fresh knows schemas up to {VERSION}.",
            hint="Use the newer Fresh that wrote it, or another FRESH_HOME.",
        )
