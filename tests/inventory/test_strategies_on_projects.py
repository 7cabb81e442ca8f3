"""The strategies choose different things on published projects."""

from __future__ import annotations

from pathlib import Path

import pytest

from fresh.adapters.ruff_lint import RuffLint
from fresh.domain.order import RunOrder, Strategy
from fresh.domain.selection import select
from tests.inventory.example import inventory_of
from tests.inventory.test_precision import fetch, files_below

PROJECTS = (
    "httpie==3.2.4",
    "scrapy==2.19.0",
    "boltons==26.2.0",
    "celery==5.7.0",
    "sphinx==9.0.4",
    "django==5.2.8",
)
FIRST = 10


@pytest.mark.real
@pytest.mark.night
@pytest.mark.parametrize("project", PROJECTS)
def test_no_two_strategies_share_more_than_five_of_their_first_ten_picks(
    project: str, tmp_path: Path
) -> None:
    files = dict(files_below(fetch(project, tmp_path)))
    inventory = inventory_of(files, tmp_path / "cache", lint=RuffLint())
    picks = {
        strategy: {
            pick.feature.key
            for pick in select(
                inventory, RunOrder(strategy=strategy), seed=1, screen=lambda feature, kind: None, most=FIRST
            ).picks
        }
        for strategy in Strategy
    }
    assert all(len(chosen) == FIRST for chosen in picks.values())
    shared = {
        (one.value, other.value): len(picks[one] & picks[other])
        for one in picks
        for other in picks
        if one < other
    }
    assert max(shared.values()) <= FIRST // 2, shared
