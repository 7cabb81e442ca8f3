"""`fresh up` as a person uses it: kills of every part, a whole night over a restart of everything, and `fresh down`."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.resident.belonging import belonging
from deployments.resident.record import Health, Standing, read_standing
from tests.e2e.operator import Operator

pytestmark = [pytest.mark.slow, pytest.mark.night, pytest.mark.timeout(900)]

BACK_WITHIN = float(os.environ.get("FRESH_PATIENCE", "60"))
"""Seconds; the promise on an idle machine is ten."""


@pytest.fixture
def resident(operator: Operator) -> Iterator[Operator]:
    yield operator
    operator.fresh("down", check=False)
    assert not left(operator)


def folder(operator: Operator) -> Path:
    return operator.repository / ".fresh" / "up"


def standing(operator: Operator) -> Standing:
    found = read_standing(folder(operator))
    assert found is not None
    return found


def left(operator: Operator) -> list[str]:
    """Every process that names the repository or belongs to its set."""
    found = [str(host.pid) for host in belonging(folder(operator))]
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(operator.repository) in words:
            found.append(words)
    return found


def until(what: str, holds: object, patience: float = 240.0) -> float:
    began = time.monotonic()
    while not holds():  # type: ignore[operator]
        assert time.monotonic() - began < patience, f"not within {patience:g} s: {what}"
        time.sleep(0.3)
    return time.monotonic() - began


def phases(operator: Operator) -> set[str]:
    return {agent["phase"] for agent in operator.status()["agents"]}  # type: ignore[attr-defined]


def test_every_part_that_is_killed_comes_back_and_down_leaves_nothing(resident: Operator) -> None:
    resident.fresh("up", "--detach")
    for name in ("runner", "reaper", "server"):
        before = next(part for part in standing(resident).parts if part.name == name)
        assert before.host is not None
        os.kill(before.host.pid, signal.SIGKILL)

        def is_back(name: str = name, before: object = before) -> bool:
            part = next(part for part in standing(resident).parts if part.name == name)
            return part.health is Health.HEALTHY and part.host != before.host and part.restarts > 0  # type: ignore[attr-defined]

        taken = until(f"{name} is back", is_back, BACK_WITHIN)
        print(f"{name} was back after {taken:.1f} s")

    resident.fresh("down")

    assert left(resident) == []
    assert resident.fresh("up", "--status", check=False).returncode == 1


def test_a_supervisor_that_is_killed_leaves_nothing_running(resident: Operator) -> None:
    resident.fresh("up", "--detach")
    os.kill(standing(resident).host.pid, signal.SIGKILL)

    until("nothing is left", lambda: not left(resident), 30.0)


def test_a_scheduled_night_is_approved_after_a_restart_of_everything_and_lands(resident: Operator) -> None:
    before = resident.belongings()
    resident.fresh("up", "--detach")
    when = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(time.time() + 3))
    told = resident.fresh(
        "auto",
        "start",
        "--at",
        when,
        "--overnight",
        "--agents",
        "2",
        "--kind",
        "tests",
        "--approval-timeout",
        "600",
    ).stdout
    assert "begins at" in told
    until("somebody waits", lambda: "awaiting_user" in phases(resident), 400.0)
    waiting = [
        agent["id"]
        for agent in resident.status()["agents"]  # type: ignore[attr-defined]
        if agent["phase"] == "awaiting_user"
    ]

    resident.fresh("down")
    assert left(resident) == []
    assert resident.status()["running"] is False
    resident.fresh("up", "--detach")
    until("the run is entered again", lambda: resident.status()["running"], 120.0)
    for agent in waiting:
        resident.fresh("auto", "approve", agent)

    def has_landed() -> bool:
        agents = {agent["id"]: agent["phase"] for agent in resident.status()["agents"]}  # type: ignore[attr-defined]
        return all(agents[agent] == "completed" for agent in waiting)

    until("what was approved has landed", has_landed, 120.0)
    assert resident.belongings() == before
    assert set(resident.branches()) >= {
        agent["branch"]
        for agent in json.loads(resident.fresh("auto", "status", "--format", "json").stdout)["agents"]
        if agent["id"] in waiting
    }
