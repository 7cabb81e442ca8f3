"""The guide's success metrics, from reports and what became of their pull requests."""

from __future__ import annotations

from fresh.domain.agent import AgentReport, Outcome
from fresh.domain.evidence import Check, CheckState, Evidence, Gains
from fresh.domain.feature import Kind
from fresh.domain.metrics import RULE, measure
from fresh.domain.money import Usd
from fresh.domain.reviewing import PullState
from tests.fakes.story import a_report, a_run, later


def landed(name: str, kind: Kind, cost: str = "0", *, url: str = "", **gained: int) -> AgentReport:
    passed = Check(name="tests", state=CheckState.PASSED, fact="3 pass")
    return a_report(
        name,
        kind=kind,
        cost=Usd.of(cost),
        pull_request=url or f"https://forge.example/pull/{name}",
        evidence=Evidence(
            base="b" * 40, commit="c" * 40, checks=(passed,), gains=Gains.model_validate(gained)
        ),
    )


NIGHTS = (
    (
        a_run("first"),
        [
            landed("a", Kind.HOOKUP, "0.40", tests=2, quality_before=60, quality_after=70),
            landed("b", Kind.TESTS, "0.20", tests=5, lines_covered=30, quality_before=50, quality_after=50),
            landed("c", Kind.HOOKUP, "0.10", tests=1),
            a_report("d", Outcome.FAILED, cost=Usd.of("0.50")),
        ],
    ),
    (
        a_run("second", later(86400)),
        [
            landed("e", Kind.QUALITY, "0.30", quality_before=40, quality_after=55),
            landed("f", Kind.HOOKUP, "0.10", url="https://forge.example/pull/a", tests=9),
        ],
    ),
)
STATES = {
    "a": PullState.MERGED,
    "b": PullState.MERGED,
    "c": PullState.CLOSED,
    "e": PullState.OPEN,
    "f": PullState.MERGED,
}


def test_only_what_was_merged_counts_and_the_rest_is_proposed() -> None:
    total = measure(NIGHTS, STATES).total
    assert (total.agents, total.proposed, total.merged, total.closed) == (6, 4, 2, 1)
    assert (total.hooked_up, total.hooked_up_proposed) == (1, 2)
    assert (total.tests_added, total.tests_proposed) == (7, 8)
    assert (total.lines_covered, total.lines_proposed) == (30, 30)
    assert total.average_quality == 5.0


def test_the_success_rate_and_the_cost_are_those_of_what_ended_and_of_everything() -> None:
    total = measure(NIGHTS, STATES).total
    assert total.success_rate == 2 / 3
    assert total.cost == Usd.of("1.60")
    assert total.cost_per_merged == Usd.of("0.80")


def test_the_time_saved_follows_the_rule_that_is_printed() -> None:
    measured = measure(NIGHTS, STATES)
    assert measured.total.minutes_saved == 30 + 25 - 3 * 10
    assert "30 min for a merged hookup change" in RULE
    assert "25 min for a merged tests change" in RULE
    assert "less 10 min of review" in RULE


def test_a_revision_counts_with_the_pull_request_that_it_revises() -> None:
    first, second = measure(NIGHTS, STATES).runs
    assert (first.row.proposed, first.row.merged) == (3, 2)
    assert (second.row.proposed, second.row.merged, second.row.cost) == (1, 0, Usd.of("0.40"))


def test_without_any_history_nothing_is_divided_by_zero() -> None:
    total = measure((), {}).total
    assert (total.success_rate, total.cost_per_merged, total.average_quality) == (None, None, None)
