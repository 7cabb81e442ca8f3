"""Where a change ended up, and what stands open for review."""

from __future__ import annotations

from fresh.domain.value import Value


class Publication(Value):
    """The page of an agent's change: a pull request, or a file. `note` says what people should know of it."""

    address: str
    number: int | None = None
    note: str = ""
