import pytest

from pocket.money import format_amount, parse_amount


@pytest.mark.parametrize(
    ("text", "cents"), [("12", 1200), ("12.5", 1250), ("0,05", 5), ("-3.40", -340), (" +7 ", 700)]
)
def test_amounts_are_read_as_cents(text, cents):
    assert parse_amount(text) == cents


@pytest.mark.parametrize("text", ["", "twelve", "1.234", "3.", "--1"])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(ValueError, match="is not an amount of money"):
        parse_amount(text)


@pytest.mark.parametrize(("cents", "text"), [(0, "0.00"), (1250, "12.50"), (-5, "-0.05")])
def test_cents_are_written_with_two_places(cents, text):
    assert format_amount(cents) == text
