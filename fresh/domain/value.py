"""What every value that crosses a boundary has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """Be immutable, refuse unknown fields, and survive a round trip through JSON unchanged."""

    model_config = ConfigDict(frozen=True, extra="forbid")
