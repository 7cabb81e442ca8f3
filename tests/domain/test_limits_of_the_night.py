"""Work hours, the room that a machine has, and when a dead run is due."""

from __future__ import annotations

from datetime import datetime

import pytest

from fresh.domain.hosting import WhyReenter
from fresh.domain.hours import WorkHours
from fresh.domain.reentry import MOST, Reentry, key_of, next_attempt
from fresh.domain.room import MIB, Machine, room
from tests.fakes.story import RUN, an_order

GIB = 1024 * MIB


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-25T{clock}")


@pytest.mark.parametrize(
    ("clock", "holds"),
    [("21:59", False), ("22:00", True), ("23:59", True), ("00:00", True), ("05:59", True), ("06:00", False)],
)
def test_a_window_over_midnight_holds_from_its_begin_until_before_its_end(clock: str, holds: bool) -> None:
    assert WorkHours.parse("22:00-06:00").hold(at(clock)) is holds


@pytest.mark.parametrize(("clock", "holds"), [("08:59", False), ("09:00", True), ("17:00", False)])
def test_a_window_within_a_day_holds_inside_alone(clock: str, holds: bool) -> None:
    assert WorkHours.parse("09:00-17:00").hold(at(clock)) is holds


@pytest.mark.parametrize("typed", ["22-6", "24:00-06:00", "22:00", "22:00-22:00", "22:60-06:00", ""])
def test_what_is_no_window_is_refused_with_the_order(typed: str) -> None:
    with pytest.raises(ValueError, match="work hours"):
        an_order(work_hours=typed)


def test_a_machine_with_room_takes_all_that_are_wanted() -> None:
    assert room(Machine(8 * GIB, 50 * GIB), 10, 512 * MIB, GIB).seats == 10


def test_memory_that_is_free_above_the_least_is_divided_into_seats() -> None:
    found = room(Machine(512 * MIB + 3 * 256 * MIB, 50 * GIB), 10, 512 * MIB, GIB)

    assert found.seats == 3
    assert found.why == "1280 MB of memory are free: 512 MB must stay so, and an agent takes about 256 MB"


def test_a_full_disk_gives_no_seat_and_says_so() -> None:
    found = room(Machine(8 * GIB, 200 * MIB), 10, 512 * MIB, GIB)

    assert (found.seats, found.why) == (0, "200 MB of disk are free, and 1024 MB must stay so")


def test_a_machine_that_cannot_be_read_is_not_held_against_the_run() -> None:
    assert room(Machine(None, None), 4, 512 * MIB, GIB).seats == 4


def test_attempts_without_progress_are_counted_to_their_bound() -> None:
    made: set[str] = set()
    for number in range(MOST):
        found = next_attempt(RUN, WhyReenter.DIED, 2, made.__contains__)
        assert found == Reentry(2, number, WhyReenter.DIED)
        made.add(key_of(RUN, found))

    last = next_attempt(RUN, WhyReenter.DIED, 2, made.__contains__)

    assert last.attempt == MOST
