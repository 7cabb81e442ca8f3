"""The documented schema of the report is the real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from fresh.domain.agent import AgentReport
from fresh.domain.report import SCHEMA, RunReport

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "report.md").read_text()


@pytest.mark.parametrize("key", [*RunReport.model_fields, *AgentReport.model_fields])
def test_every_key_of_the_report_is_documented(key: str) -> None:
    assert f"`{key}`" in PAGE


def test_the_documented_version_is_the_current_one() -> None:
    assert f"| `schema_version` | {SCHEMA} |" in PAGE
