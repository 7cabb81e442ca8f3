"""Connections of the bare Postgres driver, for the few statements on which every request to a model waits."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from functools import cache

import psycopg
from psycopg import Connection, OperationalError
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from fresh.adapters.journal.store import Writable

KEPT = 4
"""Idle connections to keep: Postgres lets a hundred in by default, from all processes together."""


class StatementLane:
    """Run statements that are transactions of their own, prepared once for each connection.

    Building and planning such a statement anew, and asking a pooled connection whether it lives, take longer than the
    commit itself.
    """

    def __init__(self, url: URL) -> None:
        self._url = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._idle: deque[Connection] = deque()

    def run(self, sql: str, given: Mapping[str, Writable]) -> int:
        """Run SQL with `:names`; return how many rows it touched. Raises DBAPIError.

        A statement whose connection breaks is run a second time on a new one, so it must be one that can be repeated.
        """
        try:
            return self._repeated(sql, given)
        except psycopg.Error as trouble:
            raise DBAPIError(sql, None, trouble) from trouble

    def _repeated(self, sql: str, given: Mapping[str, Writable]) -> int:
        try:
            connection = self._idle.pop()
        except IndexError:
            return self._run(self._connect(), sql, given)
        try:
            return self._run(connection, sql, given)
        except OperationalError:
            if not connection.closed:
                raise
        self.close()  # what broke one connection, a server that was started anew, broke the others too
        return self._run(self._connect(), sql, given)

    def close(self) -> None:
        """Close every connection that nobody uses."""
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _run(self, connection: Connection, sql: str, given: Mapping[str, Writable]) -> int:
        try:
            return connection.execute(_in_psycopgs_style(sql), given, prepare=True).rowcount
        finally:
            if connection.closed or len(self._idle) >= KEPT:
                connection.close()
            else:
                self._idle.append(connection)

    def _connect(self) -> Connection:
        return psycopg.connect(self._url, autocommit=True)


@cache
def _in_psycopgs_style(sql: str) -> str:
    return re.sub(r"(?<!:):([a-z_]+)", r"%(\1)s", sql)
