"""A process that hosts a run: it outlives whoever listened to it, and still ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

pytestmark = [pytest.mark.server, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0


def test_a_host_ends_although_the_worker_that_listened_to_it_was_killed(prefect_url: str) -> None:
    environment = os.environ | {"PREFECT__FLOW_RUN_ID": str(uuid4()), "PREFECT_API_URL": prefect_url}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    host = subprocess.Popen([sys.executable, "-m", "deployments.hosted"], cwd=ROOT, env=environment, **pipes)  # type: ignore[call-overload]
    host.stdout.close()
    host.stderr.close()
    try:
        # There is no such flow run, which it has nobody to tell of.
        assert host.wait(PATIENCE) == 1
    finally:
        host.kill()
        host.wait()
