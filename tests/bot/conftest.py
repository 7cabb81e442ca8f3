"""A stage for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.stage import Stage
from tests.fakes.slack import FakeSlack


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path.resolve(), FakeSlack().start())
    try:
        yield made
    finally:
        made.close()
