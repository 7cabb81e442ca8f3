"""A Postgres server of one's own: started as an unprivileged user on a free port, gone with its directory."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OWNER = "postgres"


def postgres_programs() -> Path | None:
    """Find the newest installed server's programs."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")]
    return max(found, key=lambda path: int(path.parent.name), default=None)


@contextmanager
def postgres_server(programs: Path, *, durable: bool = False) -> Iterator[str]:
    """Start a server; give the URL of its database. Only a `durable` one survives a power cut, and takes its time."""
    home = Path(tempfile.mkdtemp(prefix="fresh-postgres-"))
    port = _free_port()
    given = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={home}"
    given += "" if durable else " -c fsync=off"
    try:
        if os.geteuid() == 0:
            shutil.chown(home, OWNER, OWNER)
        _run(
            programs / "initdb",
            "-D",
            str(home / "data"),
            "-U",
            OWNER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-locale",
        )
        _run(
            programs / "pg_ctl", "-D", str(home / "data"), "-l", str(home / "log"), "-w", "-o", given, "start"
        )
        try:
            yield f"postgresql+psycopg://{OWNER}@127.0.0.1:{port}/{OWNER}"
        finally:
            _run(programs / "pg_ctl", "-D", str(home / "data"), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _run(program: Path, *arguments: str) -> None:
    owner = OWNER if os.geteuid() == 0 else None
    ended = subprocess.run(
        [str(program), *arguments],
        user=owner,
        group=owner,
        extra_groups=[] if owner else None,
        cwd="/",
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    if ended.returncode:
        raise RuntimeError(f"{program.name} ended with {ended.returncode}: {ended.stdout}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
