"""What every clock does: the fake, whose time passes by sleeping alone, and the machine's."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest

from fresh.adapters.system_clock import SystemClock
from fresh.ports import Clock
from tests.fakes.clock import FakeClock

SOON = 0.05


@pytest.fixture(params=[FakeClock, SystemClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    """Give each clock in turn."""
    made: Clock = request.param()
    return made


def test_the_time_has_a_zone_and_it_is_utc(clock: Clock) -> None:
    assert clock.now().tzinfo is UTC


def test_after_sleeping_at_least_that_much_time_has_passed(clock: Clock) -> None:
    before = clock.now()
    clock.sleep(SOON)
    assert clock.now() - before >= timedelta(seconds=SOON)


def test_sleeping_for_no_time_never_turns_the_clock_back(clock: Clock) -> None:
    before = clock.now()
    clock.sleep(0)
    assert clock.now() >= before
