"""Run a Prefect server in the foreground, with SQLite write transactions that wait for each other.

    python -m deployments.server --host 127.0.0.1 --port 4200

One worker in this very process: more workers, `--background` and ephemeral mode start other processes, which
would not carry the change of `deployments.sqlite_writes`.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fresh.adapters.prefect_server import ServerRecord, write_record
from fresh.adapters.processes import machine_name, start_ticks, this_host
from fresh.domain.host import Host

GRACE = 8.0
"""Seconds a server may take to end after its owner's death."""

_WATCH = 0.5


def find_owner(pid: int) -> Host | None:
    """Name the parent process; None when it is not our parent any more, because it died meanwhile."""
    started = start_ticks(pid)
    if started is None or os.getppid() != pid:
        return None
    return Host(machine=machine_name(), pid=pid, start=started)


def end_with(owner: Host) -> None:
    """End this process when `owner`, its parent, is gone, however that one died.

    The kernel's PR_SET_PDEATHSIG would do it too early: when the thread ends that started us.
    """

    def watch() -> None:
        while os.getppid() == owner.pid:
            time.sleep(_WATCH)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(GRACE)
        os._exit(1)

    threading.Thread(target=watch, name="owner", daemon=True).start()


@contextmanager
def loading() -> Iterator[None]:
    """Import what stays for good: the collector looks at none of it, now or later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def serve(host: str, port: int) -> None:
    """Run the server until it is asked to end."""
    # Else the UI would ask Prefect's usual port, whatever port this server has.
    os.environ.setdefault("PREFECT_SERVER_UI_API_URL", f"http://{host}:{port}/api")
    with loading():
        from deployments.sqlite_writes import begin_immediately

        reason = begin_immediately()
    if reason:
        print(f"Starting Prefect's stock server, slow under parallel writes: {reason}.", file=sys.stderr)
        _serve_stock(host, port)
    else:
        _serve_known(host, port)


def _serve_known(host: str, port: int) -> None:
    """Do what `prefect server start` does in the end, without the second that its command line takes to load."""
    with loading():
        import uvicorn
        from prefect.server.api.server import create_app
        from prefect.settings import get_current_settings

    settings = get_current_settings().server
    uvicorn.run(
        create_app(final=True),
        host=host,
        port=port,
        timeout_keep_alive=settings.api.keepalive_timeout,
        ws_ping_interval=settings.api.websocket_ping_interval,
        ws_ping_timeout=settings.api.websocket_ping_timeout,
        log_level=settings.logging_level.lower(),
    )


def _serve_stock(host: str, port: int) -> None:
    from prefect.cli import app

    sys.argv = ["prefect", "server", "start", "--host", host, "--port", str(port)]
    app()


def main(arguments: Sequence[str] | None = None) -> int:
    """Write down where the server is, then run it: Prefect alone takes seconds to import."""
    options = argparse.ArgumentParser(
        prog="python -m deployments.server", description=__doc__.partition("\n")[0]
    )
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=4200)
    options.add_argument("--record", type=Path, help="directory in which other processes look for the server")
    options.add_argument("--owner", type=int, help="pid of the parent process with which the server ends")
    chosen = options.parse_args(arguments)
    owner = None
    if chosen.owner is not None:
        owner = find_owner(chosen.owner)
        if owner is None:
            print(f"Process {chosen.owner}, which was to own the server, is gone.", file=sys.stderr)
            return 1
        end_with(owner)
    if chosen.record is not None:
        url = f"http://{chosen.host}:{chosen.port}/api"
        write_record(chosen.record, ServerRecord(url=url, host=this_host(), owner=owner))
    serve(chosen.host, chosen.port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
