"""Stand aside from the working directory while Prefect is at work.

Prefect reads `.env`, `prefect.toml` and `pyproject.toml` of the directory that it stands in, whenever it builds its
settings. `fresh` is started inside of repositories, whose files must not settle where its flows report to.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fresh.errors import StorageFailed

SQLITE = "sqlite:///"


@contextmanager
def aside(home: Path) -> Iterator[None]:
    """Stand in `home`, a directory of our own, and come back at the end. Raises StorageFailed."""
    settle_paths()
    before = os.getcwd()
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.chdir(home)
    except OSError as trouble:
        raise StorageFailed(
            f"Fresh can't work in its directory {home}: {trouble.strerror or trouble}.",
            hint="Make room or give access there, or move the state with FRESH_HOME.",
        ) from trouble
    try:
        yield
    finally:
        os.chdir(before)


def settle_paths() -> None:
    """Make the relative paths in our variables absolute, while we stand where the operator meant them."""
    if home := os.environ.get("FRESH_HOME"):
        os.environ["FRESH_HOME"] = os.path.abspath(os.path.expanduser(home))
    journal = os.environ.get("FRESH_JOURNAL_URL", "")
    path = journal.removeprefix(SQLITE)
    if journal.startswith(SQLITE) and path and not path.startswith(("/", ":", "file:")):
        os.environ["FRESH_JOURNAL_URL"] = f"{SQLITE}{os.path.abspath(path)}"
