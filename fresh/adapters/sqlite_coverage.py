"""coverage.py's own database, read from memory: nothing in it is run, and reading it ends."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping

MOST_STEPS = 200
STEP = 100_000
"""Instructions of SQLite between two counts of a step."""
MOST_LINES = 5_000_000
READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ})
OF_LINES = "SELECT file.path, line_bits.numbits FROM line_bits JOIN file ON file.id = line_bits.file_id"
OF_ARCS = (
    "SELECT DISTINCT file.path, arc.fromno FROM arc JOIN file ON file.id = arc.file_id WHERE arc.fromno > 0"
)
TABLES = {"file", "line_bits", "arc"}
VIRTUAL = re.compile(r"\s*CREATE\s+VIRTUAL", re.IGNORECASE)


def read_coverage_database(content: bytes) -> Mapping[str, frozenset[int]]:
    """Read the lines that ran, by path. Raises ValueError for what is no such database, or takes too long."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(content)
        connection.execute("PRAGMA trusted_schema = OFF")
        _bind(connection)
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        if not {name for name, made in rows if not VIRTUAL.match(str(made))} >= TABLES:
            raise ValueError("it is no database of coverage.py")
        return _lines(connection)
    except (sqlite3.Error, MemoryError, OverflowError) as trouble:
        raise ValueError(f"it is no database of coverage.py: {trouble}") from None
    finally:
        connection.close()


def _bind(connection: sqlite3.Connection) -> None:
    """Let a connection read, and nothing else, for a while."""
    left = iter(range(MOST_STEPS))
    connection.set_progress_handler(lambda: next(left, None) is None, STEP)
    connection.set_authorizer(
        lambda action, *told: sqlite3.SQLITE_OK if action in READING else sqlite3.SQLITE_DENY
    )


def _lines(connection: sqlite3.Connection) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    total = 0
    for path, bits in connection.execute(OF_LINES):
        if isinstance(path, str) and isinstance(bits, bytes):
            lines = {
                8 * place + bit for place, byte in enumerate(bits) for bit in range(8) if byte >> bit & 1
            }
            found.setdefault(path, set()).update(lines)
            total += len(lines)
        if total > MOST_LINES:
            raise ValueError(f"it lists more than {MOST_LINES} lines")
    for path, line in connection.execute(OF_ARCS):
        if isinstance(path, str) and isinstance(line, int):
            found.setdefault(path, set()).add(line)
    return {path: frozenset(lines) for path, lines in found.items()}
