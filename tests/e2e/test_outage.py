"""The Prefect server is away for 100 seconds while agents wait for answers: no agent is lost, no decision either."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from fresh.adapters.prefect_server.child import free_port
from tests.e2e.operator import Operator

pytestmark = [pytest.mark.slow, pytest.mark.night, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[2]
AWAY = 100.0


def _serve(home: Path, port: int) -> subprocess.Popen[bytes]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
    return subprocess.Popen(
        [sys.executable, "-m", "deployments.server", "--host", "127.0.0.1", "--port", str(port)],
        cwd=ROOT,
        env={**environment, "PREFECT_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _until(true: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:.0f} s"
        time.sleep(0.5)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=2).is_success
    except httpx.HTTPError:
        return False


def _phases(operator: Operator) -> dict[str, str]:
    return {agent["id"]: agent["phase"] for agent in operator.status()["agents"]}  # type: ignore[attr-defined]


def test_agents_outlast_the_server_and_a_decision_made_meanwhile_counts(
    operator: Operator, tmp_path: Path
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    server = _serve(tmp_path / "prefect", port)
    features = ("align", "guess_delimiter", "months_to_goal")
    run: subprocess.Popen[str] | None = None
    try:
        _until(lambda: _answers(url), 90, "the server's start")
        operator.environment["PREFECT_API_URL"] = url
        wanted = [word for name in features for word in ("--feature", name)]
        run = operator.begin("auto", "start", "--agents", "3", "--kind", "tests", *wanted)
        _until(
            lambda: list(_phases(operator).values()) == ["awaiting_user"] * 3, 240, "three agents' questions"
        )
        server.kill()
        server.wait()
        away_since = time.monotonic()
        early, *late = _phases(operator)
        operator.fresh("auto", "approve", early)
        time.sleep(AWAY - (time.monotonic() - away_since))
        assert run.poll() is None
        assert (
            set(_phases(operator).values()) == {"awaiting_user"}
            or _phases(operator)[late[0]] == "awaiting_user"
        )

        server = _serve(tmp_path / "prefect", port)
        _until(lambda: _answers(url), 90, "the server's return")
        _until(lambda: _phases(operator)[early] == "completed", 90, "the early decision")
        for name in late:
            operator.fresh("auto", "approve", name)
        run.wait(timeout=120)
    finally:
        if run is not None:
            run.kill()
        server.kill()
        server.wait()

    assert run.returncode == 0, run.stdout.read() if run.stdout else ""
    agents = operator.report()["agents"]
    assert [agent["outcome"] for agent in agents] == ["completed"] * 3  # type: ignore[attr-defined]
    assert len(operator.pages()) == 3
