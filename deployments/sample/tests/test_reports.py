import datetime as dt

import pytest

from pocket.ledger import Entry, append_entry, read_entries
from pocket.reports import search_notes, totals_by


@pytest.fixture
def ledger(tmp_path):
    path = tmp_path / "pocket.csv"
    append_entry(path, Entry(dt.date(2024, 5, 3), 320, "groceries", "Bread and cheese"))
    append_entry(path, Entry(dt.date(2024, 5, 4), 450, "groceries", "cheese"))
    return path


def test_notes_are_found_in_any_spelling(ledger):
    assert search_notes(ledger, ["bread", "CHEESE"]) == ["2024-05-03 3.20 Bread and cheese"]


def test_one_of_the_words_can_be_enough(ledger):
    assert len(search_notes(ledger, ["bread", "cheese"], any_word=True)) == 2


def test_entries_are_added_up_by_category_and_by_month(ledger):
    append_entry(ledger, Entry(dt.date(2024, 6, 1), 280, "travel"))
    entries = read_entries(ledger)
    assert totals_by(entries, "category") == {"groceries": 770, "travel": 280}
    assert totals_by(entries, "month") == {"2024-05": 770, "2024-06": 280}
