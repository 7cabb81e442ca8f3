"""Be one part of the resident set until asked to end, or until the supervisor is gone.

python -m deployments.part runner --owner PID --folder .fresh/up
"""

from __future__ import annotations

import argparse
import os
import runpy
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from deployments.server import end_with, find_owner
from fresh.adapters.prefect_server.health import is_healthy
from fresh.keys import withheld

BEAT = 1.0
PAUSE = 0.1


def main(arguments: Sequence[str] | None = None) -> int:
    """Be the part that was named."""
    options = argparse.ArgumentParser(
        prog="python -m deployments.part", description=__doc__.partition("\n")[0]
    )
    options.add_argument("part", choices=("runner", "reaper", "slack"))
    options.add_argument(
        "--owner", type=int, required=True, help="pid of the parent, with which the part ends"
    )
    options.add_argument("--folder", type=Path, required=True, help="directory of the resident set")
    options.add_argument(
        "--awaits-server",
        action="store_true",
        help="wait for the server of the set, which is started meanwhile",
    )
    chosen = options.parse_args(arguments)
    owner = find_owner(chosen.owner)
    if owner is None:
        print(f"Process {chosen.owner}, which was to own the {chosen.part}, is gone.", file=sys.stderr)
        return 1
    end_with(owner)
    beat = chosen.folder / f"{chosen.part}.beat"
    try:
        _be(chosen.part, beat.touch, await_server if chosen.awaits_server else lambda: None)
    except KeyboardInterrupt:
        return 0
    return 0


def await_server() -> None:
    """Wait until the server at PREFECT_API_URL answers, however long; who owns this process ends it when it does not."""
    while not is_healthy(os.environ["PREFECT_API_URL"]):
        time.sleep(PAUSE)


def _be(part: str, beat: Callable[[], None], ready: Callable[[], None]) -> None:
    if part == "runner":
        from deployments.runner import take_runs

        # Keys stay in the environment here: the processes that host runs get them from it.
        take_runs(beat, ready)
    elif part == "reaper":
        from deployments.reaper import reap_for_ever

        with withheld():
            ready()
            reap_for_ever(beat)
    else:
        threading.Thread(target=_beat_for_ever, args=(beat,), daemon=True).start()
        sys.argv = ["bot"]
        runpy.run_module("bot", run_name="__main__", alter_sys=True)


def _beat_for_ever(beat: Callable[[], None]) -> None:
    while True:
        beat()
        time.sleep(BEAT)


if __name__ == "__main__":
    sys.exit(main())
