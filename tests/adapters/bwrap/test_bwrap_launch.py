"""The launcher alone, with other programs in the place of bwrap."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fresh.adapters.bwrap import launch
from fresh.adapters.bwrap.staging import STAGE

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")

LAUNCH = (sys.executable, "-I", "-S", launch.__file__)
NOBODY = ("uid=65533", f"stage={STAGE}")


@pytest.fixture(params=[(), NOBODY], ids=["as we are", "as nobody"])
def identity(request: pytest.FixtureRequest) -> tuple[str, ...]:
    if request.param and os.geteuid() != 0:
        pytest.skip("only root becomes somebody else")
    STAGE.mkdir(mode=0o711, exist_ok=True)
    return tuple(request.param)


def launched(*words: str) -> subprocess.CompletedProcess[str]:
    """Launch with this process as the parent, and complaints on standard error."""
    said = (*LAUNCH, f"parent={os.getpid()}", "status=2", *words)
    return subprocess.run(said, capture_output=True, text=True, timeout=20, check=False)


def test_nothing_is_started_for_a_host_that_is_gone(identity):
    words = (*LAUNCH, "parent=1", "status=2", *identity, "--", "/bin/echo", "started")
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (125, "")
    assert done.stderr == "launch: the host process is gone\n"


def test_what_is_started_dies_with_the_host_whoever_it_became(identity, host, marker):
    program = (
        "import os, subprocess, sys\n"
        f"subprocess.run([*{LAUNCH!r}, f'parent={{os.getpid()}}', 'status=2', *sys.argv[1:]])"
    )
    middle = subprocess.Popen([sys.executable, "-c", program, *identity, "--", "/bin/sleep", marker])
    owners = host.wait_for_sleepers(marker)
    assert owners == ({65533} if identity else {os.geteuid()})
    middle.kill()
    middle.wait()
    assert host.is_rid_of(marker)


def test_a_group_that_is_not_there_stops_the_launch(tmp_path):
    done = launched(f"group={tmp_path}/none", "--", "/bin/echo", "started")
    assert (done.returncode, done.stdout) == (125, "")
    assert "cgroup.procs" in done.stderr


@root_only
def test_who_is_launched_as_nobody_has_none_of_roots_powers_or_groups():
    # The pytest process itself may be in no further group.
    program = (*LAUNCH, "status=2", *NOBODY, "--", "/bin/cat", "/proc/self/status")
    code = f"import os, subprocess; os.setgroups([0, 4, 24]); subprocess.run([*{program!r}[:4], f'parent={{os.getpid()}}', *{program!r}[4:]])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    status = dict(line.split(":", 1) for line in done.stdout.splitlines())
    assert status["Uid"].split() == status["Gid"].split() == ["65533"] * 4
    assert status["Groups"].split() == []
    assert status["CapEff"].strip() == status["CapPrm"].strip() == "0" * 16


@root_only
def test_the_stage_shows_what_was_named_and_nobody_else_sees_it(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o700)
    shown = tmp_path / "closed" / "shown"
    shown.mkdir()
    (shown / "file").write_text("read")
    script = f"cat {STAGE}/0/file {STAGE}/1; ls {STAGE} 2>&1; cat {shown}/file 2>&1; ls /run/fresh-sandbox/0"
    done = launched(*NOBODY, f"show={shown}", f"lend={shown}/file", "--", "/bin/sh", "-c", script)
    assert done.stdout.startswith("readread")
    assert done.stdout.count("Permission denied") == 2
    assert not list(Path(STAGE).iterdir())
