"""Make an empty Prefect database with every migration applied, so that the first server starts without them.

python -m deployments.prefect_template
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from fresh.adapters.prefect_server import DATABASE, server_environment, template_path


def make_template(target: Path) -> None:
    """Migrate a new database somewhere else and put it at `target` in one step."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        home = Path(folder)
        subprocess.run(
            [sys.executable, "-P", "-m", "prefect", "server", "database", "upgrade", "-y"],
            cwd=home,
            env=server_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        whole = home / target.name
        with closing(sqlite3.connect(home / DATABASE)) as database:
            # One file without its write-ahead log, whatever state the migrations left that in.
            database.execute("VACUUM INTO ?", (str(whole),))
        os.replace(whole, target)


def main() -> int:
    """Make the template of the installed Prefect unless it is there."""
    target = template_path()
    if target.is_file():
        return 0
    try:
        make_template(target)
    except (OSError, sqlite3.Error, subprocess.CalledProcessError) as trouble:
        print(f"The database template {target} could not be made: {trouble}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
