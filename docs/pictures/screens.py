"""Make the pictures of the dashboard and of the Prefect UI that the README shows.

python docs/pictures/screens.py dashboard       from a made-up journal, as SVG, at 100 columns
python docs/pictures/screens.py prefect         from a real `fresh up` on the sample project, with headless Chromium, as PNG
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
sys.path.insert(0, str(ROOT))

SIZE = (100, 30)
WINDOW = "1280,1150"
SETTLES = "60000"
"""Milliseconds that the UI gets to load."""


def dashboard() -> None:
    """Write docs/pictures/dashboard.svg."""
    from cli.dashboard.app import Dashboard
    from fresh.domain.phase import Phase
    from fresh.domain.status import QuestionStatus
    from tests.cli.test_dashboard import PlayedSource, a_status, an_agent

    now = datetime.now(UTC)
    asks = QuestionStatus(
        "q",
        "ready",
        "Agent completed work, please test branch autonomous/7c1d9a20-convert\n+42 −3 in 2 files, 9 checks passed.",
        (now + timedelta(minutes=41)).isoformat(),
    )
    agents = (
        an_agent(
            "7c1d9a20",
            Phase.AWAITING_USER,
            feature="pocket.money:convert",
            question=asks,
            commit="c" * 40,
            cost_usd=0.61,
            runtime_seconds=1260.0,
            reasons=("unhooked: no command reaches it", "necessity 0.71: 4 callers"),
        ),
        an_agent(
            "19bf04e7",
            Phase.IMPLEMENTING,
            feature="pocket.reports:monthly",
            kind="hookup",
            cost_usd=0.34,
            runtime_seconds=540.0,
        ),
        an_agent(
            "e02a77c1",
            Phase.TESTING,
            feature="pocket.importing:guess_delimiter",
            cost_usd=0.22,
            runtime_seconds=410.0,
        ),
        an_agent(
            "5d3380bf",
            Phase.ANALYZING,
            feature="pocket.ledger:close_month",
            kind="stub",
            cost_usd=0.05,
            runtime_seconds=75.0,
        ),
        an_agent(
            "aa41c96d", Phase.COMPLETED, feature="pocket.reports:align", cost_usd=0.48, runtime_seconds=1710.0
        ),
        an_agent(
            "0b9e5c72",
            Phase.FAILED,
            feature="pocket.subscriptions:renew",
            cost_usd=0.80,
            runtime_seconds=2400.0,
        ),
    )
    run = a_status(
        *agents,
        opened_at=(now - timedelta(hours=2)).isoformat(),
        deadline=(now + timedelta(hours=6)).isoformat(),
    )
    app = Dashboard(PlayedSource(run))

    async def take() -> str:
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause(1.5)
            return app.export_screenshot(title="fresh auto dashboard")

    (PICTURES / "dashboard.svg").write_text(asyncio.run(take()))


def prefect() -> None:
    """Write docs/pictures/prefect.png: the run and its agents as the Prefect UI shows them."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("Chromium is not installed: sh deployments/apt.sh chromium")
    fresh = str(Path(sys.executable).parent / "fresh")
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder) / "pocket"
        subprocess.run([sys.executable, "-m", "deployments.sample", str(repository)], cwd=ROOT, check=True)
        environment = {**os.environ, "COLUMNS": "100"}
        here = {"cwd": repository, "env": environment, "check": True}
        subprocess.run([fresh, "up", "--detach"], **here)  # type: ignore[call-overload]
        try:
            from deployments.resident.record import living

            subprocess.run([fresh, "auto", "start", "--detach", "--agents", "3"], **here)  # type: ignore[call-overload]
            standing = living(repository / ".fresh")
            assert standing is not None
            time.sleep(float(os.environ.get("FRESH_SETTLES", "60")))
            words = [
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                f"--window-size={WINDOW}",
            ]
            words += [f"--virtual-time-budget={SETTLES}", f"--screenshot={PICTURES / 'prefect.png'}"]
            words += [f"--user-data-dir={folder}/chromium", f"{standing.ui}/runs"]
            subprocess.run([chromium, *words], check=True, timeout=180)
        finally:
            subprocess.run([fresh, "down"], cwd=repository, env=environment, check=False)


if __name__ == "__main__":
    {"dashboard": dashboard, "prefect": prefect}[sys.argv[1]]()
