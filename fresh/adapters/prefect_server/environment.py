"""The settings of Prefect's two sides, as environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

_INHERITED = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT"}
)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def server_environment(home: Path, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Say everything that the server may know: no secret of ours, and no Prefect setting of somebody else's."""
    around = os.environ if environment is None else environment
    kept = {name: text for name, text in around.items() if name in _INHERITED or name.startswith("LC_")}
    return kept | {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P3D",
        # Slots that are taken outlive a server that is killed; leases in its memory, which give them back, would not.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        # By default each state of each task run is a transaction of its own.
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "50",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
        "DO_NOT_TRACK": "1",
        "NO_COLOR": "1",
        "PYTHONUNBUFFERED": "1",
    }


def client_environment(
    url: str, home: Path | None = None, environment: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Say what a process that runs flows has to set before it imports Prefect.

    The console stays quiet: what flows log is for Prefect's UI and for our own log file.
    """
    around = os.environ if environment is None else environment
    settings = {
        "PREFECT_API_URL": url,
        "PREFECT_CLIENT_MAX_RETRIES": "10",
        # What a server answers while the Redis behind it is away.
        "PREFECT_CLIENT_RETRY_EXTRA_CODES": "500",
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "fresh",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "DO_NOT_TRACK": "1",
    }
    if home is not None:
        # A server of ours asks for no CSRF token, and each client would ask it whether it does.
        settings |= {"PREFECT_HOME": str(home), "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "false"}
    if urlsplit(url).hostname in _LOOPBACK:
        settings |= _past_proxies(around)
    return settings


def _past_proxies(around: Mapping[str, str]) -> dict[str, str]:
    """Keep requests to this machine away from a proxy; both spellings count, by client."""
    told = around.get("no_proxy") or around.get("NO_PROXY") or ""
    hosts = [host for host in (part.strip() for part in told.split(",")) if host]
    hosts += [host for host in _LOOPBACK if host not in hosts]
    return {"NO_PROXY": ",".join(hosts), "no_proxy": ",".join(hosts)}
