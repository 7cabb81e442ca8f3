"""Two agents on two workers of a real Prefect server, one of which is killed: the other one goes on with its agent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterTags

from deployments.provision import AGENT, declared, provision
from flows import launching
from fresh.adapters.prefect_control import PrefectControl
from fresh.domain.agent import Outcome
from fresh.domain.order import RunOrder
from fresh.domain.report import RunReport
from fresh.wiring import using
from tests.fakes.toolbox import Fakes, a_toolbox
from tests.flows.lodging import POOL

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def fakes(tmp_path: Path, prefect_url: str) -> Iterator[Fakes]:
    made = a_toolbox(
        tmp_path.resolve(), PrefectControl({"fresh-sandboxes": 2, "fresh-models": 2}), features=2
    )
    (made.tools.repository / ".git").mkdir()
    made.tools.work_pool = POOL
    with using(made.tools):
        yield made


@pytest.fixture
def workers(tmp_path: Path, prefect_url: str) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Two workers with a seat each, by name, in homes of their own."""
    (agent,) = [one for one in declared(POOL) if one.entrypoint == AGENT]
    command = {"command": f"{sys.executable} -m tests.flows.lodging {tmp_path.resolve()}"}
    pool = agent.work_pool.model_copy(update={"job_variables": command})
    with get_client(sync_client=True) as client:
        provision(client, (agent.model_copy(update={"work_pool": pool}),))
    started = {}
    for name in ("anna", "bert"):
        home = tmp_path / name
        home.mkdir()
        environment = os.environ | {
            "HOME": str(home),
            "PREFECT_HOME": str(home / "prefect"),
            "PYTHONPATH": str(ROOT),
        }
        environment |= {"FRESH_DRILL_WORKER": name, "PREFECT_WORKER_QUERY_SECONDS": "1"}
        words = [
            sys.executable,
            "-m",
            "prefect",
            "worker",
            "start",
            "--pool",
            POOL,
            "--name",
            name,
            "--limit",
            "1",
        ]
        with (tmp_path / f"{name}.log").open("w") as log:
            started[name] = subprocess.Popen(words, cwd=home, env=environment, stdout=log, stderr=log)
    yield started
    for worker in started.values():
        worker.kill()
        worker.wait()


def hosts(folder: Path) -> list[tuple[str, int, str]]:
    """Say which agent was worked on by which process of which worker."""
    file = folder / "hosts"
    rows = [row.split() for row in file.read_text().splitlines()] if file.exists() else []
    return [(agent, int(pid), worker) for agent, pid, worker in rows]


def until(true: Callable[[], bool], patience: float = 120.0) -> None:
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)


def test_two_agents_on_two_workers_end_once_when_one_worker_is_killed(
    tmp_path: Path,
    fakes: Fakes,
    workers: dict[str, subprocess.Popen[bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from flows.run import run

    monkeypatch.setattr(launching, "SILENT", 5.0)
    reports: list[RunReport] = []
    order = RunOrder(repo=str(fakes.tools.repository), agents=2, approval=False)
    hosting = threading.Thread(target=lambda: reports.append(run(order, None)), daemon=True)
    hosting.start()
    until(lambda: len(hosts(tmp_path)) == 2)
    assert {worker for _, _, worker in hosts(tmp_path)} == {"anna", "bert"}

    hit, pid, name = hosts(tmp_path)[0]
    workers[name].kill()
    os.kill(pid, signal.SIGKILL)
    (tmp_path / "killed").touch()
    hosting.join(120)

    (report,) = reports
    assert [agent.outcome for agent in report.agents] == [Outcome.COMPLETED] * 2
    (other,) = {agent.agent_id for agent in report.agents} - {hit}
    survivor = "bert" if name == "anna" else "anna"
    # A process that was killed in the middle of its step is the only one whose step is done again.
    assert Counter(agent for agent, _, _ in hosts(tmp_path)) == {hit: 2, other: 1}
    assert {worker for _, _, worker in hosts(tmp_path)[1:]} == {survivor}
    assert sorted((tmp_path / "published").read_text().split()) == sorted([hit, other])
    assert unfinished(report.run_id) == []


def unfinished(run: str) -> list[UUID]:
    wanted = FlowRunFilter(tags=FlowRunFilterTags(all_=[f"run:{run}"]))
    with get_client(sync_client=True) as client:
        found = client.read_flow_runs(flow_run_filter=wanted)
    assert len(found) >= 3
    return [one.id for one in found if one.state is None or not one.state.is_final()]
