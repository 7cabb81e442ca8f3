import datetime as dt

import pytest

from pocket.ledger import Entry, append_entry
from pocket.money import Period
from pocket.subscriptions import find_subscriptions, guess_period


@pytest.fixture
def ledger(tmp_path):
    path = tmp_path / "pocket.csv"
    for month in (1, 2, 3):
        append_entry(path, Entry(dt.date(2024, month, 5), 999, "fun", "music"))
    for day in (1, 8, 15):
        append_entry(path, Entry(dt.date(2024, 3, day), 300, "fun", "pool"))
    for day in (1, 2, 20):
        append_entry(path, Entry(dt.date(2024, 3, day), 320, "groceries", "bread"))
    append_entry(path, Entry(dt.date(2024, 3, 9), 5000, "gifts", ""))
    return path


def test_what_is_paid_regularly_is_found_with_the_dearest_first(ledger):
    assert find_subscriptions(ledger) == [
        "pool: every week, 13.00 a month",
        "music: every month, 9.99 a month",
    ]


def test_what_was_paid_too_few_times_does_not_count(ledger):
    assert find_subscriptions(ledger, times=4) == []


def test_dates_a_year_apart_are_yearly():
    assert guess_period([dt.date(2022, 5, 1), dt.date(2023, 5, 1)]) is Period.YEAR
    assert guess_period([dt.date(2022, 5, 1)]) is None
