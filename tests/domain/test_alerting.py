"""Alerts about a run's money."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fresh.domain.alerting import Alert, alert_key, alerts_told, due, runs_out
from fresh.domain.budget import Account
from fresh.domain.money import ZERO, Usd
from tests.fakes.story import NOON

NIGHT = NOON + timedelta(hours=8)
LEAST = Usd.of(0.02)


def spent(dollars: float, **more: object) -> Account:
    return Account("run:x", cap=Usd.of(10), spent=Usd.of(dollars), **more)  # type: ignore[arg-type]


def told(account: Account, hours: float) -> set[Alert]:
    return set(due(account, NOON, NIGHT, NOON + timedelta(hours=hours), LEAST))


@pytest.mark.parametrize(
    ("dollars", "hours", "alerts"),
    [
        (0, 4, set()),
        (4.99, 4, set()),
        (5, 4, {Alert.HALF}),
        (7.99, 7, {Alert.HALF}),
        (8, 7, {Alert.HALF, Alert.MOST}),
        (9.97, 7.99, {Alert.HALF, Alert.MOST}),
        (9.99, 7.99, {Alert.HALF, Alert.MOST, Alert.ALL}),
        (10, 8, {Alert.HALF, Alert.MOST, Alert.ALL}),
    ],
)
def test_half_four_fifths_and_all(dollars: float, hours: float, alerts: set[Alert]) -> None:
    assert told(spent(dollars), hours) - {Alert.BURN} == alerts


def test_a_rate_that_ends_the_money_before_the_hours_is_told_with_the_time() -> None:
    account = spent(2)
    assert due(account, NOON, NIGHT, NOON + timedelta(hours=1), LEAST)[Alert.BURN] == (
        "Budget alert: at this rate the money is gone at 17:00 UTC, before the hours are at 20:00 UTC;"
        " $2.00 of $10.00 is spent."
    )
    assert Alert.BURN not in told(account, 1.7)


def test_the_first_minutes_and_the_first_cents_forecast_nothing() -> None:
    assert runs_out(spent(5), NOON, NOON + timedelta(seconds=119)) is None
    assert runs_out(spent(0.99), NOON, NOON + timedelta(hours=1)) is None


def test_all_is_spent_when_what_is_left_is_kept_for_the_wrap_ups() -> None:
    assert Alert.ALL in told(spent(9.5, aside=Usd.of(0.5)), 1)


def test_frozen_money_is_told() -> None:
    assert Alert.FROZEN in told(spent(1, frozen="a reply was billed too much"), 1)


@given(micros=st.integers(0, 10**7), hours=st.floats(0, 9), left=st.integers(0, 10**6))
def test_the_more_is_spent_the_more_is_told(micros: int, hours: float, left: int) -> None:
    more = min(10**7, micros + left)
    now = NOON + timedelta(hours=hours)
    first, second = (
        set(due(Account("run:x", Usd.of(10), Usd(amount)), NOON, NIGHT, now, ZERO)) - {Alert.BURN}
        for amount in (micros, more)
    )
    assert first <= second


def test_every_door_reads_the_alerts_of_a_run_by_their_kind():
    kept = {alert_key("r1", Alert.MOST): "80 % is spent", alert_key("r2", Alert.ALL): "all is spent"}
    assert alerts_told(kept.get, "r1") == {Alert.MOST: "80 % is spent"}
