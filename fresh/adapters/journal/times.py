"""Times as the journal keeps them: seconds since the epoch."""

from __future__ import annotations

from datetime import UTC, datetime


def seconds(at: datetime) -> float:
    """Turn a time with a zone into seconds since the epoch."""
    return at.timestamp()


def moment(at: float) -> datetime:
    """Turn seconds since the epoch into a time in UTC."""
    return datetime.fromtimestamp(at, UTC)
