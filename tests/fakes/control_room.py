"""A Prefect that is not there: it remembers runs, limits and marks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from fresh.errors import Refusal, ServerUnreachable


@dataclass
class FakeControlRoom:
    """`states` maps flow runs to state types; `is_away` makes every call fail like an outage."""

    states: dict[str, str] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    marks: dict[str, dict[str, str]] = field(default_factory=dict)
    is_away: bool = False
    wanted: dict[str, int] = field(default_factory=dict)

    def _reach(self) -> None:
        if self.is_away:
            raise ServerUnreachable("The Prefect server does not answer: away.", retryable=True)

    def make_limits(self) -> None:
        self._reach()
        self.limits.update(self.wanted)

    def state(self, flow_run_id: str) -> str | None:
        self._reach()
        return self.states.get(flow_run_id)

    def retire(self, flow_run_id: str, why: str) -> None:
        self._reach()
        if self.states.get(flow_run_id) not in (None, "COMPLETED", "FAILED", "CANCELLED", "CRASHED"):
            self.states[flow_run_id] = "CRASHED"

    def conclude(self, flow_run_id: str) -> None:
        self._reach()
        if self.states.get(flow_run_id) == "CANCELLING":
            self.states[flow_run_id] = "CANCELLED"

    def show(self, flow_run_id: str, marks: Mapping[str, str], labels: Mapping[str, float]) -> None:
        self._reach()
        self.marks.setdefault(flow_run_id, {}).update(marks)

    @contextmanager
    def permit(self, limit: str) -> Iterator[None]:
        self._reach()
        if limit not in self.limits:
            raise Refusal(f"There is no limit {limit}.")
        yield
