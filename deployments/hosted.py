"""Host one flow run that a worker was given: the command of our deployments.

    PREFECT__FLOW_RUN_ID=... python -P -m deployments.hosted

Prefect's own engine process would not end on SIGTERM while agents wait for an answer. This one leaves its run
resumable; when the run is being cancelled in Prefect it stops it. It ends with the resident set that it belongs to,
whoever its parent is by then.
"""

from __future__ import annotations

import io
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TextIO
from uuid import UUID

from fresh.adapters.processes import lives
from fresh.deciding import ask_to_stop
from fresh.domain.host import Host
from fresh.domain.people import Actor, Door
from fresh.domain.stopping import StopRequest
from fresh.errors import FreshError, ServerUnreachable
from fresh.keys import withheld
from fresh.wiring import Toolbox

LEFT_RESUMABLE = 143
LOOK = 0.5
PATIENCE = 20.0
"""Seconds that a cancelled run gets to end by itself; the worker kills it after 30."""

CANCELLED = frozenset({"CANCELLING", "CANCELLED"})


def main() -> int:
    """Host the flow run that the environment names."""
    flow_run = UUID(os.environ["PREFECT__FLOW_RUN_ID"])
    os.environ["PREFECT_CLIENT_MAX_RETRIES"] = "10"
    os.environ["PREFECT_CLIENT_RETRY_EXTRA_CODES"] = "500"
    with _logging_apart(flow_run), withheld():
        outcome: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        worker = threading.Thread(target=_carry_out, args=(flow_run, outcome), name="run", daemon=True)
        _stay(str(flow_run), worker)
        trouble = outcome.get()
    sys.stdout.flush()
    # Threads of agents that nobody waits for any more must not keep the process.
    os._exit(0 if trouble is None else 1)


def _carry_out(flow_run_id: UUID, outcome: queue.SimpleQueue[BaseException | None]) -> None:
    from prefect.flow_engine import load_flow, load_flow_run, run_flow

    from fresh.adapters.prefecting.handing_over import hand_over_the_rest
    from tasks.showing import finish_showing

    ended: BaseException | None = None
    try:
        flow_run = load_flow_run(flow_run_id=flow_run_id)
        run_flow(load_flow(flow_run), flow_run=flow_run)
        if (tools := _tools()) is not None:
            tools.control.conclude(str(flow_run_id))
        finish_showing()
        hand_over_the_rest()
    except BaseException as trouble:  # noqa: BLE001 - it is the flow's own end, and Prefect has recorded it
        ended = trouble
        print(f"{type(trouble).__name__}: {trouble}", file=sys.stderr, flush=True)
    finally:
        outcome.put(ended)


def _stay(flow_run: str, worker: threading.Thread) -> None:
    """Run the flow beside the main thread, which alone gets signals."""
    asked = threading.Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, note)
    owner = _owner()
    worker.start()
    forced_at: float | None = None
    while worker.is_alive():
        worker.join(timeout=LOOK)
        if owner is not None and lives(owner) is False:
            _leave(flow_run, "the `fresh up` that it belonged to is gone")
        if asked.is_set():
            asked.clear()
            if not _is_cancelled(flow_run):
                _leave(flow_run, "its host was asked to end")
            _request_stop(force=False)
            forced_at = forced_at or time.monotonic() + PATIENCE
        if forced_at is not None and time.monotonic() > forced_at:
            _request_stop(force=True)
            forced_at = None


def _owner() -> Host | None:
    name = os.environ.get("FRESH_UP_OWNER")
    return Host.parse(name) if name else None


def _tools() -> Toolbox | None:
    """Find the toolbox of the repository that this process works on; None before it has claimed one."""
    from fresh.wiring import standing_toolboxes

    return next(iter(standing_toolboxes()), None)


def _is_cancelled(flow_run: str) -> bool:
    tools = _tools()
    if tools is None:
        return False
    try:
        return tools.control.state(flow_run) in CANCELLED
    except ServerUnreachable:
        return False


def _request_stop(*, force: bool) -> None:
    tools = _tools()
    claim = tools.journal.standing_claim(str(tools.repository), tools.clock.now()) if tools else None
    if tools is None or claim is None or claim.host != tools.host:
        os._exit(1)
    now, somebody = tools.clock.now(), Actor(door=Door.PREFECT, name="somebody")
    request = StopRequest(run_id=claim.run_id, force=force, by="somebody", through="prefect", at=now)
    ask_to_stop(tools.journal, tools.people, somebody, request, now)


def _leave(flow_run: str, why: str) -> None:
    """End at once and leave the run as it is: the reaper of the next `fresh up`, or `fresh auto resume`, goes on."""
    print(f"Flow run {flow_run} is left as it is: {why}.", file=sys.stderr, flush=True)
    tools = _tools()
    if tools is not None:
        tools.sandbox.kill_all()
        for ending in tools.endings:
            ending()
    os._exit(LEFT_RESUMABLE)


@contextmanager
def _logging_apart(flow_run: UUID) -> Iterator[None]:
    """Write to a file of one's own where there is a place for it; else to the worker, for as long as it listens.

    The worker's pipe breaks when the worker dies, and that must not hurt the run.
    """
    folder = os.environ.get("FRESH_UP_FOLDER")
    if folder:
        place = Path(folder) / "hosted"
        place.mkdir(exist_ok=True, mode=0o700)
        with (place / f"{flow_run}.log").open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
    sys.stdout, sys.stderr = _Unheard(sys.stdout), _Unheard(sys.stderr)
    yield


class _Unheard(io.TextIOBase):
    """A stream that nobody may listen to any more."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FreshError as refused:
        print(refused.message, file=sys.stderr)
        sys.exit(refused.exit_code)
