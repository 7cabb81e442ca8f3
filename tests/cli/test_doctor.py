"""The doctor on repositories with and without what a run needs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import cli.doctor
import cli.examining
from cli.doctor import finding_line
from cli.examining import (
    Finding,
    Mark,
    examine_branches,
    examine_git,
    examine_identity,
    examine_model,
    examine_python,
)
from cli.place import Place
from cli.trial import try_server
from fresh.errors import SandboxUnavailable
from fresh.settings import Settings
from tests.cli.conftest import Terminal, git


@pytest.fixture
def place(terminal: Terminal) -> Place:
    return Place(terminal.repository, terminal.home)


def test_a_repository_with_a_commit_is_fine(place: Place) -> None:
    finding = examine_git(place)
    assert finding.mark is Mark.OK
    assert git(place.repository, "rev-parse", "HEAD")[:10] in finding.fact


def test_a_repository_without_a_commit_is_not(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    finding = examine_git(Place(tmp_path, tmp_path / ".fresh"))
    assert finding.mark is Mark.MISSING
    assert finding.fix


def test_what_keeps_branches_from_being_made_is_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not list(examine_branches(place))
    with monkeypatch.context() as patched:
        patched.setattr("os.access", lambda path, mode: Path(path).name != "refs")
        (unwritable,) = examine_branches(place)
    assert unwritable.mark is Mark.MISSING
    assert (
        unwritable.fact
        == f"{place.repository}/.git/refs can't be written, so no branch autonomous/* can be made"
    )
    git(place.repository, "branch", "autonomous")
    (taken,) = examine_branches(place)
    assert taken.mark is Mark.MISSING
    assert taken.fact.startswith("The branch 'autonomous' of ")
    assert taken.fix == f"Rename it: git -C {place.repository} branch -m autonomous autonomous-old"


def test_without_git_there_is_a_fix(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert examine_git(place) == Finding("git", Mark.MISSING, "git does not run", "apt-get install git")


def test_an_identity_is_optional_and_its_absence_is_named(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert examine_identity(place) == Finding("git identity", Mark.OK, "Ada Lovelace <ada@example.com>")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    git(place.repository, "config", "--unset", "user.email")
    finding = examine_identity(place)
    assert finding.mark is Mark.OPTIONAL
    assert finding.fact.startswith("user.email not set")


def test_the_repositorys_own_python_comes_before_its_metadata(place: Place) -> None:
    assert examine_python(place).mark is Mark.OPTIONAL
    (place.repository / "pyproject.toml").touch()
    assert examine_python(place).fact == "an environment is built once from pyproject.toml"
    (place.repository / ".venv" / "bin").mkdir(parents=True)
    (place.repository / ".venv" / "bin" / "python").touch()
    assert str(place.repository / ".venv/bin/python") in examine_python(place).fact


def test_a_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "geheim")
    findings = [*examine_model(Settings())]
    assert [finding.mark for finding in findings] == [Mark.OK]
    assert "geheim" not in "".join(map(finding_line, findings))


def test_services_that_are_not_configured_are_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "GITHUB_TOKEN", "SLACK_BOT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    findings = [*examine_model(Settings())]
    assert {finding.mark for finding in findings} == {Mark.OPTIONAL}


def test_a_model_is_named_with_what_its_first_request_can_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    (finding,) = examine_model(Settings())
    assert finding.mark is Mark.OK
    assert finding.fact.startswith("gpt-5-mini at OpenAI; a first request costs at most $0.0")


@pytest.mark.parametrize(
    ("environment", "fact", "fix"),
    [
        ({"FRESH_MODEL": "home-grown"}, "No price is known for the model 'home-grown'", "FRESH_PRICE_INPUT"),
        ({}, "No model is named for the server http://gpu.example:8000/v1", "FRESH_MODEL"),
        (
            {"FRESH_MODEL": "m", "FRESH_PRICE_INPUT": "0", "FRESH_PRICE_OUTPUT": "0"},
            "A price of 0 is not believed for the server",
            "FRESH_SELF_HOSTED=true",
        ),
        (
            {"FRESH_MODEL": "m", "FRESH_PRICE_INPUT": "1"},
            "Only one of FRESH_PRICE_INPUT and FRESH_PRICE_OUTPUT is set",
            "Set both",
        ),
    ],
)
def test_a_model_that_can_not_be_priced_is_missing_something(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], fact: str, fix: str
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://gpu.example:8000/v1")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (finding,) = examine_model(Settings())
    assert finding.mark is Mark.MISSING
    assert fact in finding.fact
    assert fix in finding.fix


def test_a_missing_sandbox_ends_with_one_and_shows_the_fix(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise SandboxUnavailable("bubblewrap is not installed.", hint="apt-get install bubblewrap")

    monkeypatch.setattr(cli.examining, "_probe_sandbox", refuse)
    monkeypatch.setattr(cli.examining, "_reach_server", lambda *_: "answers")
    shown = terminal.type("doctor")
    assert shown.code == 1
    assert "❌ sandbox: bubblewrap is not installed -> apt-get install bubblewrap\n" in shown.out
    assert shown.out.endswith("\n1 missing.\n")
    assert "➖ tests: " not in shown.out
    assert "✅ tests: python -m pytest, because the repository has no test files\n" in shown.out


@pytest.mark.skipif(os.geteuid() != 0, reason="the form on Landlock is root's alone")
def test_a_sandbox_that_was_chosen_and_is_weaker_says_so(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRESH_SANDBOX", "landlock")
    monkeypatch.setattr(cli.examining, "_reach_server", lambda *_: "answers")
    shown = terminal.type("doctor")
    (line,) = [line for line in shown.out.splitlines() if "sandbox: " in line]
    assert line.startswith("✅ sandbox: Landlock (ABI ")
    assert "chosen by FRESH_SANDBOX=landlock and weaker than bubblewrap" in line
    assert "no sockets (not even loopback)" in line


def test_a_machine_that_has_everything_ends_with_zero(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.examining, "_probe_sandbox", lambda *_: "contained")
    monkeypatch.setattr(cli.examining, "_reach_server", lambda *_: "answers")
    shown = terminal.type("doctor")
    assert shown.code == 0
    assert shown.out.endswith("\nReady: fresh auto start\n")


@pytest.mark.slow
def test_the_sandbox_and_the_server_are_really_tried(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr(cli.examining, "try_server", lambda: try_server(shelf=tmp_path / "no trial yet"))
    shown = terminal.type("doctor")
    assert shown.code == 0, shown.out
    assert "✅ sandbox: bubblewrap" in shown.out
    assert "it was started and ended as a trial" in shown.out
    assert git(terminal.repository, "status", "--porcelain") == ""
