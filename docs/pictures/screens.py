"""Make the pictures of the dashboard and of the Prefect UI that the README shows, from one real night on the sample.

    python docs/pictures/screens.py

`fresh up` starts everything, a run of three agents is handed to it, and when all of them wait for a person, a headless
Chromium looks at the Prefect UI and at `fresh auto dashboard --web`, which draws the dashboard in a terminal, xterm.js.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
sys.path[:0] = [str(ROOT), str(PICTURES)]

AGENTS = 3
PAGE = (1280, 1150)
TERMINAL = (1000, 640)
SETTLES = 15.0
"""Seconds that a page gets to load."""
WITHIN = 900.0


def main() -> None:
    """Write docs/pictures/prefect.png and docs/pictures/dashboard.png."""
    from browser import shoot

    from deployments.resident.record import living
    from fresh.adapters.prefect_server.child import free_port

    fresh = str(Path(sys.executable).parent / "fresh")
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder) / "pocket"
        subprocess.run([sys.executable, "-m", "deployments.sample", str(repository)], cwd=ROOT, check=True)
        _run(repository, fresh, "up", "--detach")
        try:
            _run(repository, fresh, "auto", "start", "--detach", "--agents", str(AGENTS))
            _until_all_wait(repository, fresh)
            standing = living(repository / ".fresh")
            assert standing is not None
            shoot(f"{standing.ui}/runs", PICTURES / "prefect.png", PAGE, SETTLES)
            port = free_port()
            web = subprocess.Popen(
                [fresh, "auto", "dashboard", "--web", "--port", str(port)],
                cwd=repository,
                stdout=subprocess.DEVNULL,
            )
            try:
                time.sleep(5)
                shoot(f"http://127.0.0.1:{port}/", PICTURES / "dashboard.png", TERMINAL, SETTLES)
            finally:
                web.terminate()
                web.wait(20)
        finally:
            subprocess.run([fresh, "down"], cwd=repository, check=False)


def _run(repository: Path, *words: str) -> str:
    environment = {**os.environ, "COLUMNS": "100"}
    done = subprocess.run(
        words, cwd=repository, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def _until_all_wait(repository: Path, fresh: str) -> None:
    """Wait until so many agents as there are seats have something to ask."""
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        done = subprocess.run(
            [fresh, "auto", "status", "--format", "json"],
            cwd=repository,
            capture_output=True,
            text=True,
            check=False,
        )
        agents = json.loads(done.stdout)["agents"] if done.returncode == 0 and done.stdout.strip() else []
        if sum(bool(agent.get("question")) for agent in agents) == AGENTS:
            return
        time.sleep(2)
    raise SystemExit(f"The agents did not come to their questions within {WITHIN:g} s.")


if __name__ == "__main__":
    main()
