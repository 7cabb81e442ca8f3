"""Ask a Prefect server on this machine whether it is well, and whose it is."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from urllib.parse import urlsplit


def is_healthy(url: str, timeout: float = 2.0) -> bool:
    """Say whether the API at `url` answers. Talks plainly to the socket: no proxy has a say in it."""
    return _get(url, "/health", timeout) is not None


def is_of(url: str, home: Path, timeout: float = 5.0) -> bool:
    """Say whether the server at `url` keeps its state in `home`; another one may have taken the port first."""
    answer = _get(url, "/admin/settings", timeout)
    if answer is None:
        return False
    try:
        settings = json.loads(answer)
    except ValueError:
        return False
    return isinstance(settings, dict) and settings.get("home") == str(home)


def _get(url: str, path: str, timeout: float) -> bytes | None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request("GET", parts.path + path)
        answer = connection.getresponse()
        return answer.read() if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
