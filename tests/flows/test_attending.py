"""What a worker does around an agent: beat from the start, and leave it to whoever took it over."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows import attending
from flows.attending import attended
from fresh.domain.agent import Outcome, Ticket
from fresh.wiring import using
from tests.fakes.control_room import FakeControlRoom
from tests.fakes.story import (
    NOON,
    THERE,
    a_report,
    a_run,
    a_stop,
    a_ticket,
)
from tests.fakes.toolbox import Fakes, a_toolbox


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fakes]:
    monkeypatch.setattr(attending, "LOOK", 0.01)
    made = a_toolbox(tmp_path.resolve(), FakeControlRoom(states={"flow-1": "PAUSED"}))
    made.tools.work_pool = "farm"
    with using(made.tools):
        yield made


@pytest.fixture
def ticket(fakes: Fakes) -> Ticket:
    made = a_ticket().model_copy(
        update={"repository": str(fakes.tools.repository), "base": fakes.inventory.commit}
    )
    journal, now = fakes.tools.journal, fakes.tools.clock.now()
    journal.open_run(a_run(repository=str(fakes.tools.repository), at=now))
    journal.add_agent(made, now)
    journal.enter_agent(made.agent_id, "flow-1", "", fakes.tools.host, now)
    return made


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set instead of ending this process."""
    found = threading.Event()
    monkeypatch.setattr(os, "_exit", lambda code: found.set())
    return found


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_agent_beats_while_its_environment_is_made_ready(
    fakes: Fakes, ticket: Ticket, left: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, began = fakes.tools.journal, fakes.tools.clock.now()

    def takes_long(*_: object) -> None:
        first = journal.last_pulse(ticket.agent_id)
        assert first is not None
        assert first >= began
        until(lambda: (journal.last_pulse(ticket.agent_id) or first) > first)

    monkeypatch.setattr(fakes.prover, "ready", takes_long)
    with attended(fakes.tools, ticket):
        assert not left.is_set()


@pytest.mark.parametrize("another", ["host", "end"])
def test_a_process_leaves_an_agent_that_another_one_took_over_or_ended(
    fakes: Fakes, ticket: Ticket, left: threading.Event, another: str
) -> None:
    journal = fakes.tools.journal
    with attended(fakes.tools, ticket):
        if another == "host":
            journal.enter_agent(ticket.agent_id, "flow-2", "", THERE, NOON)
        else:
            journal.end_agent(a_report(outcome=Outcome.STOPPED), NOON)
        assert left.wait(20)
    assert fakes.sandbox.kills == 1


def test_a_stop_by_force_ends_the_process_and_its_sandboxes(
    fakes: Fakes, ticket: Ticket, left: threading.Event
) -> None:
    with attended(fakes.tools, ticket):
        fakes.tools.journal.request_stop(a_stop(force=True))
        assert left.wait(20)
    assert fakes.sandbox.kills == 1
