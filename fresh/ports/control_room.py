"""Prefect, as seen from outside a flow."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol


class ControlRoom(Protocol):
    """What Fresh needs of Prefect from outside a flow. Every method raises ServerUnreachable in an outage."""

    def make_limits(self) -> None:
        """Create the global concurrency limits, so that none of them is silently unlimited."""
        ...

    def state(self, flow_run_id: str) -> str | None:
        """Read the type of a run's state, e.g. PAUSED; None for an unknown run."""
        ...

    def retire(self, flow_run_id: str, why: str) -> None:
        """Mark a run whose process is gone as crashed."""
        ...

    def conclude(self, flow_run_id: str) -> None:
        """Mark a run as cancelled that was being cancelled and has stopped; any other one is left alone."""
        ...

    def show(self, flow_run_id: str, marks: Mapping[str, str], labels: Mapping[str, float]) -> None:
        """Keep the `name:value` tags and the numeric labels of a run current."""
        ...

    def permit(self, limit: str) -> AbstractContextManager[None]:
        """Hold one slot of a global concurrency limit; missing limits are an error, never silently unlimited."""
        ...
