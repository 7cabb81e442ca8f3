"""`fresh auto learn` at a GitHub of our own: what it read, in how many requests, and what follows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.main import main
from fresh.settings import Settings
from fresh.wiring import build_toolbox, using
from tests.cli.conftest import Shown
from tests.fakes.github import GitHubServer, github
from tests.fakes.github.bench import GitHubBench
from tests.fakes.github.world import Pull


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitHubServer]:
    with github(tmp_path / "hub") as running:
        yield running


@pytest.fixture
def bench(server: GitHubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubBench]:
    made = GitHubBench.set_up(server, tmp_path.resolve())
    monkeypatch.setenv("GITHUB_API_URL", server.api)
    monkeypatch.setenv("GITHUB_TOKEN", made.token)
    with using(build_toolbox(made.repository, Settings())):
        yield made


def typed(bench: GitHubBench, capsys: pytest.CaptureFixture[str], *words: str) -> Shown:
    capsys.readouterr()
    code = main((*words, "--repo", str(bench.repository)))
    return Shown(code, *capsys.readouterr())


def open_pull(bench: GitHubBench, number: int) -> int:
    labels = ("autonomous", "tests")
    issue = bench.server.world.open_issue(bench.hub, "ada", f"Change {number}", "Evidence.", labels)
    issue.pull = Pull(f"autonomous/{number:08d}-x", "main", "a" * 40, "b" * 40, draft=True, tracked=False)
    return issue.number


def test_it_says_what_it_read_and_in_how_many_requests(
    bench: GitHubBench, capsys: pytest.CaptureFixture[str]
) -> None:
    world = bench.server.world
    first, second, third = (open_pull(bench, number) for number in range(3))
    world.comment(bench.hub, first, "ben", "Never print here.")
    world.review(bench.hub, second, "ben", "CHANGES_REQUESTED", "Please split this test.")
    world.close(bench.hub, third, "ben")

    shown = typed(bench, capsys, "auto", "learn")

    assert (shown.code, shown.err) == (0, "")
    assert shown.out.splitlines() == [
        "6 requests (0 unchanged) brought 3 pull requests and 2 remarks: 2 new lessons, 1 revisions to make.",
        "  tests: 0 of 1 closed were merged",
        "See: fresh lessons list",
    ]
    again = typed(bench, capsys, "auto", "learn").out
    assert again.startswith("3 requests (3 unchanged) brought 0 pull requests and 0 remarks: 0 new lessons")
    listed = typed(bench, capsys, "lessons", "list").out
    assert "Never print here." in listed
    assert "Please split this test." in listed


def test_without_a_token_it_says_that_there_is_nothing_to_read_from(
    bench: GitHubBench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    with using(build_toolbox(bench.repository, Settings())):
        shown = typed(bench, capsys, "auto", "learn")
    assert shown.code == 0
    assert shown.out.startswith("There is no GitHub to read from")
    assert bench.server.world.requests == []
