"""An empty Prefect database with every migration applied, made once for each installation."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

DATABASE = "prefect.db"


def template_path(prefix: Path | None = None) -> Path:
    """Name the template of the installed Prefect; another version of it never uses this one."""
    share = (prefix or Path(sys.prefix)) / "share" / "fresh"
    return share / f"prefect-{version('prefect')}.db"


def copy_template(home: Path, template: Path | None = None) -> bool:
    """Begin `home` with a copy of the template; False when there is no template or the home has a database.

    Without it the server makes the same database by itself, only slower.
    A write-ahead log without its database is not ours to combine with another file: then nothing is copied.
    """
    source = template or template_path()
    if not source.is_file() or any(home.glob(f"{DATABASE}*")):
        return False
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = home / ".template"
    shutil.copyfile(source, draft)
    os.replace(draft, home / DATABASE)
    return True
