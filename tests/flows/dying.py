"""Host a run in a process of its own that stops at one point around a decision, to be killed there or to go on.

    python -m tests.flows.dying FOLDER POINT [MINUTES]

It says `at POINT` and waits for a line. Nobody has more than the minutes to answer. What it publishes, and the commits of its fake repository, outlive it.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fresh.adapters.prefect_control import PrefectControl
from fresh.domain.agent import AgentReport, Ticket
from fresh.domain.order import RunOrder
from fresh.domain.publication import Publication
from fresh.wiring import using
from tests.fakes.forge import FakeForge
from tests.fakes.story import RUN
from tests.fakes.toolbox import Fakes, a_toolbox

POINTS = ("asked", "waking", "woken", "applying", "applied", "publishing", "published", "ended")


class LastingForge(FakeForge):
    """Publish into a file, one line for each pull request that was really made."""

    def __init__(self, file: Path, stop: Callable[[str], None]) -> None:
        super().__init__()
        self._file = file
        self._stop = stop

    def publish(self, ticket: Ticket, report: AgentReport, title: str, page: str) -> Publication:
        self._stop("publishing")
        made = self._file.read_text().split() if self._file.exists() else []
        if ticket.agent_id not in made:
            with self._file.open("a") as file:
                file.write(f"{ticket.agent_id}\n")
        self._stop("published")
        return Publication(address=f"https://forge.example/{ticket.agent_id}")


class Stop:
    """Stop at the wanted point, once."""

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted

    def __call__(self, point: str) -> None:
        if point and point == self._wanted:
            self._wanted = ""
            print(f"at {point}", flush=True)
            sys.stdin.readline()

    def around(self, owner: Any, method: str, *, before: str = "", after: str = "") -> None:
        """Stop before or after a method of one object."""
        act = getattr(owner, method)

        def stopping(*given: Any, **named: Any) -> Any:
            self(before)
            done = act(*given, **named)
            self(after)
            return done

        setattr(owner, method, stopping)


def keep(made: Fakes, file: Path) -> None:
    """Let the fake repository outlive the process."""
    if file.exists():
        made.workspace.__dict__.update(pickle.loads(file.read_bytes()))

    def saved(act: Callable[..., Any]) -> Callable[..., Any]:
        def saving(*given: Any, **named: Any) -> Any:
            done = act(*given, **named)
            state = {
                name: value
                for name, value in made.workspace.__dict__.items()
                if name not in ("keep", "publish")
            }
            file.with_suffix(".part").write_bytes(pickle.dumps(state))
            file.with_suffix(".part").replace(file)
            return done

        return saving

    made.workspace.keep = saved(made.workspace.keep)  # type: ignore[method-assign]
    made.workspace.publish = saved(made.workspace.publish)  # type: ignore[method-assign]


def main(folder: Path, point: str, minutes: float = 60.0) -> None:
    """Carry a run of one agent out, or go on with it."""
    from flows.pausing import Wait
    from flows.run import run

    made = a_toolbox(folder, PrefectControl({"fresh-sandboxes": 2, "fresh-models": 2}), features=1)
    keep(made, folder / "workspace.pickle")
    stop = Stop(point)
    stop.around(made.tools.journal, "ask", after="asked")
    stop.around(Wait, "leave", before="waking", after="woken")
    stop.around(made.tools.journal, "apply", before="applying", after="applied")
    stop.around(made.tools.journal, "end_agent", after="ended")
    made.tools.forge = LastingForge(folder / "published", stop)
    print("hosting", flush=True)
    with using(made.tools):
        run(RunOrder(repo=str(made.tools.repository), agents=1, approval_timeout=minutes), RUN)
    print("done", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *(float(minutes) for minutes in sys.argv[3:]))
