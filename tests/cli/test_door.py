"""What `fresh` does with what was typed, whatever goes wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

import cli.status
from cli.auto import auto
from cli.lazy import LazyGroup
from cli.main import main, root
from fresh.errors import OperatorMistake, Refusal
from tests.cli.conftest import Terminal

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("group", [root, auto], ids=["fresh", "fresh auto"])
def test_every_command_is_there_and_its_line_of_help_is_its_own(group: LazyGroup) -> None:
    context = click.Context(group)
    for name, (_, line) in group.known.items():
        command = group.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str(200) == line


def test_the_guides_commands_and_options_are_all_there() -> None:
    assert {"start", "status", "approve", "stop"} <= set(auto.known)
    start = auto.get_command(click.Context(auto), "start")
    assert start is not None
    options = {name for option in start.params for name in option.opts}
    assert {"--agents", "--budget", "--overnight", "--hours", "--no-approval", "--strategy"} <= options


def test_help_needs_no_heavy_library() -> None:
    for words in (["--help"], ["auto", "--help"], ["auto", "status"]):
        program = f"import sys; from cli.main import main; main({words!r}); print(*sys.modules)"
        ended = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
        )
        loaded = set(ended.stdout.splitlines()[-1].split())
        assert not loaded & {"prefect", "sqlalchemy", "pydantic", "rich", "libcst", "git", "openai"}


@pytest.mark.parametrize(
    "words", [["nonsense"], ["auto", "nonsense"], ["auto", "approve"], ["auto", "status", "--format", "xml"]]
)
def test_what_can_not_be_typed_ends_with_two(terminal: Terminal, words: list[str]) -> None:
    shown = terminal.type(*words)
    assert shown.code == 2
    assert "Traceback" not in shown.err


def test_outside_of_a_repository_every_command_says_so(terminal: Terminal, tmp_path: Path) -> None:
    for words in (["status"], ["start"], ["stop"], ["report"], ["approve", "abc"]):
        shown = terminal.type("auto", *words, "--repo", str(tmp_path))
        assert shown.code == 2
        assert f"{tmp_path} is not inside a git repository.\nHint: " in shown.err


def test_an_address_that_was_not_cloned_yet_is_said_with_the_command_that_does(terminal: Terminal) -> None:
    for url in ("https://github.com/o/r.git", "git@github.com:o/r.git"):
        shown = terminal.type("auto", "status", "--repo", url)
        assert shown.code == 2
        assert "has not been cloned here yet" in shown.err
        assert "fresh auto start --repo URL" in shown.err


def test_an_address_that_is_none_is_said_without_its_password(terminal: Terminal) -> None:
    shown = terminal.type("auto", "start", "--repo", "https://ada:secret@github.com/only-one")
    assert shown.code == 2
    assert "no address of a repository" in shown.err
    assert "secret" not in shown.err


def test_a_command_works_from_below_the_root_too(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    below = terminal.repository / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert terminal.type("auto", "status").code == 0


@pytest.mark.parametrize(
    ("trouble", "code", "said"),
    [
        (OperatorMistake("Nothing fits.", hint="Type more."), 2, "Nothing fits.\nHint: Type more.\n"),
        (Refusal("A rule said no."), 1, "A rule said no.\n"),
        (KeyboardInterrupt(), 130, ""),
        (ZeroDivisionError("by zero\nand more"), 1, "Fresh broke: ZeroDivisionError: by zero.\nHint: "),
    ],
)
def test_every_error_is_one_sentence_and_a_code(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, trouble: BaseException, code: int, said: str
) -> None:
    def break_off(_: object) -> None:
        raise trouble

    monkeypatch.setattr(cli.status, "read_status", break_off)
    shown = terminal.type("auto", "status")
    assert shown.code == code
    assert said in shown.err
    assert "Traceback" not in shown.err


def test_a_developer_gets_the_traceback(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli.status, "read_status", break_off)
    monkeypatch.setenv("FRESH_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["auto", "status"])


@pytest.mark.parametrize("words", [["auto", "--help"], ["auto", "status"]])
def test_a_reader_that_has_gone_away_is_no_trouble(terminal: Terminal, words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [sys.executable, "-m", "cli.main", *words],
        cwd=terminal.repository,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (1, "")


def test_a_terminal_without_unicode_gets_an_answer_too(terminal: Terminal) -> None:
    from tests.fakes.story import a_run

    journal = terminal.journal()
    journal.open_run(a_run(repository=str(terminal.repository)))
    journal.close()
    ended = subprocess.run(
        [sys.executable, "-m", "cli.main", "auto", "status"],
        cwd=terminal.repository,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Cost: $0.00 / $10.00" in ended.stdout


def test_no_module_of_the_door_is_loaded_by_name_that_does_not_exist() -> None:
    for group in (root, auto):
        for target, _ in group.known.values():
            module, _, attribute = target.partition(":")
            assert isinstance(getattr(import_module(module), attribute), click.Command)


def test_an_error_shows_no_key_of_ours(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "sk-" + "Qz7" * 12
    monkeypatch.setenv("OPENAI_API_KEY", key)

    def broken(**_: object) -> None:
        raise Refusal(f"The server said: bad key {key}.", hint=f"It was {key}.")

    command = auto.get_command(click.Context(auto), "status")
    assert command is not None
    monkeypatch.setattr(command, "callback", broken)
    shown = terminal.type("auto", "status")
    assert shown.code == 1
    assert shown.err == "The server said: bad key [secret].\nHint: It was [secret].\n"
