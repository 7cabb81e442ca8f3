"""Questions that git answers without changing anything and without running anything of the repository."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

PATIENCE = 20.0
# A URL of a journal may hold a password, and Prefect's settings an API key.
_NOT_FOR_GIT = ("FRESH_", "PREFECT_")


def ask_git(repository: Path, *words: str) -> str | None:
    """Ask git in a repository; None when it can't say. File-system monitors are programs, so there are none here."""
    try:
        asked = subprocess.run(
            ["git", "-c", "core.fsmonitor=false", *words],
            cwd=repository,
            env={name: value for name, value in os.environ.items() if not name.startswith(_NOT_FOR_GIT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return asked.stdout.decode("utf-8", "surrogateescape").strip() if asked.returncode == 0 else None
