import pytest

from pocket.money import Period, convert_cost, format_amount, parse_amount, split_bill


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


def test_yearly_and_weekly_costs_can_be_compared_by_month():
    assert convert_cost(120, Period.YEAR) == 10
    assert convert_cost(3, Period.WEEK) == 13
    assert convert_cost(10, Period.MONTH, into=Period.YEAR) == 120


def test_the_first_ones_pay_the_cents_that_are_left_over():
    assert split_bill(10, ["Ada", "Ben", "Cem"]) == ["Ada 3.34", "Ben 3.33", "Cem 3.33"]


def test_a_tip_is_shared_too():
    assert split_bill(20, ["Ada", "Ben"], tip=10) == ["Ada 11.00", "Ben 11.00"]


def test_a_bill_for_nobody_is_refused():
    with pytest.raises(ValueError, match="nobody is there"):
        split_bill(10, [])
