import pytest

from pocket.importing import match_headings


def test_columns_are_found_in_any_order_and_language():
    assert match_headings(["Betrag", "Datum ", "Saldo", "Purpose"]) == {"day": 1, "amount": 0, "note": 3}


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="no column for the amount"):
        match_headings(["date", "description"])
