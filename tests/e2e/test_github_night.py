"""Whole nights against GitHub: the real command, the real engine, git over HTTP, and a page at the other end."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.e2e.operator import Operator
from tests.fakes.github import Fate, Fault, GitHubServer, Repository, github

pytestmark = [pytest.mark.slow, pytest.mark.night, pytest.mark.timeout(1500)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitHubServer]:
    with github(tmp_path / "hub") as running:
        yield running


@pytest.fixture
def hub(server: GitHubServer, operator: Operator) -> Repository:
    """The sample project at GitHub, which the operator has cloned and has a token for."""
    branch = operator.git("symbolic-ref", "--short", "HEAD").strip()
    made = server.world.add_repository(
        "acme/pocket",
        source=operator.repository,
        private=True,
        roles={"ada": "write"},
        default_branch=branch,
    )
    operator.git("remote", "add", "origin", server.clone_url(made))
    operator.environment["GITHUB_API_URL"] = server.api
    operator.environment["GITHUB_TOKEN"] = server.world.add_token("ada", scopes={"repo"})
    return made


def listed_by_label(server: GitHubServer, token: str) -> set[str]:
    """What `gh pr list --label autonomous` shows."""
    found = requests.get(
        f"{server.api}/repos/acme/pocket/issues",
        params={"labels": "autonomous", "state": "open", "per_page": "100"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    ).json()
    return {item["html_url"] for item in found if "pull_request" in item}


def test_a_night_from_order_to_merged_pull_requests(
    operator: Operator, hub: Repository, server: GitHubServer
) -> None:
    token = operator.environment["GITHUB_TOKEN"]
    before = operator.belongings()

    told = operator.fresh("auto", "start", "--agents", "3", "--no-approval", timeout=900).stdout

    agents = operator.report()["agents"]
    completed = [agent for agent in agents if agent["outcome"] == "completed"]  # type: ignore[attr-defined]
    assert completed, told
    assert operator.belongings() == before
    addresses = {agent["pull_request"] for agent in completed}
    assert all(address.startswith(f"{server.web}/acme/pocket/pull/") for address in addresses)
    assert listed_by_label(server, token) == addresses
    heads = hub.git.heads()
    for agent in completed:
        assert heads[agent["branch"]] == agent["commit"]
    for pull in hub.pulls:
        assert pull.pull is not None
        assert pull.pull.draft
        assert "autonomous" in pull.labels
        assert "## Evidence" in (pull.body or "")
        assert "Unreviewed" in (pull.body or "")
        pull.pull.draft = False
    merged = [server.world.merge(hub, pull.number, "ada") for pull in hub.pulls]
    assert any(merged), "not one of them merges"
    state = operator.repository / ".fresh"
    texts = [path for path in state.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]
    assert texts == []
    assert token not in operator.git("config", "--list")


def test_a_run_killed_at_every_step_to_the_pull_request_opens_it_once(
    operator: Operator, hub: Repository, server: GitHubServer, prefect_url: str
) -> None:
    # The server stays up, so that each kill hits the run alone.
    operator.environment["PREFECT_API_URL"] = prefect_url
    steps = (
        ("GET", r"service=git-receive-pack", Fate.ANSWERED),
        ("POST", r"git-receive-pack$", Fate.LOST),
        ("POST", r"/pulls$", Fate.DROPPED),
        ("POST", r"/pulls$", Fate.LOST),
        ("POST", r"pocket/labels$", Fate.LOST),
        ("POST", r"issues/1/labels$", Fate.DROPPED),
        ("POST", r"issues/1/labels$", Fate.LOST),
    )
    words = ["auto", "start", "--agents", "1", "--no-approval", "--kind", "tests"]
    running: list[subprocess.Popen[str]] = []
    for method, path, fate in steps:
        server.world.faults.append(Fault(method, path, fate, then=lambda: _kill(running[-1])))
        begun = operator.begin(*words)
        running.append(begun)
        assert begun.wait(400) == -signal.SIGKILL, begun.stdout.read() if begun.stdout else ""
        server.world.faults.clear()
        words = ["auto", "resume"]

    operator.fresh(*words, timeout=400)

    (agent,) = [one for one in operator.report()["agents"] if one["outcome"] == "completed"]  # type: ignore[attr-defined]
    (pull,) = hub.pulls
    assert agent["pull_request"].endswith(f"/acme/pocket/pull/{pull.number}")
    assert pull.labels == ["autonomous", "tests"]
    assert pull.pull is not None
    assert [name for name in hub.git.heads() if name.startswith("autonomous/")] == [pull.pull.head]


def test_what_github_refuses_at_night_is_published_by_resuming_in_the_morning(
    operator: Operator, hub: Repository, server: GitHubServer
) -> None:
    refused = Fault("POST", r"issues/\d+/labels$", Fate.ANSWERED, status=403, times=999)
    refused.body = {"message": "Resource not accessible by personal access token"}
    server.world.faults.append(refused)
    words = ("auto", "start", "--agents", "1", "--no-approval", "--kind", "tests")
    operator.fresh(*words, timeout=600, check=False)
    (agent,) = [one for one in operator.report()["agents"] if one["commit"]]  # type: ignore[attr-defined]
    assert agent["outcome"] == "parked"
    assert "open without it" in agent["failure"]

    refused.times = 0
    operator.fresh("auto", "resume", timeout=600)

    (pull,) = hub.pulls
    assert pull.labels == ["autonomous", "tests"]
    (agent,) = [one for one in operator.report()["agents"] if one["commit"]]  # type: ignore[attr-defined]
    assert agent["outcome"] == "completed"


def test_no_agent_starts_when_enough_wait_for_review(
    operator: Operator, hub: Repository, server: GitHubServer
) -> None:
    from tests.fakes.github.world import Pull

    base = hub.git.heads()[hub.default_branch]
    for number in range(2):
        issue = server.world.open_issue(hub, "ada", f"Earlier {number}", None, ["autonomous"])
        issue.pull = Pull(
            f"autonomous/old{number}-x", hub.default_branch, base, base, draft=True, tracked=False
        )
    told = operator.fresh("auto", "start", "--no-approval", "--max-open", "2", timeout=600).stdout
    assert operator.report()["agents"] == []
    assert operator.report()["stopped"] == "enough pull requests wait for review"
    assert "2 pull requests of agents wait for review, and --max-open is 2" in told + str(operator.report())
    (log,) = (operator.repository / ".fresh" / "logs").glob("orchestrator_*.log")
    assert "No further agent starts: 2 pull requests" in log.read_text()
    assert any("wait for review" in alert for alert in operator.status()["alerts"])  # type: ignore[attr-defined]


def _kill(running: subprocess.Popen[str]) -> None:
    """Kill the command from within a request of its own."""
    running.kill()
    running.wait()
