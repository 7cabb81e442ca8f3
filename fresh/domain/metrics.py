"""The guide's success metrics over many nights: what agents brought, what people took, what it cost and saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pydantic import Field

from fresh.domain.agent import AgentReport, Outcome
from fresh.domain.feature import Kind
from fresh.domain.money import ZERO, Usd
from fresh.domain.record import RunRecord
from fresh.domain.reviewing import PullState
from fresh.domain.value import Value

MINUTES = {Kind.HOOKUP: 30, Kind.TESTS: 25, Kind.STUB: 60, Kind.QUALITY: 15}
"""What a person would take for one change of a kind: an assumption, printed wherever its sum is."""
REVIEW_MINUTES = 10
"""What a person takes to look at one pull request, whether it is merged or not."""
RULE = (
    "Time saved is an estimate: "
    + ", ".join(f"{minutes} min for a merged {kind} change" for kind, minutes in MINUTES.items())
    + f", less {REVIEW_MINUTES} min of review for each pull request that was merged or closed."
)


class Row(Value):
    """The metrics of one run, or of all of them. What is not merged is proposed only, and counts as neither."""

    agents: int = 0
    proposed: int = 0
    merged: int = 0
    closed: int = 0
    hooked_up: int = 0
    hooked_up_proposed: int = 0
    tests_added: int = 0
    tests_proposed: int = 0
    lines_covered: int = 0
    lines_proposed: int = 0
    quality_points: int = 0
    quality_changes: int = 0
    minutes_saved: int = 0
    cost: Usd = ZERO

    @property
    def success_rate(self) -> float | None:
        """Merged pull requests as a share of those that ended; None while none has."""
        ended = self.merged + self.closed
        return self.merged / ended if ended else None

    @property
    def cost_per_merged(self) -> Usd | None:
        """What everything cost, failures included, for each merged pull request; None while there is none."""
        return Usd(self.cost.micros // self.merged) if self.merged else None

    @property
    def average_quality(self) -> float | None:
        """By how many points of 100 the features of merged changes became better; None where it was not measured."""
        return self.quality_points / self.quality_changes if self.quality_changes else None

    def plus(self, other: Row) -> Row:
        """Add the counts of another row."""
        sums = {name: getattr(self, name) + getattr(other, name) for name in Row.model_fields}
        return Row.model_validate(sums)


class RunRow(Value):
    """One run with its metrics."""

    run_id: str
    at: datetime
    row: Row


class Metrics(Value):
    """Every run, the oldest first, and their sum."""

    total: Row = Row()
    runs: tuple[RunRow, ...] = ()
    rule: str = Field(default=RULE, description="how the time saved is estimated")


def measure(
    runs: Iterable[tuple[RunRecord, Sequence[AgentReport]]], states: Mapping[str, PullState]
) -> Metrics:
    """Sum up runs; `states` says by agent what became of its change, and lacks those whose change nobody can follow.

    A revision and the change that it revises are one pull request: it counts in the run that opened it.
    """
    seen: set[str] = set()
    rows = []
    for record, reports in sorted(runs, key=lambda pair: pair[0].opened_at):
        row = Row()
        for report in reports:
            address = report.pull_request or report.agent_id
            row = row.plus(_of(report, states.get(report.agent_id), again=address in seen))
            if report.outcome is Outcome.COMPLETED:
                seen.add(address)
        rows.append(RunRow(run_id=record.id, at=record.opened_at, row=row))
    total = Row()
    for each in rows:
        total = total.plus(each.row)
    return Metrics(total=total, runs=tuple(rows))


def _of(report: AgentReport, state: PullState | None, *, again: bool) -> Row:
    base = Row(agents=1, cost=report.cost)
    if report.outcome is not Outcome.COMPLETED or again:
        return base
    gains = report.evidence.gains if report.evidence is not None else None
    merged, closed = state is PullState.MERGED, state is PullState.CLOSED
    hooked = int(report.kind is Kind.HOOKUP)
    tests = gains.tests if gains is not None else 0
    lines = gains.lines_covered if gains is not None else 0
    measured = merged and gains is not None and gains.quality_after is not None
    saved = (MINUTES[report.kind] if merged else 0) - (REVIEW_MINUTES if merged or closed else 0)
    return base.plus(
        Row(
            proposed=1,
            merged=int(merged),
            closed=int(closed),
            hooked_up=hooked * merged,
            hooked_up_proposed=hooked,
            tests_added=tests * merged,
            tests_proposed=tests,
            lines_covered=lines * merged,
            lines_proposed=lines,
            quality_points=gains.quality if measured and gains is not None else 0,
            quality_changes=int(measured),
            minutes_saved=saved,
        )
    )
