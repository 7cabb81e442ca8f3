"""The doctor tries GitHub for real: one line each, with the fix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.doctor import finding_line
from cli.examining import Finding, Mark
from cli.examining_github import examine_github
from cli.place import Place
from fresh.settings import Settings
from tests.fakes.github import GitHubServer, github
from tests.fakes.github.bench import GitHubBench


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitHubServer]:
    with github(tmp_path / "hub") as running:
        yield running


@pytest.fixture
def bench(server: GitHubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitHubBench:
    made = GitHubBench.set_up(server, tmp_path)
    monkeypatch.setenv("GITHUB_API_URL", server.api)
    monkeypatch.setenv("GITHUB_TOKEN", made.token)
    return made


def found(bench: GitHubBench) -> dict[str, Finding]:
    place = Place(bench.repository, bench.state)
    return {finding.name: finding for finding in examine_github(place, Settings())}


def test_all_is_well_and_nothing_is_left_behind(bench: GitHubBench) -> None:
    bench.hub.protected["main"] = {"required_pull_request_reviews": {}}
    before = bench.hub.git.heads()
    findings = found(bench)
    assert {finding.mark for finding in findings.values()} == {Mark.OK}
    assert findings["GitHub"].fact == "acme/shop at 127.0.0.1"
    assert findings["GitHub token"].fact == "classic, scopes repo"
    assert findings["GitHub branch protection"].fact == "main is protected"
    assert "will be made" in findings["GitHub label"].fact
    assert bench.hub.git.heads() == before
    assert not bench.state.exists()
    assert bench.token not in "".join(map(finding_line, findings.values()))


def test_a_base_without_protection_is_a_warning_with_the_address_of_the_fix(bench: GitHubBench) -> None:
    finding = found(bench)["GitHub branch protection"]
    assert finding.mark is Mark.OPTIONAL
    assert "main is not protected" in finding.fact
    assert finding.fix.endswith("/acme/shop/settings/branches")
    bench.hub.rules["main"] = [{"type": "pull_request", "ruleset_id": 1}]
    assert found(bench)["GitHub branch protection"].mark is Mark.OK


def test_missing_scopes_are_named(bench: GitHubBench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.hub.private = False
    monkeypatch.setenv("GITHUB_TOKEN", bench.server.world.add_token("ada", scopes={"gist"}))
    findings = found(bench)
    assert findings["GitHub token"].mark is Mark.MISSING
    assert "its scopes are gist; it lacks public_repo or repo" in findings["GitHub token"].fact
    assert findings["GitHub push"].mark is Mark.MISSING
    assert "Contents" in findings["GitHub token"].fix


def test_a_fine_grained_token_that_may_not_push_is_found_by_the_dry_run(
    bench: GitHubBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = bench.server.world.add_token("ada", permissions={"contents": "read", "pull_requests": "write"})
    monkeypatch.setenv("GITHUB_TOKEN", token)
    findings = found(bench)
    assert findings["GitHub token"].fact == "fine-grained"
    assert findings["GitHub push"].mark is Mark.MISSING
    assert "Contents: write" in findings["GitHub push"].fix


@pytest.mark.parametrize("token", ["ghp_wrong", "x"])
def test_a_wrong_token_is_one_line(bench: GitHubBench, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", token)
    findings = found(bench)
    assert list(findings) == ["GitHub"]
    assert findings["GitHub"].mark is Mark.MISSING
    assert "401" in findings["GitHub"].fact


def test_a_commit_that_was_not_pushed_is_missing_and_one_behind_is_fine(bench: GitHubBench) -> None:
    bench.hub.git.commit("main", {"later.py": "z = 3\n"})
    assert "is on main at GitHub" in found(bench)["GitHub base"].fact
    (bench.repository / "mine.py").write_text("secret = 1\n")
    bench.git("add", ".")
    bench.git("commit", "-qm", "Mine")
    finding = found(bench)["GitHub base"]
    assert (finding.mark, finding.fix) == (Mark.MISSING, "git push")


def test_no_token_and_no_remote_are_optional(bench: GitHubBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    (finding,) = found(bench).values()
    assert finding.mark is Mark.OPTIONAL
    assert finding.fix == "export GITHUB_TOKEN=..."
    bench.git("remote", "remove", "origin")
    (finding,) = found(bench).values()
    assert finding.mark is Mark.OPTIONAL
