"""A repository that is named by its address is cloned once, follows its remote, and publishes like any other."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fresh.errors import ForgeRefused, OperatorMistake
from fresh.whereabouts import clone_of, repository_of
from fresh.wiring import bring
from tests.fakes.github import GitHubServer, Repository, github


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    with github(tmp_path / "hub") as running:
        monkeypatch.setenv("FRESH_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("GITHUB_API_URL", running.api)
        monkeypatch.setenv("GITHUB_TOKEN", running.world.add_token("ada", scopes={"repo"}))
        yield running


@pytest.fixture
def shop(server: GitHubServer) -> Repository:
    made = server.world.add_repository("acme/shop", private=True, roles={"ada": "write"})
    made.git.commit("main", {"shop.py": "x = 1\n", "sub/other.py": "y = 1\n"})
    return made


def git(place: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=place, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_an_address_becomes_a_clone_on_the_default_branch_without_the_token(
    server: GitHubServer, shop: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.clone_url(shop)
    place = bring(url)
    assert place.is_relative_to(tmp_path / "home" / "repositories")
    assert (place / "shop.py").read_text() == "x = 1\n"
    assert git(place, "rev-parse", "HEAD") == shop.git.heads()["main"]
    assert git(place, "symbolic-ref", "--short", "HEAD") == "main"
    assert git(place, "status", "--porcelain") == ""
    assert git(place, "config", "remote.origin.url") == url
    token = next(iter(server.world.tokens))
    texts = [path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert not any(token.encode() in text for text in texts)
    assert repository_of(url) == place


def test_brought_again_it_stands_where_the_remote_does_and_keeps_the_agents_branches(
    server: GitHubServer, shop: Repository
) -> None:
    place = bring(server.clone_url(shop))
    git(place, "branch", "autonomous/abc12345-x")
    later = shop.git.commit("main", {"shop.py": "x = 2\n"})
    assert bring(server.clone_url(shop)) == place
    assert git(place, "rev-parse", "HEAD") == later
    assert (place / "shop.py").read_text() == "x = 2\n"
    assert git(place, "branch", "--list", "autonomous/*")


def test_a_clone_that_died_half_made_is_made_again(server: GitHubServer, shop: Repository) -> None:
    place = clone_of(server.clone_url(shop))
    making = place.parent / ".shop.making"
    making.mkdir(parents=True)
    (making / "rubbish").write_text("half")
    assert not (bring(server.clone_url(shop)) / "rubbish").exists()


def test_without_rights_an_empty_one_and_a_wrong_address_are_one_sentence(
    server: GitHubServer, shop: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.world.add_repository("acme/empty")
    with pytest.raises(OperatorMistake, match="no commits yet"):
        bring(f"{server.web}/acme/empty.git")
    with pytest.raises(OperatorMistake, match="no address of a repository"):
        bring("https://ada:secret@127.0.0.1/only-one")
    with pytest.raises(OperatorMistake, match="not been cloned"):
        repository_of(f"{server.web}/acme/other")
    monkeypatch.delenv("GITHUB_TOKEN")
    with pytest.raises(ForgeRefused):
        bring(server.clone_url(shop))
