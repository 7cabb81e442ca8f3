"""The shell scripts that prepare a machine, each with a PATH of its own on which programs write down their calls."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Machine:
    """A PATH with nothing on it but what a test puts there, and a log of what was called."""

    bin: Path
    log: Path

    def put(self, name: str, script: str) -> None:
        program = self.bin / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    def recording(self, name: str, then: str = "") -> None:
        self.put(name, f'echo "{name} $*" >> {self.log}\n{then}')

    def run(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", str(ROOT / "deployments" / script), *arguments],
            env={"PATH": str(self.bin), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "bin").mkdir()
    made = Machine(tmp_path / "bin", tmp_path / "log")
    for name in ("env", "dirname", "grep"):
        (made.bin / name).symlink_to(f"/usr/bin/{name}")
    made.put("id", "echo 0")
    return made


def test_a_package_is_installed_without_asking(machine: Machine) -> None:
    machine.recording("apt-get", '[ "$DEBIAN_FRONTEND" = noninteractive ]')
    assert machine.run("apt.sh", "bubblewrap").returncode == 0
    assert len(machine.calls()) == 1
    assert machine.calls()[0].startswith("apt-get install -y ")
    assert machine.calls()[0].endswith(" bubblewrap")


def test_missing_package_lists_are_fetched_before_a_second_try(machine: Machine) -> None:
    machine.recording("apt-get", f'[ "$1" = update ] || /bin/grep -q "apt-get update" {machine.log}')
    assert machine.run("apt.sh", "bubblewrap").returncode == 0
    assert [call.split()[1] for call in machine.calls()] == ["install", "update", "install"]


def test_a_package_that_cannot_be_installed_is_an_error(machine: Machine) -> None:
    machine.recording("apt-get", "exit 100")
    assert machine.run("apt.sh", "bubblewrap").returncode != 0


def test_an_ordinary_user_goes_through_sudo(machine: Machine) -> None:
    machine.put("id", "echo 1000")
    machine.recording("sudo", '[ "$1" = env ] && shift 2; exec "$@"')
    machine.recording("apt-get")
    assert machine.run("apt.sh", "bubblewrap").returncode == 0
    assert [call.split()[0] for call in machine.calls()] == ["sudo", "apt-get"]


def test_without_root_and_sudo_the_package_is_named(machine: Machine) -> None:
    machine.put("id", "echo 1000")
    machine.recording("apt-get")
    ended = machine.run("apt.sh", "bubblewrap")
    assert ended.returncode == 1
    assert "apt-get install bubblewrap" in ended.stderr
    assert machine.calls() == []


def test_a_machine_without_apt_is_told_what_is_missing(machine: Machine) -> None:
    ended = machine.run("apt.sh", "bubblewrap")
    assert ended.returncode == 1
    assert "bubblewrap" in ended.stderr


def test_a_shim_for_a_python_that_is_not_installed_is_passed_over(machine: Machine) -> None:
    machine.recording("python3.11", "echo 'pyenv: python3.11: command not found' >&2; exit 127")
    machine.put("python3", f'exec {sys.executable} "$@"')
    found = machine.run("find_python.sh")
    assert found.returncode == 0
    assert Path(found.stdout.strip()).is_absolute()
    assert machine.calls(), "the shim was never tried"
    version = subprocess.run(
        [found.stdout.strip(), "-c", "import sys; print(sys.version_info >= (3, 11))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert version.stdout == "True\n"


def test_a_python_that_is_named_comes_first(machine: Machine) -> None:
    found = machine.run("find_python.sh", PYTHON=sys.executable)
    assert found.stdout.strip() == sys.executable


def test_every_goal_of_the_makefile_is_explained_by_help() -> None:
    text = (ROOT / "Makefile").read_text()
    asked = {"help", "setup", "start", "quick", "test", "lint", "bench", "lock", "clean"}
    shown = subprocess.run(
        ["make", "--no-print-directory"],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if not key.startswith("MAKE")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for goal in asked:
        assert f".PHONY: {goal}\n" in text
        assert f"make {goal} " in shown


def test_continuous_integration_runs_make_test_and_can_be_executed() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines()[-1] == "exec make --no-print-directory test </dev/null"
