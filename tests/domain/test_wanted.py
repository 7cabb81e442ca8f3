"""What open issues name is needed more; what they say besides moves nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fresh.domain.assignment import Assignment
from fresh.domain.feature import Inventory
from fresh.domain.wanted import MOST, with_issues
from tests.domain.test_selection import feature, inventory

FOUND = inventory(
    feature("total_price"),
    feature("export", module="app.csv", key="app.csv:export"),
    feature("export", module="app.xml", key="app.xml:export"),
    feature("sync", necessity=0.97),
)


def issue(number: int, title: str, text: str = "") -> Assignment:
    return Assignment(number=number, title=title, text=text)


def added(issues: list[Assignment], found: Inventory = FOUND) -> dict[str, tuple[float, str]]:
    """What each feature gained, with the reason."""
    return {
        each.key: (signal.value, signal.why)
        for each in with_issues(found, issues).features
        for signal in each.signals
        if signal.name == "necessity: issues"
    }


@pytest.mark.parametrize(
    ("title", "text", "keys"),
    [
        ("total_price is wrong", "", {"app.total_price:total_price"}),
        ("Wrong sum", "see app.total_price.total_price, please", {"app.total_price:total_price"}),
        ("Wrong sum", "call `sync` twice", {"app.sync:sync"}),
        ("Wrong sum", "after a sync it is wrong", set()),
        ("export fails", "`export`", set()),
        ("Fails", "app.csv:export and total_price", {"app.csv:export", "app.total_price:total_price"}),
        ("", "", set()),
    ],
)
def test_an_issue_counts_for_what_it_names_and_for_nothing_that_it_may_mean(
    title: str, text: str, keys: set[str]
) -> None:
    assert set(added([issue(7, title, text)])) == keys


def test_every_issue_adds_a_third_of_a_tenth_and_three_are_enough() -> None:
    values = [
        added([issue(number, "total_price") for number in range(1, most + 1)])["app.total_price:total_price"]
        for most in (1, 2, 3, 9)
    ]
    assert [value for value, _ in values] == pytest.approx([MOST / 3, MOST * 2 / 3, MOST, MOST], abs=1e-3)
    assert values[0][1] == "named in 1 open issue: #1"
    assert values[3][1] == "named in 9 open issues: #1, #2, #3, #4, #5 and 4 more"


def test_necessity_is_the_sum_and_never_more_than_one() -> None:
    found = with_issues(FOUND, [issue(1, "total_price and sync")])
    needed = {each.key: each.necessity for each in found.features}
    assert needed["app.total_price:total_price"] == pytest.approx(0.5333, abs=1e-3)
    assert needed["app.sync:sync"] == 1.0
    assert needed["app.csv:export"] == 0.5


def test_the_digest_follows_what_issues_change_and_nothing_else() -> None:
    assert with_issues(FOUND, []) == FOUND
    assert with_issues(FOUND, [issue(1, "All is slow")]) == FOUND
    once = with_issues(FOUND, [issue(1, "total_price")])
    assert once.digest != FOUND.digest
    assert len(once.digest) == len(FOUND.digest)
    assert with_issues(FOUND, [issue(1, "total_price", "in other words")]).digest == once.digest
    assert with_issues(FOUND, [issue(1, "total_price"), issue(2, "total_price")]).digest != once.digest


@given(st.lists(st.text(max_size=200), max_size=4))
def test_no_word_of_an_issue_is_shown(texts: list[str]) -> None:
    issues = [issue(number, f"total_price {text}", text) for number, text in enumerate(texts, start=1)]
    for value, why in added(issues).values():
        assert 0 < value <= MOST
        assert why.startswith("named in ")
        assert set(why.removeprefix("named in ").replace("open issues", "").replace("open issue", "")) <= set(
            "0123456789#, :and more"
        )
