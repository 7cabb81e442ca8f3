"""The first night: one command, no key, real work on a real repository."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.operator import Operator

pytestmark = [pytest.mark.slow, pytest.mark.night]


def test_one_command_leaves_branches_that_pass_the_projects_own_tests(operator: Operator) -> None:
    (operator.repository / "notes.txt").write_text("mine, not committed\n")
    before = operator.belongings()

    told = operator.fresh("auto", "start", "--no-approval", timeout=580).stdout

    assert operator.belongings() == before
    report = operator.report()
    agents = report["agents"]
    completed = [agent for agent in agents if agent["outcome"] == "completed"]
    assert len(completed) >= 3, told
    assert len({agent["kind"] for agent in completed}) >= 2, told
    assert operator.branches() == {agent["branch"]: agent["commit"] for agent in completed}
    assert {Path(agent["pull_request"]) for agent in completed} == set(operator.pages())
    assert all(agent["failure"] for agent in agents if agent["outcome"] != "completed")
    for branch in operator.branches():
        _check_out_and_test(operator, branch)


def _check_out_and_test(operator: Operator, branch: str) -> None:
    """Do by hand what a careful reviewer does."""
    folder = operator.repository.parent / branch.replace("/", "-")
    operator.git("worktree", "add", "--quiet", str(folder), branch)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        env={**operator.environment, "PYTHONPATH": f"{folder}:{folder / 'src'}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    touched = operator.git("diff", "--name-only", f"main...{branch}").split()
    assert touched, "a branch that changes nothing is no work"


def test_the_log_keeps_the_lines_that_people_grep_for(operator: Operator) -> None:
    operator.fresh("auto", "start", "--agents", "2", "--no-approval", "--kind", "tests")

    (log,) = (operator.repository / ".fresh" / "logs").glob("orchestrator_*.log")
    lines = log.read_text().splitlines()
    assert any("Cost: $0.00 / $10.00" in line for line in lines)
    assert any("Agent " in line and " completed " in line for line in lines)


def test_a_second_night_does_not_repeat_what_still_waits_for_review(operator: Operator) -> None:
    operator.fresh("auto", "start", "--agents", "2", "--no-approval")
    first = {(agent["feature"], agent["kind"]) for agent in operator.report()["agents"] if agent["branch"]}

    operator.fresh("auto", "start", "--agents", "2", "--no-approval")

    second = {(agent["feature"], agent["kind"]) for agent in operator.report()["agents"]}
    assert first
    assert not first & second
