"""A stage for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.stage import Stage
from tests.fakes.slack import FakeSlack


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    made = Stage(tmp_path.resolve(), FakeSlack().start())
    monkeypatch.setenv("FRESH_HOME", str(made.home))
    try:
        yield made
    finally:
        made.close()
