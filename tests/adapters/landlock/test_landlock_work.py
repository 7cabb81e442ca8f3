"""Ordinary work goes on in this form: a project's tests, its git, its environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from fresh.adapters.landlock.alternates import borrowed
from fresh.adapters.landlock.paths import Moves
from fresh.adapters.landlock.venvs import lend_scripts, put_back
from fresh.adapters.landlock_sandbox import LandlockSandbox
from fresh.adapters.pip_environment import PipEnvironments
from fresh.domain.evidence import TestOutcome
from fresh.errors import SandboxUnavailable
from fresh.ports import Command, Mount
from fresh.proving.commands import find_command
from fresh.proving.rig import Rig
from tests.fakes.laboratory import Lab
from tests.lean import lean_python
from tests.proving.target import Target

FILES: dict[str, str | bytes] = {
    "pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = ['tests']\n",
    "src/pocket/__init__.py": "",
    "src/pocket/cli.py": "def main():\n    print('hi')\n\n\nif __name__ == '__main__':\n    main()\n",
    "tests/test_pocket.py": """
import subprocess, sys, tempfile
from pathlib import Path
from pocket import cli

HERE = Path(__file__).resolve().parents[1]

def test_the_tree_is_tested():
    assert Path(cli.__file__).resolve().parents[2] == HERE

def test_temporary_files(tmp_path):
    (tmp_path / "x").write_text("y")
    assert Path(tempfile.gettempdir()) in tmp_path.parents

def test_children():
    assert subprocess.check_output([sys.executable, "-m", "pocket.cli"], text=True) == "hi\\n"

def test_git():
    def git(*words): return subprocess.run(["git", *words], capture_output=True, text=True, cwd=HERE)
    assert len(git("log", "--oneline").stdout.splitlines()) == 1
    assert (git("status", "--short").stdout, git("status").stderr) == ("", "")
    Path(HERE, "new").write_text("x")
    assert git("add", "new").returncode == git("commit", "-qm", "new").returncode == 0

def test_files_of_the_operator(): open(%r).close()
""",
}


def reachable_python() -> str | None:
    """Find an interpreter of our version that every user may start; our own often lies in a closed home."""
    for base in (Path(sys.base_prefix, "bin/python3"), Path("/usr/bin/python3")):
        asked = [base, "-c", f"import sys; assert sys.version_info[:2] == {sys.version_info[:2]}"]
        with suppress(OSError):
            tried = subprocess.run(
                asked, user=65533, group=65533, extra_groups=[], cwd="/", check=False, capture_output=True
            )
            if tried.returncode == 0:
                return str(base)
    return None


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="this form is root's alone")


@pytest.fixture
def python(open_place: Path) -> Path:
    base = reachable_python()
    if base is None:
        pytest.skip("no interpreter of our version can be started by every user")
    venv = open_place / "venv"
    subprocess.run([base, "-m", "venv", "--without-pip", venv], check=True)
    (site,) = venv.glob("lib/python*/site-packages")
    (full,) = Path(lean_python()).parent.parent.glob("lib/python*/site-packages")
    shutil.copytree(full, site, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "pip*"))
    return venv / "bin/python"


@needs_root
def test_the_tests_of_a_project_run_on_its_tree_and_not_on_the_operators_files(
    open_place: Path, python: Path
) -> None:
    operators = open_place / "repository/src/pocket/cli.py"
    files = {
        **FILES,
        "tests/test_pocket.py": str(FILES["tests/test_pocket.py"]).replace("%r", repr(str(operators))),
    }
    target, base = Target.make(open_place, files)
    (site,) = python.parent.parent.glob("lib/python*/site-packages")
    (site / "__editable__.pocket.pth").write_text(f"{target.repository.path}/src\n")
    sandbox = LandlockSandbox(target.state)
    environment = PipEnvironments(target.workspace, sandbox, target.state).prepare(base, str(python))
    paths = tuple(entry.path for entry in target.workspace.entries(base))
    command = find_command(paths, lambda path: target.workspace.read(base, path).decode(), None)
    rig = Rig(target.workspace, sandbox, environment, command, target.state, 120.0)
    run = rig.run_fresh("checked", base, coverage=True)
    outcomes = {test.rpartition("::")[2]: outcome for test, outcome in run.outcomes.items()}
    assert outcomes == {
        "test_the_tree_is_tested": TestOutcome.PASSED,
        "test_temporary_files": TestOutcome.PASSED,
        "test_children": TestOutcome.PASSED,
        "test_git": TestOutcome.PASSED,
        "test_files_of_the_operator": TestOutcome.FAILED,
    }, run.tail
    assert "PermissionError" in run.tail
    assert run.covered["src/pocket/cli.py"] == (1, 2, 5, 6)


@needs_root
def test_a_python_in_a_closed_home_is_named_with_the_fix(weaker_lab: Lab, open_place: Path) -> None:
    (open_place / "home").mkdir(mode=0o700)
    (open_place / "home/python").mkdir()
    shown = (Mount(open_place / "home/python", str(open_place / "home/python")),)
    with pytest.raises(
        SandboxUnavailable, match=r"may not read .*, below .*/home, whose mode is 0700"
    ) as refused:
        weaker_lab.shell("true", mounts=shown)
    assert "FRESH_HOME" in refused.value.hint


@needs_root
def test_threads_pairs_and_subprocesses_work_and_servers_do_not(weaker_lab: Lab) -> None:
    finished = weaker_lab.python(
        "import asyncio, multiprocessing, socket, subprocess, tempfile, threading\n"
        "thread = threading.Thread(target=print, args=('thread',)); thread.start(); thread.join()\n"
        "print(subprocess.check_output(['echo', 'child'], text=True).strip())\n"
        "print(asyncio.run(asyncio.sleep(0, 'async')))\n"
        "one, other = socket.socketpair(); one.send(b'pair'); print(other.recv(9).decode())\n"
        "process = multiprocessing.Process(target=print, args=('process',)); process.start(); process.join()\n"
        "print(tempfile.NamedTemporaryFile().name.startswith(tempfile.gettempdir()))\n"
        "try: socket.create_server(('127.0.0.1', 0))\n"
        "except OSError: print('no server')"
    )
    assert finished.exit_code == 0, finished.text
    assert sorted(finished.text.split("\n")) == sorted(
        ["thread", "child", "async", "pair", "process", "True", "no server", ""]
    )


def make_venv(place: Path, interpreter: str) -> Path:
    site = place / "venv/lib/python3.11/site-packages"
    site.mkdir(parents=True)
    (place / "venv/bin").mkdir()
    (place / "venv/pyvenv.cfg").write_text("home = /usr/bin\n")
    (place / "venv/bin/pocket").write_text(f"#!{interpreter}\nprint('hi')\n")
    return site


def test_an_environment_that_was_built_here_names_the_places_of_every_sandbox(tmp_path: Path) -> None:
    real = tmp_path / "state/worktrees/e/tree"
    real.mkdir(parents=True)
    site = make_venv(tmp_path, f"{tmp_path}/venv/bin/python")
    (site / "__editable__.one.pth").write_text(f"{real}/src\n")
    (site / "__editable___two_finder.py").write_text(f"MAPPING: dict[str, str] = {{'two': '{real}/two'}}\n")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.pth").write_text(f"{real}/src\n")
    (tmp_path / "venv/lib/python3.12").mkdir()
    (tmp_path / "venv/lib/python3.12/site-packages").symlink_to(outside)
    mounts = (
        Mount(real, "/repo", writable=True),
        Mount(tmp_path / "venv", "/.fresh/environment", writable=True),
    )
    put_back(mounts)
    assert (site / "__editable__.one.pth").read_text() == "/repo/src\n"
    assert "'/repo/two'" in (site / "__editable___two_finder.py").read_text()
    assert (tmp_path / "venv/bin/pocket").read_text().startswith("#!/.fresh/environment/bin/python\n")
    assert (outside / "x.pth").read_text() == f"{real}/src\n"


def test_scripts_of_an_environment_that_moved_start_its_interpreter_where_it_is(tmp_path: Path) -> None:
    make_venv(tmp_path, "/.fresh/environment/bin/python")
    (tmp_path / "venv/bin/other").write_text("#!/bin/sh\n")
    (tmp_path / "scratch").mkdir()
    mounts = (Mount(tmp_path / "venv", "/.fresh/environment"),)
    search = lend_scripts(mounts, Moves.of(mounts), tmp_path / "scratch")
    (place,) = (tmp_path / "scratch").iterdir()
    assert search == {f"{tmp_path}/venv/bin": f"{place}:{tmp_path}/venv/bin"}
    assert [script.name for script in place.iterdir()] == ["pocket"]
    assert (place / "pocket").read_text() == f"#!{tmp_path}/venv/bin/python\nprint('hi')\n"
    assert os.access(place / "pocket", os.X_OK)


def test_the_objects_that_git_borrows_are_named_while_a_command_runs(tmp_path: Path) -> None:
    named = tmp_path / "private.git/objects/info/alternates"
    named.parent.mkdir(parents=True)
    named.write_text("/.objects\n")
    mounts = (
        Mount(tmp_path / "private.git", "/repo/.git", writable=True),
        Mount(tmp_path / "mirror/objects", "/.objects"),
    )
    with borrowed(mounts):
        assert named.read_text() == f"{tmp_path}/mirror/objects\n"
    assert named.read_text() == "/.objects\n"


@needs_root
def test_a_command_finds_what_it_is_shown_by_the_names_that_it_knows(
    weaker_lab: Lab, open_place: Path
) -> None:
    (open_place / "shown").mkdir()
    (open_place / "shown/file").write_text("read\n")
    told = Command(
        ("/bin/sh", "-c", "cat /shown/file $PLACE/file; echo x > /repo/made; pwd; echo '/showntoo'"), "/repo",
        (Mount(weaker_lab.tree, "/repo", writable=True), Mount(open_place / "shown", "/shown")), {"PLACE": "/shown"},
    )  # fmt: skip
    finished = weaker_lab.sandbox.run(told)
    assert finished.text == f"read\nread\n{weaker_lab.tree}\n/showntoo\n"
    assert (weaker_lab.tree / "made").read_text() == "x\n"
