"""`stop --force` on a run that hangs: all of it is dead within the promised time, and `resume` closes what is left."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.e2e.operator import Operator

pytestmark = [pytest.mark.slow, pytest.mark.night, pytest.mark.timeout(600)]

PROMISED = 10.0
AT_WORK = {"implementing", "testing"}


def _living(word: str) -> list[str]:
    """List the command lines of every process that names this word."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue  # it ended while we looked
        if word in words:
            found.append(words)
    return found


def _until_at_work(operator: Operator) -> None:
    deadline = time.monotonic() + 240
    while not AT_WORK & {agent["phase"] for agent in operator.status()["agents"]}:  # type: ignore[attr-defined]
        assert time.monotonic() < deadline, "no agent began to work within 240 s"
        time.sleep(0.5)


def test_a_run_that_hangs_is_killed_in_time_and_closed_by_resume(operator: Operator) -> None:
    before = operator.belongings()
    run = operator.begin("auto", "start", "--agents", "3", "--no-approval", "--kind", "tests")
    try:
        _until_at_work(operator)
        run.send_signal(signal.SIGSTOP)

        began = time.monotonic()
        told = operator.fresh("auto", "stop", "--force").stdout
        taken = time.monotonic() - began
        ended = run.wait(timeout=5)
    finally:
        run.kill()

    assert ended == -signal.SIGKILL
    assert f"its process {run.pid} was killed" in told
    left = _living(os.fspath(operator.repository))
    while left and time.monotonic() - began < PROMISED:
        time.sleep(0.1)
        left = _living(os.fspath(operator.repository))
    assert left == []
    assert taken < PROMISED
    status = operator.status()
    assert status["running"] is False
    assert operator.belongings() == before

    resumed = operator.fresh("auto", "resume").stdout

    report = operator.report()
    agents = report["agents"]
    assert report["run_id"] == status["run_id"]
    assert report["stopped"] == "it was stopped by force", resumed
    assert [agent["id"] for agent in operator.status()["agents"]] == [agent["agent_id"] for agent in agents]  # type: ignore[attr-defined]
    assert {agent["outcome"] for agent in agents} <= {"stopped", "declined", "completed"}, resumed  # type: ignore[attr-defined]
    assert operator.belongings() == before
    assert operator.fresh("auto", "resume", check=False).returncode == 2
    assert operator.fresh("auto", "start", "--plan").returncode == 0
