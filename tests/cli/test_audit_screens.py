"""`fresh audit` on a real journal, whole and tampered with."""

from __future__ import annotations

import json
import sqlite3

import pytest

from fresh.adapters.sql_journal import SqlJournal
from tests.cli.conftest import Terminal
from tests.fakes.story import a_question, a_run, a_ticket, later


@pytest.fixture
def decided(terminal: Terminal) -> SqlJournal:
    journal = terminal.journal()
    journal.open_run(a_run(repository=str(terminal.repository)))
    journal.add_agent(a_ticket(), later(0))
    journal.ask(a_question())
    for words in (["--commit", "dddd"], [], []):
        terminal.type("auto", "approve", "abc", *words)
    return journal


def tamper(terminal: Terminal, *statements: str) -> None:
    with sqlite3.connect(terminal.home / "journal.db") as rows:
        for statement in statements:
            rows.execute(statement)


def test_every_attempt_is_shown(terminal: Terminal, decided: SqlJournal) -> None:
    shown = terminal.type("audit", "show")
    assert shown.code == 0
    rows = shown.out.splitlines()
    assert [row.rpartition("-> ")[2] for row in rows] == ["stale: something else was shown", "won", "lost"]
    assert all("Ada Lovelace" in row and "abc12345-ready-0" in row for row in rows)
    first = json.loads(terminal.type("audit", "show", "--format", "json").out.splitlines()[0])
    assert (first["number"], first["tried"], first["commit"]) == (1, "approved", "c" * 40)


def test_a_trail_that_nobody_touched_is_whole(terminal: Terminal, decided: SqlJournal) -> None:
    shown = terminal.type("audit", "verify")
    assert shown.code == 0
    assert shown.out.startswith("3 rows, none of them changed. Last digest: ")
    noted = shown.out.split()[-1]
    assert terminal.type("audit", "verify", "--head", noted).code == 0
    assert terminal.type("audit", "verify", "--head", "0" * 64).code == 1


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE audit SET entry = replace(entry, 'lost', 'won') WHERE number = 3", 3),
        ("UPDATE audit SET digest = 'x' WHERE number = 1", 1),
        ("DELETE FROM audit WHERE number = 2", 2),
        ("DELETE FROM audit WHERE number = 3", 3),
        ("DELETE FROM audit", 1),
    ],
)
def test_the_first_broken_row_is_named(
    terminal: Terminal, decided: SqlJournal, statement: str, number: int
) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="only ever added to"):
        tamper(terminal, statement)
    tamper(terminal, "DROP TRIGGER audit_no_change", "DROP TRIGGER audit_no_removal", statement)
    shown = terminal.type("audit", "verify")
    assert shown.code == 1
    assert shown.err.startswith(f"Row {number} of the audit trail is broken: ")


def test_a_trail_without_its_guards_is_not_called_safe(terminal: Terminal, decided: SqlJournal) -> None:
    tamper(terminal, "DROP TRIGGER audit_no_change")
    shown = terminal.type("audit", "verify")
    assert shown.code == 1
    assert "what keeps it so is missing: audit_no_change" in shown.err


def test_a_journal_of_before_the_trail_is_taken_on(terminal: Terminal, decided: SqlJournal) -> None:
    decided.close()
    tables = ("audit", "audit_head", "particulars", "card", "lease", "delivery")
    tamper(terminal, *(f"DROP TABLE {table}" for table in tables))
    assert terminal.type("audit", "verify").out.startswith("0 rows, none of them changed.")
    opened = terminal.journal()
    assert opened.missing_guards() == ()
    assert opened.question("abc12345-ready-0") == a_question()
