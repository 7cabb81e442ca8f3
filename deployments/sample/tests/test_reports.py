import datetime as dt

import pytest

from pocket.ledger import Entry, append_entry
from pocket.reports import search_notes


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
