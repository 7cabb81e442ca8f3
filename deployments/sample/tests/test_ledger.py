import datetime as dt

from pocket.ledger import Entry, append_entry, normalize_category, read_entries

BREAD = Entry(dt.date(2024, 5, 3), 320, "groceries", "bread")
TRAM = Entry(dt.date(2024, 5, 4), 280, "travel", "tram, return")


def test_what_was_appended_is_read_in_the_same_order(tmp_path):
    ledger = tmp_path / "pocket.csv"
    append_entry(ledger, BREAD)
    append_entry(ledger, TRAM)
    assert read_entries(ledger) == [BREAD, TRAM]


def test_a_missing_file_has_no_entries(tmp_path):
    assert read_entries(tmp_path / "nothing.csv") == []


def test_the_header_is_written_once(tmp_path):
    ledger = tmp_path / "pocket.csv"
    append_entry(ledger, BREAD)
    append_entry(ledger, TRAM)
    assert ledger.read_text().splitlines()[0] == "day,amount,category,note"
    assert ledger.read_text().count("category") == 1


def test_categories_are_kept_in_one_spelling():
    assert normalize_category("  Eating_Out ") == "eating-out"
    assert normalize_category("eating - out") == "eating-out"
