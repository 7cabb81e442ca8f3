"""Which feature an issue is about, and what it asks for."""

from __future__ import annotations

import pytest

from fresh.domain.assigning import feature_of, kind_of
from fresh.domain.assignment import Assignment
from fresh.domain.feature import Feature, Inventory, Kind, Reachability


def a_feature(key: str) -> Feature:
    module, _, qualname = key.partition(":")
    path = f"{module.replace('.', '/')}.py"
    return Feature(
        key=key,
        module=module,
        qualname=qualname,
        path=path,
        line=1,
        end_line=2,
        reachability=Reachability.UNHOOKED,
    )


INVENTORY = Inventory(
    commit="c" * 40,
    digest="d",
    features=tuple(
        map(
            a_feature,
            (
                "shop.text:normalize",
                "shop.price:total_price",
                "shop.a:run",
                "shop.b:run",
                "shop.out:export_orders",
                "shop.out:Writer.exportOrdersCSV",
                "shop.mail:send_mail",
                "shop.post:mail_send",
            ),
        )
    ),
    files=4,
)


@pytest.mark.parametrize(
    ("title", "text", "found"),
    [
        ("total_price has no tests", "", "shop.price:total_price"),
        ("Add a command", "for shop.text.normalize please", "shop.text:normalize"),
        ("Add a command", "for `normalize()` please", "shop.text:normalize"),
        ("Add a command", "we should normalize our process", None),
        ("normalize total_price", "", None),
        ("run is slow", "", None),
        ("shop.b:run is slow", "", "shop.b:run"),
        ("Everything is slow", "", None),
        ("Test the price in total", "", "shop.price:total_price"),
        ("Export orders as CSV", "", "shop.out:Writer.exportOrdersCSV"),
        ("Export orders", "", "shop.out:export_orders"),
        ("Show the total", "and the price", None),
        ("Send mail in bulk", "", None),
    ],
)
def test_an_issue_is_about_the_one_feature_that_it_names(title: str, text: str, found: str | None) -> None:
    feature = feature_of(Assignment(number=1, title=title, text=text), INVENTORY)
    assert (feature.key if feature else None) == found


def test_a_label_says_the_kind_before_the_words_do() -> None:
    issue = Assignment(number=1, title="total_price has no tests", labels=("fresh", "Hookup"))
    assert kind_of(issue) is Kind.HOOKUP
    assert kind_of(issue.model_copy(update={"labels": ("fresh",)})) is Kind.TESTS
    assert kind_of(Assignment(number=1, title="tests for the CLI command")) is None
    assert kind_of(Assignment(number=1, title="something else")) is None
