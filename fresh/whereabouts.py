"""Where the state of a target repository lies; without pydantic, because `status` must answer in half a second."""

from __future__ import annotations

import os
from pathlib import Path

JOURNAL = "journal.db"


def state_home(repository: Path) -> Path:
    """Find the state directory of a repository: FRESH_HOME when set, else `.fresh` at its root."""
    moved = os.environ.get("FRESH_HOME")
    return Path(moved).expanduser().absolute() if moved else repository / ".fresh"


def journal_url(home: Path) -> str:
    """Find the journal: FRESH_JOURNAL_URL when set, else a SQLite file in the state directory."""
    return os.environ.get("FRESH_JOURNAL_URL") or f"sqlite:///{home / JOURNAL}"


def top_level(start: Path) -> Path | None:
    """Find the root of the git repository that holds `start`, by looking for `.git` upwards; None without one."""
    here = start.expanduser().absolute()
    for folder in (here, *here.parents):
        if (folder / ".git").exists():
            return folder
    return None
