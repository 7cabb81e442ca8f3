"""How times and texts stand in a cell of the journal."""

from __future__ import annotations

from datetime import UTC, datetime


def seconds(at: datetime) -> float:
    """Turn a time with a zone into seconds since the epoch."""
    return at.timestamp()


def moment(at: float) -> datetime:
    """Turn seconds since the epoch into a time in UTC."""
    return datetime.fromtimestamp(at, UTC)


def storable(text: str) -> str:
    """Leave out what a database can't keep: Postgres takes no NUL, and neither takes half a surrogate pair."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
