"""One database under the journal: SQLite by default, Postgres by URL; every write is one short transaction."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeAlias

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from fresh.adapters.journal import audit_schema, card_schema, schema
from fresh.adapters.journal.fast_lane import PATIENCE, PRAGMAS, Answer, FastLane
from fresh.adapters.journal.window import VERSION, demand_known
from fresh.domain.redaction import Redactor
from fresh.errors import OperatorMistake, StorageFailed

if TYPE_CHECKING:
    from fresh.adapters.journal.statement_lane import StatementLane

WHOLE = (schema.run, audit_schema.audit, card_schema.card)
"""One table of each module: what is not imported would not be created."""
Writable: TypeAlias = "str | int | float | bool | None"

SQLITE = "sqlite:///"
_SCHEMA_LOCK = 0x66726573
"""Key of the Postgres advisory lock under which two starting processes create the tables one after the other."""


class _DriverConnection(Protocol):
    def cursor(self) -> _DriverCursor: ...


class _DriverCursor(Protocol):
    def execute(self, sql: str) -> object: ...


class Store:
    """The engine, opened on first use, with the tables in place."""

    def __init__(self, url: str, redact: Redactor) -> None:
        self._url = url
        self.redact = redact
        self._engine: Engine | None = None
        self._lane = FastLane(url.removeprefix(SQLITE))
        self._statements: StatementLane | None = None
        self._lock = threading.Lock()

    @property
    def is_sqlite(self) -> bool:
        """Say which of the two databases this is."""
        return self._url.startswith(SQLITE)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open one write transaction; on SQLite it takes the write lock at once, so that it can't fail halfway."""
        with self._translated(), self._open().execution_options(writes=True).begin() as connection:
            yield connection

    def swiftly(self, act: Callable[[sqlite3.Cursor], Answer]) -> Answer:
        """Act in one write transaction on the bare driver of SQLite, for what everybody waits for."""
        self._open()
        with self._translated():
            return self._lane.write(act)

    def at_once(self, sql: str, given: Mapping[str, Writable]) -> int:
        """Run one statement of plain SQL with `:names` on Postgres as a transaction of its own; return its row count.

        It may be run twice where the connection breaks.
        """
        self._open()
        with self._translated():
            with self._lock:
                if self._statements is None:
                    # Its driver takes a quarter of a second to import, which SQLite's users needn't wait for.
                    from fresh.adapters.journal.statement_lane import StatementLane

                    self._statements = StatementLane(_parse(self._url))
            return self._statements.run(sql, given)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection for reads."""
        with self._translated(), self._open().connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Open a connection whose reads all see the same moment; on SQLite every transaction does."""
        given = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self._translated(), self._open().execution_options(**given).connect() as connection:
            yield connection

    def insert_once(self, connection: Connection, table: Table, **values: Writable) -> bool:
        """Insert a row unless its key is there; True when it was inserted."""
        dialect = sqlite if self.is_sqlite else postgresql
        statement = dialect.insert(table).values(**values).on_conflict_do_nothing()
        # The row count of an insert is not dependable over drivers; what it returned is.
        return connection.execute(statement.returning(*table.primary_key.columns)).first() is not None

    def dispose(self) -> None:
        """Close every connection."""
        with self._lock:
            self._lane.close()
            if self._statements is not None:
                self._statements.close()
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _open(self) -> Engine:
        with self._lock:
            if self._engine is None:
                self._engine = _connect(self._url)
                if self.redact.secrets:
                    _keep_secrets_out(self._engine, self.redact)
                _create(self._engine)
            return self._engine

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as trouble:
            reason = str(getattr(trouble, "orig", None) or trouble).strip().splitlines()[0]
            raise StorageFailed(
                f"The journal at {_show(self._url)} can't be used: {reason.rstrip('.')}.",
                hint="Is the disk full, or the database away? Nothing that was confirmed is lost.",
                retryable="locked" in reason or "connect" in reason,
            ) from trouble


def _parse(url: str) -> URL:
    """Read a journal's URL. A path is taken as it stands: `?` begins no query there."""
    if url.startswith(SQLITE):
        return URL.create("sqlite", database=url.removeprefix(SQLITE))
    return make_url(url)


def _show(url: str) -> str:
    parsed = _parse(url)
    return (parsed.database or "") if url.startswith(SQLITE) else parsed.render_as_string(hide_password=True)


def _connect(url: str) -> Engine:
    try:
        if not url.startswith(SQLITE):
            return create_engine(_parse(url), pool_pre_ping=True, pool_size=4, max_overflow=60)
        engine = create_engine(
            _parse(url),
            pool_size=4,
            max_overflow=-1,
            connect_args={"timeout": PATIENCE, "isolation_level": None, "check_same_thread": False},
        )
    except (SQLAlchemyError, ImportError, ValueError) as trouble:
        raise OperatorMistake(
            f"{url.rpartition('@')[2]!r} is no usable journal URL: {trouble}.",
            hint="Use sqlite:///path or postgresql+psycopg://user:password@host/database in FRESH_JOURNAL_URL.",
        ) from trouble

    @event.listens_for(engine, "connect")
    def _set_pragmas(driver: _DriverConnection, _record: object) -> None:
        cursor = driver.cursor()
        for pragma in PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")

    # The driver would begin DEFERRED: a read followed by a write then fails at once when another process wrote
    # in between, and busy_timeout does not help.
    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _keep_secrets_out(engine: Engine, redact: Redactor) -> None:
    """Hide our own secrets in every text that is bound to a statement, whoever wrote it."""

    def hidden(given: object) -> object:
        match given:
            case str():
                return redact.json(given)
            case Mapping():
                return {name: hidden(value) for name, value in given.items()}
            case list() | tuple():
                return type(given)(hidden(value) for value in given)
            case _:
                return given

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def _hide(
        _connection: Connection, _cursor: object, statement: str, given: object, _context: object, _many: bool
    ) -> tuple[str, object]:
        return statement, hidden(given)


def _create(engine: Engine) -> None:
    with engine.execution_options(writes=True).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
        schema.tables.create_all(connection)
        meta = schema.meta
        found = connection.execute(select(meta.c.value).where(meta.c.key == "schema")).first()
        demand_known(found)
        if found is None:
            connection.execute(meta.insert().values(key="schema", value=str(VERSION)))
