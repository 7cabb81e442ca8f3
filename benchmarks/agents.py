"""What agents cost when their engine does nothing: wall time and memory of ten of them, with the server already up.

    python -m benchmarks.agents [--agents 10]

Every step is real (journal on disk, flows and tasks on a real Prefect server); workspace, sandbox and engine are the
in-memory fakes of the tests, so what is left is the orchestration itself. The limit measured in the same run is the
same number of empty Prefect subflows: what Prefect alone takes for them. Goals: under 15 s and under 350 MB in all
processes but the server.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.figures import Figure, note

ROOT = Path(__file__).resolve().parent.parent
MOST_SECONDS = 15.0
MOST_MEGABYTES = 350.0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--agents", type=int, default=10)
    options.add_argument("--child", choices=("fresh", "bare"))
    chosen = options.parse_args()
    if chosen.child:
        print(json.dumps(_measure(chosen.child, chosen.agents)))
        return
    with tempfile.TemporaryDirectory() as folder:
        url, server = _server(Path(folder))
        try:
            bare, fresh = (_child(kind, chosen.agents, url, folder) for kind in ("bare", "fresh"))
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=20)
    print(f"{chosen.agents} empty subflows on Prefect alone: {bare['wall']:.1f} s, {bare['rss']:.0f} MB")
    print(
        f"{chosen.agents} agents of a Fresh run:            {fresh['wall']:.1f} s, {fresh['rss']:.0f} MB "
        f"({fresh['wall'] / bare['wall']:.1f}x the time; goal: under {MOST_SECONDS:.0f} s and {MOST_MEGABYTES:.0f} MB)"
    )
    note(
        Figure(f"{chosen.agents} idle agents", fresh["wall"], "s", bare["wall"], MOST_SECONDS),
        Figure(
            f"{chosen.agents} idle agents, memory at its peak",
            fresh["rss"],
            "MB",
            bare["rss"],
            MOST_MEGABYTES,
        ),
    )


def _server(folder: Path) -> tuple[str, subprocess.Popen[bytes]]:
    from fresh.adapters.prefect_server import server_environment
    from fresh.adapters.prefect_server.child import free_port

    port = free_port()
    environment = server_environment(folder / "server")
    command = [sys.executable, "-m", "deployments.server", "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/api"
    while True:
        try:
            httpx.get(f"{url}/health", timeout=2).raise_for_status()
            return url, server
        except httpx.HTTPError:
            time.sleep(0.2)


def _child(kind: str, agents: int, url: str, folder: str) -> dict[str, float]:
    environment = {
        **os.environ,
        "PREFECT_API_URL": url,
        "PREFECT_HOME": f"{folder}/client",
        "PREFECT_LOGGING_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "benchmarks.agents", "--child", kind, "--agents", str(agents)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _measure(kind: str, agents: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        act = _bare if kind == "bare" else _fresh
        wall = act(agents, Path(folder).resolve())
    return {"wall": wall, "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _bare(agents: int, _folder: Path) -> float:
    from prefect import flow, task
    from prefect.task_runners import ThreadPoolTaskRunner

    @flow
    def empty(number: int) -> None:
        return None

    @task
    def launch(number: int) -> None:
        empty(number)

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=64))
    def outer() -> None:
        for seat in [launch.submit(number) for number in range(agents)]:
            seat.wait()

    began = time.monotonic()
    outer()
    return time.monotonic() - began


def _fresh(agents: int, folder: Path) -> float:
    from flows.run import run
    from fresh.adapters.prefect_control import PrefectControl
    from fresh.domain.order import RunOrder
    from fresh.wiring import using
    from tests.fakes.toolbox import a_toolbox

    fakes = a_toolbox(folder, PrefectControl({"fresh-sandboxes": 2, "fresh-models": 2}), features=agents)
    (fakes.tools.repository / ".git").mkdir()
    order = RunOrder(repo=str(fakes.tools.repository), agents=agents, approval=False)
    with using(fakes.tools):
        began = time.monotonic()
        report = run(order, None)
        wall = time.monotonic() - began
    completed = [agent for agent in report.agents if agent.outcome == "completed"]
    if len(completed) != agents:
        raise SystemExit(f"only {len(completed)} of {agents} agents completed")
    return wall


if __name__ == "__main__":
    main()
