"""What all tests share: the root on the path, and one Prefect server for those that need it."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
MIGRATED = Path(sys.prefix) / f"prefect-{version('prefect')}.db"
sys.path.insert(0, str(ROOT))

for name in [name for name in os.environ if name.startswith(("FRESH_", "OPENAI_"))] + [
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "GITHUB_API_URL",
    "GITHUB_SERVER_URL",
    "GH_HOST",
]:
    os.environ.pop(name, None)


# How long an example takes says something about the machine alone.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


# Prefect reads its settings when it is imported, so the address must stand before any test module imports a flow.
_PORT = _free_port()
_CLIENT_HOME = tempfile.mkdtemp(prefix="fresh-prefect-client-")
atexit.register(shutil.rmtree, _CLIENT_HOME, ignore_errors=True)
os.environ.update(
    PREFECT_API_URL=f"http://127.0.0.1:{_PORT}/api",
    PREFECT_HOME=_CLIENT_HOME,
    PREFECT_SERVER_EPHEMERAL_ENABLED="false",
    PREFECT_SERVER_ANALYTICS_ENABLED="false",
    PREFECT_LOGGING_LEVEL="WARNING",
    PREFECT_CLIENT_MAX_RETRIES="10",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, so that the workers end together; the order is else as it was."""
    slow = {item.path for item in items if any(map(item.get_closest_marker, ("slow", "server")))}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def prefect_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the project's own Prefect server once for a test run."""
    url, home = os.environ["PREFECT_API_URL"], tmp_path_factory.mktemp("prefect")
    environment = {**os.environ, "PREFECT_HOME": str(home)}
    # A new database goes through all of Prefect's migrations, which takes most of a server's start.
    if MIGRATED.exists():
        shutil.copy(MIGRATED, home / "prefect.db")
    del environment["PREFECT_API_URL"]
    command = [sys.executable, "-m", "deployments.server", "--host", "127.0.0.1", "--port", str(_PORT)]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL) as server:
        try:
            _await(f"{url}/health", server)
            if not MIGRATED.exists():
                _keep(home / "prefect.db")
            yield url
        finally:
            server.send_signal(signal.SIGINT)
            try:
                server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                server.kill()


def _keep(database: Path) -> None:
    made = MIGRATED.with_suffix(f".{os.getpid()}")
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(made)) as copy:
        source.backup(copy)
    made.rename(MIGRATED)


def _await(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"the Prefect server ended with {server.returncode}")
        try:
            if httpx.get(address, timeout=2).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise RuntimeError(f"{address} did not answer within 300 s")
