"""The same sandbox, started by somebody who is not root and owns no control group."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pydantic
import pytest

import fresh

UID = 54321
PYTHON = "/usr/bin/python3"
PATHS = f"{Path(fresh.__file__).parent.parent}:{Path(pydantic.__file__).parent.parent}"
PREPARE = """
import tempfile
from pathlib import Path
from fresh.adapters.bwrap_sandbox import BwrapSandbox
from fresh.ports import Command, Limits, Mount
room = tempfile.TemporaryDirectory()
tree = Path(room.name, "tree"); tree.mkdir()
sandbox = BwrapSandbox(Path(room.name, "state"))
def shell(script, limits=Limits(wall=20)):
    return sandbox.run(Command(("/bin/sh", "-c", script), "/repo", (Mount(tree, "/repo", writable=True),), limits=limits))
"""


def as_ordinary_user(code: str) -> str:
    done = subprocess.run(
        [PYTHON, "-B", "-c", PREPARE + code],
        env={"PYTHONPATH": PATHS, "PATH": "/usr/bin:/bin"},
        user=UID,
        group=UID,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def reachable() -> bool:
    """Whether the system's Python can run this project as a stranger: same version, readable paths."""
    if os.geteuid() != 0 or not Path(PYTHON).exists():
        return False
    code = f"import sys; assert sys.version_info[:2] == {sys.version_info[:2]}; import fresh, pydantic"
    environment = {"PYTHONPATH": PATHS}
    tried = subprocess.run(
        [PYTHON, "-B", "-c", code], env=environment, user=UID, group=UID, extra_groups=[], cwd="/",
        stderr=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    return tried.returncode == 0


pytestmark = pytest.mark.skipif(
    not reachable(), reason="needs root, to become somebody whose Python can run this"
)


def test_it_contains_and_says_that_no_group_counts_memory():
    said = as_ordinary_user("print(sandbox.probe())")
    assert f"uid {UID}" in said
    assert "no writable cgroup" in said
    assert "RLIMIT_AS" in said


def test_it_works_and_leaves_files_that_belong_to_the_user():
    said = as_ordinary_user("print(shell('echo x > made; id -u').text, (tree / 'made').stat().st_uid)")
    assert said.split() == ["65534", str(UID)]


def test_a_fork_bomb_is_contained():
    said = as_ordinary_user(
        "r = shell('b() { b|b& }; b; sleep 1', Limits(wall=10, processes=40)); print(r.text)"
    )
    assert "Cannot fork" in said


def test_one_process_can_not_take_more_memory_than_allowed():
    said = as_ordinary_user(
        "r = shell('python3 -c \"bytearray(1 << 30)\"', Limits(wall=10, memory=300 << 20)); print(r.exit_code, r.text)"
    )
    assert said.startswith("1 ")
    assert "MemoryError" in said


def test_many_processes_together_can_not_take_more_memory_than_allowed():
    said = as_ordinary_user(
        "code = 'import os, time; [os.fork() for _ in range(3)]; kept = os.urandom(1) * (100 << 20); time.sleep(15)'\n"
        "r = shell(f'python3 -c \"{code}\"', Limits(wall=20, memory=300 << 20)); print(r.exit_code, r.ended)"
    )
    assert said.split() == ["None", "oom"]


def test_the_wall_limit_holds():
    said = as_ordinary_user(
        "r = shell('setsid sleep 50 & sleep 50', Limits(wall=1)); print(r.ended, r.seconds < 3)"
    )
    assert said.split() == ["timeout", "True"]


def test_it_can_not_lend_another_uid():
    said = as_ordinary_user(
        "from fresh.errors import SandboxUnavailable\n"
        "try: BwrapSandbox(tree, uid=1).probe()\n"
        "except SandboxUnavailable as refused: print(refused)"
    )
    assert "Only root" in said
