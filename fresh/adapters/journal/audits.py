"""The audit trail: rows are only ever added, each chained to the one before."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select, text

from fresh.adapters.journal import audit_schema
from fresh.adapters.journal.audit_schema import GUARDS, HEAD
from fresh.adapters.journal.store import Store
from fresh.domain.audit import GENESIS, Entry, Link, link

BATCH = 500


class Audits:
    """What the journal holds of attempts to decide, stop and start."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def audit(self, entry: Entry) -> Link:
        """Add an entry to the trail."""
        with self._store.writing() as connection:
            return append(self._store, connection, entry)

    def audit_rows(self, run_id: str | None = None, question: str | None = None) -> Iterator[Link]:
        """Read the trail from its first row on, or what is in it of one run or question."""
        table, last = audit_schema.audit, 0
        while True:
            wanted = table.select().where(table.c.number > last).order_by(table.c.number).limit(BATCH)
            if run_id is not None:
                wanted = wanted.where(table.c.run_id == run_id)
            if question is not None:
                wanted = wanted.where(table.c.question == question)
            with self._store.reading() as connection:
                rows = connection.execute(wanted).all()
            for row in rows:
                last = row.number
                yield Link(number=row.number, previous=row.previous, entry=row.entry, digest=row.digest)
            if len(rows) < BATCH:
                return

    def audit_head(self) -> tuple[int, str]:
        """Read the number and the digest of the last row, as they were noted when it was added."""
        with self._store.reading() as connection:
            row = connection.execute(audit_schema.audit_head.select()).first()
        return (0, GENESIS) if row is None else (row.number, row.digest)

    def missing_guards(self) -> tuple[str, ...]:
        """List the triggers that should keep the trail from being changed and are not there."""
        known = (
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
            if self._store.is_sqlite
            else "SELECT tgname FROM pg_trigger WHERE tgrelid = 'audit'::regclass AND tgenabled <> 'D'"
        )
        with self._store.reading() as connection:
            there = {str(row[0]) for row in connection.execute(text(known))}
        return tuple(guard for guard in GUARDS if guard not in there)


def append(store: Store, connection: Connection, entry: Entry) -> Link:
    """Add an entry inside of a transaction that is under way; nobody else can until it has ended."""
    head = audit_schema.audit_head
    store.insert_once(connection, head, id=HEAD, number=0, digest=GENESIS)
    last = connection.execute(select(head).where(head.c.id == HEAD).with_for_update()).one()
    redact = store.redact
    row = link(last.number + 1, last.digest, redact.model(entry), redact.json)
    connection.execute(
        audit_schema.audit.insert().values(**row.model_dump(), run_id=entry.run_id, question=entry.question)
    )
    connection.execute(head.update().where(head.c.id == HEAD).values(number=row.number, digest=row.digest))
    return row
