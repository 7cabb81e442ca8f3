"""Where a change ended up, and what stands open for review."""

from __future__ import annotations

from fresh.domain.value import Value


def review_key(run_id: str) -> str:
    """Name the journal's entry that says that reviewers were a run's limit; status and report show it."""
    return f"alert:{run_id}:review"


class Publication(Value):
    """The page of an agent's change: a pull request, or a file. `note` says what people should know of it."""

    address: str
    number: int | None = None
    note: str = ""
