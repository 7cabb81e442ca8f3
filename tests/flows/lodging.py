"""Host one agent of a run on a worker, as `deployments.hosted` does, with fakes behind every port but journal and Prefect.

    python -m tests.flows.lodging FOLDER

The engine of its first host works until that host is killed. What an agent publishes goes into a file, and so does the
process of each host.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from deployments.hosted import main as host
from fresh.adapters.prefect_control import PrefectControl
from fresh.ports import Bench
from fresh.wiring import using
from tests.fakes.engine import appends_a_line
from tests.fakes.toolbox import a_toolbox
from tests.flows.dying import LastingForge

POOL = "drill"


def main(folder: Path) -> int:
    """Host the flow run that the environment names."""
    made = a_toolbox(folder, PrefectControl({}), features=2)
    made.tools.work_pool = POOL
    made.tools.forge = LastingForge(folder / "published", lambda point: None)

    def act(bench: Bench, round_of_work: int) -> None:
        with (folder / "hosts").open("a") as hosts:
            hosts.write(f"{bench.ticket.agent_id} {os.getpid()} {os.environ['FRESH_DRILL_WORKER']}\n")
        while not (folder / "killed").exists():
            time.sleep(0.05)
        appends_a_line(bench, round_of_work)

    made.engine.act = act
    with using(made.tools):
        return host()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
