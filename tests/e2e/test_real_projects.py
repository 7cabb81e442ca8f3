"""Runs on projects that others wrote: each lands something earned, declines say why, and no test breaks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fresh.domain.evidence import Evidence, Verdict
from tests.e2e.operator import Operator

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.server, pytest.mark.timeout(900)]

# Pure Python, no dependencies, and source distributions that ship the project's own tests, which end in seconds.
# The versions are pinned: what agents find in a project is a fact about one release.
PROJECTS = ("boltons==26.2.0", "jmespath==1.1.0", "parse==1.22.4")
# A release can lack files that some of its test modules import; the others run all the same.
ALL = ("--continue-on-collection-errors",)


@pytest.fixture(params=PROJECTS)
def operator(request: pytest.FixtureRequest, tmp_path: Path, prefect_url: str) -> Operator:
    """Somebody at a terminal with a clone of a project that they did not write."""
    repository = _unpack(_fetch(request.param, tmp_path / "fetched"), tmp_path.resolve() / "project")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
    somebody = Operator(repository, {**environment, "NO_COLOR": "1", "PREFECT_API_URL": prefect_url})
    somebody.git("init", "--quiet", "--initial-branch", "main")
    somebody.git("config", "user.name", "Somebody")
    somebody.git("config", "user.email", "somebody@example.org")
    # Releases carry files that the project's own .gitignore names, such as a generated version.
    somebody.git("add", "--all", "--force")
    somebody.git("commit", "--quiet", "--message", request.param)
    return somebody


def test_six_agents_land_earned_changes_and_break_nothing(operator: Operator) -> None:
    before = operator.belongings()

    told = operator.fresh(
        "auto", "start", "--agents", "6", "--no-approval", "--approval-timeout", "0.2", timeout=600.0
    ).stdout

    assert operator.belongings() == before
    agents = operator.report()["agents"]
    completed = [agent for agent in agents if agent["outcome"] == "completed"]
    assert len(agents) >= 6, told
    assert {agent["outcome"] for agent in agents} <= {"completed", "declined"}, told
    assert completed, told
    assert {Evidence.model_validate(agent["evidence"]).verdict for agent in completed} == {Verdict.EARNED}, (
        told
    )
    assert all(agent["failure"] for agent in agents if agent["outcome"] == "declined"), told
    assert operator.branches() == {agent["branch"]: agent["commit"] for agent in completed}
    _nothing_newly_fails(operator)


def _nothing_newly_fails(operator: Operator) -> None:
    """Do by hand what a careful reviewer does: run the project's tests on the base and on each branch."""
    passed_before = _passing_tests(operator, "main")
    assert passed_before
    for branch in operator.branches():
        assert operator.git("diff", "--name-only", f"main...{branch}").split(), f"{branch} changes nothing"
        assert passed_before - _passing_tests(operator, branch) == set(), f"{branch} breaks tests"


def _passing_tests(operator: Operator, branch: str) -> set[tuple[str, str]]:
    folder = operator.repository.parent / branch.replace("/", "-")
    operator.git("worktree", "add", "--quiet", "--detach", str(folder), branch)
    written = folder.with_suffix(".xml")
    subprocess.run(
        [_python(operator), "-m", "pytest", "-q", "-p", "no:cacheprovider", *ALL, f"--junitxml={written}"],
        cwd=folder,
        env={**operator.environment, "PYTHONPATH": f"{folder}:{folder / 'src'}"},
        capture_output=True,
        timeout=300.0,
        check=False,
    )
    cases = ElementTree.parse(written).iter("testcase")
    return {(case.get("classname", ""), case.get("name", "")) for case in cases if _passed(case)}


def _passed(case: ElementTree.Element) -> bool:
    return not any(child.tag in ("failure", "error", "skipped") for child in case)


def _python(operator: Operator) -> str:
    """Find the interpreter of the environment that the run built."""
    (marker,) = (operator.repository / ".fresh" / "environments").glob("*/environment.json")
    return str(Path(json.loads(marker.read_text())["where"]) / "venv/bin/python")


def _fetch(requirement: str, place: Path) -> Path:
    """Download a source distribution; pip builds its metadata, with a build backend of its own choice."""
    name = requirement.partition("==")[0]
    words = ["download", "--quiet", "--no-deps", "--no-binary", name, "--dest", str(place), requirement]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words], capture_output=True, text=True, timeout=180.0
    )
    assert done.returncode == 0, done.stderr
    (archive,) = place.glob("*.tar.gz")
    return archive


def _unpack(archive: Path, place: Path) -> Path:
    """Lay out what the archive's one directory holds."""
    unpacked = archive.with_suffix(".d")
    with tarfile.open(archive) as packed:
        packed.extractall(unpacked, filter="data")
    (top,) = unpacked.iterdir()
    return top.rename(place)
