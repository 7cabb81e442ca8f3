"""Reports and logs as files: whole or not there, one report a run, and no run's log in another one's file."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from pathlib import Path

import pytest

from fresh.adapters.report_files import LOGGER, ReportsBelow
from fresh.domain.order import EngineName
from fresh.domain.report import RunReport
from fresh.domain.stopping import WhyStopped
from fresh.errors import StorageFailed
from tests.fakes.story import NOON, RUN, a_run, an_order, later


def a_report_of(run: str = RUN, notes: tuple[str, ...] = ()) -> RunReport:
    return RunReport(
        run_id=run,
        repository="/home/ada/pocket",
        base="b" * 40,
        order=an_order(),
        engine=EngineName.CODEMOD,
        seed=7,
        inventory_digest="d" * 12,
        inventory_summary={},
        started_at=NOON,
        ended_at=later(60),
        stopped=WhyStopped.DONE,
        notes=notes,
    )


def test_a_report_is_json_and_markdown_named_by_when_its_run_began(tmp_path: Path) -> None:
    path = ReportsBelow(tmp_path).write(a_report_of(), "# A night\n")
    assert path.name == f"orchestration_report_{NOON.astimezone():%Y%m%d_%H%M%S}.json"
    assert json.loads(path.read_text())["run_id"] == RUN
    assert path.with_suffix(".md").read_text() == "# A night\n"
    assert sorted(tmp_path.iterdir()) == sorted([path, path.with_suffix(".md")])


def test_a_run_has_one_report_however_often_it_is_written(tmp_path: Path) -> None:
    files = ReportsBelow(tmp_path)
    first = files.write(a_report_of(), "# First\n")
    second = ReportsBelow(tmp_path).write(a_report_of(notes=("resumed",)), "# Second\n")
    assert second == first
    assert json.loads(first.read_text())["notes"] == ["resumed"]
    assert first.with_suffix(".md").read_text() == "# Second\n"


def test_two_runs_of_the_same_second_keep_both_reports(tmp_path: Path) -> None:
    files = ReportsBelow(tmp_path)
    first, second = files.write(a_report_of(), "# One\n"), files.write(a_report_of("ffffffff"), "# Two\n")
    assert first != second
    assert json.loads(first.read_text())["run_id"] == RUN
    assert json.loads(second.read_text())["run_id"] == "ffffffff"
    assert (first.with_suffix(".md").read_text(), second.with_suffix(".md").read_text()) == (
        "# One\n",
        "# Two\n",
    )
    assert files.write(a_report_of("ffffffff"), "# Two\n") == second


def test_a_report_that_can_not_be_written_leaves_the_old_one_whole(tmp_path: Path) -> None:
    files = ReportsBelow(tmp_path)
    path = files.write(a_report_of(), "# First\n")
    before = path.read_text()
    path.with_suffix(".md").unlink()
    path.with_suffix(".md").mkdir()
    with pytest.raises(StorageFailed, match="can't be written"):
        files.write(a_report_of(notes=("again",)), "# Second\n")
    assert path.read_text() == before
    assert not list(tmp_path.glob(".*"))


def test_a_run_that_is_resumed_goes_on_in_its_log(tmp_path: Path) -> None:
    files, record = ReportsBelow(tmp_path), a_run()
    for words in ("Agent abc12345 started", "Agent abc12345 completed"):
        with files.logging(record) as path:
            logging.getLogger(f"{LOGGER}.run").info(words)
    logging.getLogger(f"{LOGGER}.run").warning("nobody listens any more")
    assert path == tmp_path / "logs" / f"orchestrator_{NOON.astimezone():%Y%m%d_%H%M%S}.log"
    assert [row.split(" ", 3)[3] for row in path.read_text().splitlines()] == [
        "Agent abc12345 started",
        "Agent abc12345 completed",
    ]


def test_a_log_is_closed_also_when_its_run_breaks(tmp_path: Path) -> None:
    files, record = ReportsBelow(tmp_path), a_run(at=NOON + timedelta(days=1))
    listeners = list(logging.getLogger(LOGGER).handlers)
    with pytest.raises(ZeroDivisionError), files.logging(record):
        raise ZeroDivisionError
    assert logging.getLogger(LOGGER).handlers == listeners
