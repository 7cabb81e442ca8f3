"""The audit trail's tables. Their own triggers keep rows from being changed or removed; the chain shows it if they were."""

from __future__ import annotations

from sqlalchemy import DDL, BigInteger, Column, Integer, Table, Text, event

from fresh.adapters.journal.schema import tables

HEAD = 1
"""The one row of `audit_head`. Whoever appends locks it first, so that every row has one successor."""

audit = Table(
    "audit",
    tables,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("run_id", Text, nullable=False, index=True),
    Column("question", Text, nullable=False, index=True),
    Column("previous", Text, nullable=False),
    Column("entry", Text, nullable=False),
    Column("digest", Text, nullable=False),
)

audit_head = Table(
    "audit_head",
    tables,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
)

GUARDS = ("audit_no_change", "audit_no_removal", "audit_no_replacing")

_SQLITE = (
    "CREATE TRIGGER audit_no_change BEFORE UPDATE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit trail is only ever added to'); END",
    "CREATE TRIGGER audit_no_removal BEFORE DELETE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit trail is only ever added to'); END",
    # INSERT OR REPLACE removes a row without a DELETE trigger.
    "CREATE TRIGGER audit_no_replacing BEFORE INSERT ON audit"
    " WHEN EXISTS (SELECT 1 FROM audit WHERE number = NEW.number)"
    " BEGIN SELECT RAISE(ABORT, 'the audit trail is only ever added to'); END",
)
_POSTGRES = (
    "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS"
    " 'BEGIN RAISE EXCEPTION ''the audit trail is only ever added to''; END'",
    "CREATE TRIGGER audit_no_change BEFORE UPDATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_no_removal BEFORE DELETE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_no_replacing BEFORE TRUNCATE ON audit"
    " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
)
for _dialect, _statements in (("sqlite", _SQLITE), ("postgresql", _POSTGRES)):
    for _statement in _statements:
        event.listen(audit, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]
