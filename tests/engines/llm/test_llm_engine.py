"""A model plans, edits, tests and finishes; whatever else it does has an outcome of its own."""

from __future__ import annotations

from pathlib import Path

from tests.engines.llm.desk import TEST_SUB, Desk


def test_a_model_plans_edits_tests_and_finishes(tmp_path: Path) -> None:
    desk = Desk(tmp_path)

    plan = desk.plan()
    work = desk.work(plan)

    assert plan.summary == "test sub"
    assert work.summary == "sub is tested"
    assert (work.unfinished, work.question) == (None, None)
    assert desk.bench.tree_files()["tests/test_sub.py"] == TEST_SUB
    assert "2 of 2 tests passed" in desk.outputs[2]
    assert desk.model.left == 0
