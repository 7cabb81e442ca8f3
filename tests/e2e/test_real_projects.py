"""Runs on projects that others wrote: each lands something earned, declines say why, and no test breaks."""

from __future__ import annotations

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fresh.adapters.bwrap_sandbox import BwrapSandbox
from fresh.adapters.git_workspace import GitWorkspace
from fresh.adapters.pip_environment import PipEnvironments
from fresh.domain.evidence import Evidence, RunEnd, Verdict
from fresh.ports import Command, Limits
from tests.e2e.operator import Operator
from tests.e2e.releases import fetch, unpack

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.server, pytest.mark.timeout(900)]

# Pure Python, and source distributions that ship the project's own tests, which end in seconds.
# The versions are pinned: what agents find in a project is a fact about one release.
PROJECTS = ("boltons==26.2.0", "funcy==2.0", "parse==1.22.4")
RESULTS = "results.xml"


@pytest.fixture(params=PROJECTS)
def operator(request: pytest.FixtureRequest, tmp_path: Path, prefect_url: str) -> Operator:
    """Somebody at a terminal with a clone of a project that they did not write."""
    repository = unpack(fetch(request.param, tmp_path / "fetched"), tmp_path.resolve() / "project")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
    somebody = Operator(repository, {**environment, "NO_COLOR": "1", "PREFECT_API_URL": prefect_url})
    somebody.git("init", "--quiet", "--initial-branch", "main")
    somebody.git("config", "user.name", "Somebody")
    somebody.git("config", "user.email", "somebody@example.org")
    # Releases carry files that the project's own .gitignore names, such as a generated version.
    somebody.git("add", "--all", "--force")
    somebody.git("commit", "--quiet", "--message", request.param)
    return somebody


def test_six_agents_land_earned_changes_and_break_nothing(operator: Operator, tmp_path: Path) -> None:
    before = operator.belongings()

    told = operator.fresh(
        "auto", "start", "--agents", "6", "--no-approval", "--approval-timeout", "0.2", timeout=600.0
    ).stdout

    assert operator.belongings() == before
    agents = operator.report()["agents"]
    completed = [agent for agent in agents if agent["outcome"] == "completed"]  # type: ignore[attr-defined]
    assert len(agents) >= 6, told  # type: ignore[arg-type]
    assert {agent["outcome"] for agent in agents} <= {"completed", "declined"}, told  # type: ignore[attr-defined]
    assert completed, told
    assert {Evidence.model_validate(agent["evidence"]).verdict for agent in completed} == {Verdict.EARNED}, (
        told
    )
    reasons = [agent["failure"] for agent in agents if agent["outcome"] == "declined"]  # type: ignore[attr-defined]
    assert all(reason.endswith((".", "?")) and "/tmp/" not in reason for reason in reasons), reasons
    assert operator.branches() == {agent["branch"]: agent["commit"] for agent in completed}
    _nothing_newly_fails(operator, tmp_path / "review")


def _nothing_newly_fails(operator: Operator, state: Path) -> None:
    """Do by hand what a careful reviewer does: run the project's tests on the base and on each branch, contained."""
    state.mkdir()
    workspace = GitWorkspace(operator.repository, state)
    passed_before = _passing_tests(workspace, state, "main")
    assert passed_before
    for branch in operator.branches():
        assert operator.git("diff", "--name-only", f"main...{branch}").split(), f"{branch} changes nothing"
        assert passed_before - _passing_tests(workspace, state, branch) == set(), f"{branch} breaks tests"


def _passing_tests(workspace: GitWorkspace, state: Path, branch: str) -> set[tuple[str, str]]:
    sandbox = BwrapSandbox(state)
    commit = workspace.take_base(branch)
    environment = PipEnvironments(workspace, sandbox, state).prepare(commit)
    tree = workspace.plant("review", commit)
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={RESULTS}")
    # A release can lack files that some of its test modules import; the others run all the same.
    argv = (environment.python, *words, "--continue-on-collection-errors")
    mounts = (*tree.mounts, *environment.mounts)
    paths = {"PYTHONPATH": ":".join(environment.import_roots)} if environment.import_roots else {}
    ended = sandbox.run(Command(argv, tree.home, mounts, {**tree.environment, **paths}, Limits(wall=300.0)))
    assert ended.ended is RunEnd.EXIT, ended.text
    cases = ElementTree.fromstring(workspace.read_file(tree, RESULTS, 1 << 24)).iter("testcase")
    return {(case.get("classname", ""), case.get("name", "")) for case in cases if _passed(case)}


def _passed(case: ElementTree.Element) -> bool:
    return not any(child.tag in ("failure", "error", "skipped") for child in case)
