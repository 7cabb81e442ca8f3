"""Connections of the bare SQLite driver, for the few statements on which every request to a model waits."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Answer = TypeVar("Answer")

PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "busy_timeout=30000",
    "foreign_keys=ON",
    # A reservation writes four pages: by the default of 1000 every 250th would wait until all is copied into the file.
    "wal_autocheckpoint=4000",
)
PATIENCE = 30.0
"""Seconds to wait for the write lock."""


class FastLane:
    """Keep as many connections as are used at once; a pool that checks each one costs as much as a commit."""

    def __init__(self, path: str) -> None:
        self._path = path
        # Its ends are safe between threads, and the last one used has the warmest cache.
        self._idle: deque[sqlite3.Connection] = deque()

    def write(self, act: Callable[[sqlite3.Cursor], Answer]) -> Answer:
        """Act in a write transaction; it is on disk when this returns, and was never there when `act` raises."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            cursor = connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            answer = act(cursor)
            cursor.execute("COMMIT")
        except BaseException:
            # Closing rolls back as well, also where a full disk would refuse a ROLLBACK.
            connection.close()
            raise
        self._idle.append(connection)
        return answer

    def close(self) -> None:
        """Close every connection that nobody uses."""
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        return connection
