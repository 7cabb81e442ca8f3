"""The fake GitHub refuses what GitHub refuses, in its words, and git sees the same branches as the API."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import github as vendor
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from github.Repository import Repository as Remote

from tests.fakes.github import Fate, Fault, GitHubServer, Repository, github


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitHubServer]:
    with github(tmp_path / "hub") as running:
        yield running


@pytest.fixture
def shop(server: GitHubServer) -> Repository:
    made = server.world.add_repository("acme/shop", roles={"ada": "write", "ben": "write", "eve": "read"})
    made.git.commit("main", {"shop.py": "x = 1\n"})
    made.git.run("branch", "topic", "main")
    made.git.commit("topic", {"shop.py": "x = 2\n"})
    return made


def client(server: GitHubServer, token: str) -> vendor.Github:
    return vendor.Github(
        auth=vendor.Auth.Token(token),
        base_url=server.api,
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
    )


@pytest.fixture
def remote(server: GitHubServer, shop: Repository) -> Remote:
    return client(server, server.world.add_token("ada", scopes={"repo"})).get_repo("acme/shop")


def why(act: object) -> str:
    with pytest.raises(vendor.GithubException) as raised:
        act()  # type: ignore[operator]
    return f"{raised.value.status} {raised.value.data}"


def test_a_head_has_one_open_pull_request(remote: Remote) -> None:
    made = remote.create_pull(base="main", head="topic", title="T", body="B", draft=True)
    assert made.draft
    assert made.number == 1
    again = why(lambda: remote.create_pull(base="main", head="topic", title="T"))
    assert again.startswith("422")
    assert "A pull request already exists for acme:topic." in again


def test_an_empty_head_and_a_missing_one_are_refused(remote: Remote, shop: Repository) -> None:
    shop.git.run("branch", "same", "main")
    assert "No commits between main and same" in why(
        lambda: remote.create_pull(base="main", head="same", title="T")
    )
    missing = why(lambda: remote.create_pull(base="main", head="nowhere", title="T"))
    assert "'field': 'head'" in missing


def test_nobody_judges_their_own_pull_request(remote: Remote, server: GitHubServer) -> None:
    made = remote.create_pull(base="main", head="topic", title="T")
    assert "Can not approve your own pull request" in why(lambda: made.create_review(event="APPROVE"))
    ben = client(server, server.world.add_token("ben", scopes={"repo"})).get_repo("acme/shop")
    ben.get_pull(1).create_review(event="REQUEST_CHANGES", body="Use the parser.")
    assert [(r.user.login, r.state) for r in made.get_reviews()] == [("ben", "CHANGES_REQUESTED")]


def test_bad_labels_are_refused(remote: Remote) -> None:
    assert "already_exists" in why(lambda: remote.create_label("bug", "ff0000"))
    assert "color" in why(lambda: remote.create_label("x", "red"))
    remote.create_pull(base="main", head="topic", title="T")
    assert "422" in why(lambda: remote.get_issue(1).add_to_labels("x" * 51))


def test_a_missing_scope_is_not_found_and_a_missing_permission_is_named(
    server: GitHubServer, shop: Repository
) -> None:
    narrow = client(server, server.world.add_token("ada", scopes={"gist"})).get_repo("acme/shop")
    assert why(lambda: narrow.create_label("x", "ff0000")).startswith("404")
    fine = server.world.add_token("ada", permissions={"contents": "write"})
    there = client(server, fine).get_repo("acme/shop")
    assert "Resource not accessible by personal access token" in why(
        lambda: there.create_label("x", "ff0000")
    )
    reader = client(server, server.world.add_token("eve", scopes={"repo"})).get_repo("acme/shop")
    assert "403" in why(lambda: reader.create_label("x", "ff0000"))
    assert why(lambda: client(server, "ghp_wrong").get_repo("acme/shop")).startswith("401")


def test_lists_come_in_pages(remote: Remote, server: GitHubServer, shop: Repository) -> None:
    for number in range(35):
        server.world.open_issue(shop, "ada", f"Issue {number}", "text")
    before = len(server.world.requests)
    assert len(list(remote.get_issues())) == 35
    assert len(server.world.requests) - before == 2


def test_a_conditional_request_costs_nothing(server: GitHubServer, shop: Repository) -> None:
    token = server.world.add_token("ada", scopes={"repo"})
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{server.api}/repos/acme/shop/issues"
    first = requests.get(url, headers=headers, timeout=5)
    again = requests.get(url, headers={**headers, "If-None-Match": first.headers["ETag"]}, timeout=5)
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert first.headers["X-RateLimit-Remaining"] == again.headers["X-RateLimit-Remaining"]
    assert first.headers["X-OAuth-Scopes"] == "repo"
    server.world.open_issue(shop, "ada", "New", None)
    changed = requests.get(url, headers={**headers, "If-None-Match": first.headers["ETag"]}, timeout=5)
    assert changed.status_code == 200


def test_both_rate_limits_are_told_apart(remote: Remote, server: GitHubServer) -> None:
    server.world.limits.writes = 1
    server.world.limits.wait = 7
    remote.create_label("one", "ff0000")
    with pytest.raises(vendor.RateLimitExceededException) as raised:
        remote.create_label("two", "ff0000")
    assert (raised.value.headers or {})["retry-after"] == "7"
    server.world.limits.hourly = 0
    other = server.world.add_token("ben", scopes={"repo"})
    with pytest.raises(vendor.RateLimitExceededException) as raised:
        client(server, other).get_repo("acme/shop")
    assert (raised.value.headers or {})["x-ratelimit-remaining"] == "0"


def test_a_reply_can_be_lost_after_the_effect(remote: Remote, server: GitHubServer, shop: Repository) -> None:
    server.world.faults.append(Fault("POST", r"/pulls$", Fate.LOST))
    with pytest.raises(requests.ConnectionError):
        remote.create_pull(base="main", head="topic", title="T")
    assert len(shop.open_pulls()) == 1


def test_an_app_gets_a_token_for_its_installation(server: GitHubServer, shop: Repository) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
    app, installation = server.world.add_app(public, ["acme/shop"])
    auth = vendor.Auth.AppAuth(app, private).get_installation_auth(installation)
    hub = vendor.Github(auth=auth, base_url=server.api, retry=None)
    hub.get_repo("acme/shop").create_pull(base="main", head="topic", title="T")
    assert shop.open_pulls()[0].author == "fresh-agents[bot]"


def git(*words: str, token: str = "", cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_GLOBAL": "/dev/null"}
    if token:
        environment |= {"GIT_ASKPASS": "/bin/echo", "GIT_CONFIG_COUNT": "1"}
        environment |= {"GIT_CONFIG_KEY_0": "credential.helper"}
        environment |= {
            "GIT_CONFIG_VALUE_0": f"!f() {{ echo username=x-access-token; echo password={token}; }}; f"
        }
    return subprocess.run(["git", *words], cwd=cwd, env=environment, capture_output=True, text=True)


def test_a_push_with_a_token_makes_the_branch_that_the_api_sees(
    server: GitHubServer, shop: Repository, remote: Remote, tmp_path: Path
) -> None:
    url = server.clone_url(shop)
    assert git("clone", "-q", url, "copy", cwd=tmp_path).returncode == 0
    copy = tmp_path / "copy"
    assert git("push", "-q", url, "origin/topic:refs/heads/pushed", cwd=copy).returncode != 0
    wrong = git("push", "-q", url, "origin/topic:refs/heads/pushed", token="ghp_wrong", cwd=copy)
    assert wrong.returncode != 0
    token = server.world.add_token("ada", scopes={"repo"})
    done = git("push", "-q", url, "origin/topic:refs/heads/pushed", token=token, cwd=copy)
    assert done.returncode == 0, done.stderr
    assert remote.get_branch("pushed").commit.sha == shop.git.heads()["topic"]


def test_merging_moves_the_base_and_a_draft_is_not_merged(remote: Remote, shop: Repository) -> None:
    draft = remote.create_pull(base="main", head="topic", title="T", draft=True)
    assert "still a draft" in why(draft.merge)
    draft.mark_ready_for_review()
    assert remote.get_pull(1).merge().merged
    assert remote.get_pull(1).merged
    assert shop.git.run("show", "main:shop.py") == "x = 2"
