"""Whole runs as a person starts them: the real command, the sample project, the server that comes along."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.operator import Operator


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    """Somebody at a terminal with the sample project."""
    from deployments.sample import lay_out

    repository = tmp_path.resolve() / "pocket"
    lay_out(repository)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
    return Operator(repository, {**environment, "NO_COLOR": "1"})
