"""The parts of the resident set: a watched child, who belongs to a set, and one supervisor at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.resident import child as module
from deployments.resident.belonging import FOLDER_NAMED, belonging, end_all
from deployments.resident.child import Child
from deployments.resident.record import Health, Part, Standing, read_standing, write_standing
from deployments.resident.supervisor import Supervisor
from fresh.adapters.processes import lives, this_host
from fresh.domain.host import Host
from fresh.errors import Refusal
from tests.fakes.story import NOON

BEATS = "import pathlib, time\nwhile True:\n    pathlib.Path('{beat}').touch()\n    time.sleep(0.05)\n"


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    argv = (sys.executable, "-c", BEATS.format(beat=tmp_path / "part.beat"))
    made = Child("part", argv, tmp_path, tmp_path, {**os.environ, FOLDER_NAMED: str(tmp_path)})
    yield made
    made.await_end(0)


def until(child: Child, health: Health) -> Part:
    deadline = time.monotonic() + 20
    while (part := child.tend(time.monotonic())).health is not health:
        assert time.monotonic() < deadline, part
        time.sleep(0.02)
    return part


def test_a_child_is_healthy_once_it_beats(child: Child) -> None:
    assert child.tend(time.monotonic()).health is Health.STARTING

    part = until(child, Health.HEALTHY)

    assert part.host is not None
    assert lives(part.host) is True


def test_a_child_that_was_killed_is_started_again_with_the_reason(child: Child) -> None:
    first = until(child, Health.HEALTHY).host
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)

    waiting = until(child, Health.WAITING)
    second = until(child, Health.HEALTHY)

    assert "it ended with SIGKILL" in waiting.reason
    assert second.restarts == 1
    assert second.host != first


def test_pauses_between_deaths_double_up_to_half_a_minute(tmp_path: Path) -> None:
    child = Child("part", (sys.executable, "-c", "raise SystemExit(3)"), tmp_path, tmp_path, dict(os.environ))
    pauses = []
    now = 0.0
    for _ in range(9):
        child.tend(now)
        assert child.process is not None
        child.process.wait()
        child.tend(now)
        pauses.append(child.retry_at - now)
        now = child.retry_at

    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert "exit code 3" in child.reason


def test_a_child_that_falls_silent_is_ended_and_started_again(
    child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SILENCE", 1.0)
    host = until(child, Health.HEALTHY).host
    assert host is not None
    os.kill(host.pid, signal.SIGSTOP)

    waiting = until(child, Health.WAITING)

    assert "it was silent for" in waiting.reason
    assert lives(host) is False


def test_the_processes_of_a_set_are_found_whoever_their_parent_is_and_no_other_one_is_touched(
    tmp_path: Path,
) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    deep = "import subprocess, sys; subprocess.Popen(['sleep', '60'])"
    sleepers = {}
    for folder in (ours, theirs):
        environment = {**os.environ, FOLDER_NAMED: str(folder)}
        subprocess.run([sys.executable, "-c", deep], env=environment, check=True)
        sleepers[folder] = belonging(folder, "sleep")
        assert len(sleepers[folder]) == 1
    try:
        assert end_all(ours) == 1
        assert belonging(ours) == ()
        assert belonging(theirs) == sleepers[theirs]
    finally:
        end_all(theirs)


def test_a_process_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", deaf],
        env={**os.environ, FOLDER_NAMED: str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "deaf\n"

        assert end_all(tmp_path, patience=0.3) == 1

        assert process.wait(5) == -signal.SIGKILL


def test_a_record_of_a_reused_pid_does_not_live(tmp_path: Path) -> None:
    here = this_host()
    stranger = Host(machine=here.machine, pid=here.pid, start=here.start - 1)
    standing = Standing(host=stranger, url="http://127.0.0.1:1/api", repository="/r", since=NOON)

    write_standing(tmp_path, standing)

    assert read_standing(tmp_path) == standing
    assert not standing.lives
    assert not standing.healthy


def test_a_second_supervisor_is_refused_while_the_first_one_lives(tmp_path: Path) -> None:
    import fcntl

    folder = tmp_path / "up"
    folder.mkdir()
    standing = Standing(host=this_host(), url="http://127.0.0.1:1/api", repository="/r", since=NOON)
    write_standing(folder, standing)
    with (folder / "lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        with pytest.raises(Refusal, match=f"runs here already \\(process {os.getpid()}"):
            Supervisor(tmp_path, tmp_path, lambda _: None).stay()
