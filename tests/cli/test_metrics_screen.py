"""The metrics as people and programs see them."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from cli.metrics import as_json, drawn, table
from fresh.domain.metrics import RULE, Metrics, measure
from tests.domain.test_metrics import NIGHTS, STATES


def test_the_table_says_every_metric_of_the_guide_and_how_time_is_estimated() -> None:
    shown = table(measure(NIGHTS, STATES))
    for words in (
        "Features hooked up            1 merged, 2 proposed",
        "Tests added                   7 merged, 8 proposed",
        "Lines newly covered           30 merged, 30 proposed",
        "Quality of merged features    +5.0 points of 100",
        "Success rate                  67% of 3 that were merged or closed",
        "Cost per merged pull request  $0.80",
        "Time saved                    about 0.4 h",
        RULE,
    ):
        assert words in shown
    assert [row.split()[0] for row in shown.splitlines()[-2:]] == ["first", "second"]


def test_an_empty_table_divides_nothing_by_zero() -> None:
    assert "nothing was merged yet" in table(Metrics())


def test_programs_get_the_same_numbers_with_the_rule() -> None:
    told = json.loads(as_json(measure(NIGHTS, STATES)))
    assert told["total"]["cost_per_merged"] == 0.8
    assert [run["merged"] for run in told["runs"]] == [2, 0]
    assert told["time_saved_rule"] == RULE


def test_the_plot_is_an_image_without_scripts_from_elsewhere() -> None:
    image = drawn(measure(NIGHTS, STATES))
    root = ElementTree.fromstring(image)
    assert root.tag.endswith("svg")
    assert b"http-equiv" not in image
    assert not [
        each
        for each in root.iter()
        if each.tag.endswith("script") and each.get("{http://www.w3.org/1999/xlink}href")
    ]
