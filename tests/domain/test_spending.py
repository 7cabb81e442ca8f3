"""What was spent, summed up; and what one more agent may need."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fresh.domain.budget import Bill, Hold, HoldState
from fresh.domain.conversation import Usage
from fresh.domain.money import ZERO, Usd
from fresh.domain.spending import Spending, expected_cost, spending
from tests.fakes.story import HERE, NOON, later


def a_hold(state: HoldState, dollars: float, billed: float | None = None, agent: str = "a") -> Hold:
    hold = Hold("h", "r", agent, Usd.of(dollars), HERE, NOON, later(60), "m", state=state)
    if billed is None:
        return hold
    return replace(
        hold, bill=Bill(Usd.of(billed), Usage(input=100, cached=80, output=30, reasoning=9), "flex")
    )


NIGHT = (
    a_hold(HoldState.SETTLED, 0.5, 0.2),
    a_hold(HoldState.SETTLED, 0.5, 0.1, agent="b"),
    a_hold(HoldState.FORFEITED, 0.4),
    a_hold(HoldState.RELEASED, 0.9),
    a_hold(HoldState.SENT, 0.3),
    a_hold(HoldState.HELD, 0.05),
)


def test_three_sums_are_kept_apart_spent_held_and_charged_at_worst() -> None:
    assert spending(NIGHT) == Spending(
        spent=Usd.of(0.7),
        held=Usd.of(0.35),
        forfeited=Usd.of(0.4),
        requests=5,
        input=200,
        cached=160,
        output=60,
    )


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        ([], 1.0),
        ([0], 1.0),
        ([0.2, 0.4], 0.45),
        ([0.9], 1.0),
        ([0.001], 0.05),
    ],
)
def test_one_more_agent_needs_its_cap_until_others_show_what_they_took(
    ended: list[float], expected: float
) -> None:
    costs = [Usd.of(cost) for cost in ended]
    assert expected_cost(Usd.of(1), Usd.of(10), costs, Usd.of(0.05)) == Usd.of(expected)


def test_no_agent_needs_more_than_the_whole_run_has() -> None:
    assert expected_cost(Usd.of(1), Usd.of(0.3), [], ZERO) == Usd.of(0.3)
