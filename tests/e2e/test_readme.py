"""Every command that README.md tells a newcomer to type is run as it stands there."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.e2e.operator import FRESH, Operator

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
TYPED = [row.removeprefix("$ ") for block in BLOCKS for row in block.splitlines() if row.startswith("$ ")]
SHOWN = [
    row.partition("#")[0].strip()
    for block in BLOCKS
    for row in block.splitlines()
    if row.startswith("fresh ")
]
MAKE = [command for command in TYPED if command.startswith("make ")]
NIGHT = [command for command in TYPED if not command.startswith("make ")]
FILES = re.findall(r"`(docs/[\w./-]+|deployments/[\w./-]+)`", README)


def test_every_command_is_run_by_a_test_of_this_module() -> None:
    first = {command.split()[0] for command in [*TYPED, *SHOWN]}
    assert first == {"make", "export", "cd", "fresh", "ls", "git"}


@pytest.mark.parametrize("command", MAKE)
def test_what_is_to_be_made_can_be_made(command: str) -> None:
    words = shlex.split(command)
    done = subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", FILES)
def test_a_file_that_it_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("command", SHOWN)
def test_a_command_that_is_shown_exists_with_its_options(operator: Operator, command: str) -> None:
    """No agent is there yet: the command is understood, and says so. Nobody has a key here, so no model is asked."""
    words = shlex.split(command)[1:]
    if words[:2] == ["auto", "start"] and "--plan" not in words:
        words.append("--plan")  # whole nights are played elsewhere
    done = operator.fresh(*words, check=False)
    if {"status", "--plan", "doctor", "learn", "lessons"} & set(words):
        assert done.returncode == 0
    else:
        assert done.returncode == 2
        assert "No run" in done.stderr, done.stderr


@pytest.mark.slow
@pytest.mark.night
@pytest.mark.timeout(900)
def test_a_night_goes_as_it_is_told(operator: Operator) -> None:
    """The commands of a night in one shell, in order; the night itself is made short."""
    script = ["set -e", f'PATH="{Path(FRESH).parent}:$PATH"', 'fresh() { command fresh "$@" || exit; }']
    for command in NIGHT:
        if command.startswith(("export PATH", "cd ")):
            continue
        if "--overnight" in command:
            command += " --hours 0.1"
        script += [f"echo {shlex.quote('$ ' + command)}", command]
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=operator.repository,
        env=operator.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stdout.count("\n$ ") + 1 == len(NIGHT) - 2
