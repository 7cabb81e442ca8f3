"""A host beats and obeys force whatever Prefect does, and leaves a run that another host took over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from flows import guarding, supervising
from flows.guarding import guarded
from flows.supervising import supervised
from fresh.domain.record import RunRecord
from fresh.domain.stopping import StopRequest
from fresh.wiring import using
from tests.fakes.control_room import FakeControlRoom
from tests.fakes.story import RUN, THERE, a_run, a_stop
from tests.fakes.toolbox import Fakes, a_toolbox


@dataclass
class HangingControlRoom(FakeControlRoom):
    """A Prefect that takes requests and never answers them."""

    asked: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def state(self, flow_run_id: str) -> str | None:
        self.asked.set()
        self.over.wait(30)
        return None


class Endings:
    """Remember what would have ended this process."""

    def __init__(self) -> None:
        self.forced: list[StopRequest] = []
        self.lost = threading.Event()


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fakes]:
    monkeypatch.setattr(guarding, "LOOK", 0.01)
    monkeypatch.setattr(supervising, "LOOK", 0.01)
    monkeypatch.setattr(supervising, "LOOK_AT_PREFECT", 1)
    control = HangingControlRoom()
    made = a_toolbox(tmp_path.resolve(), control)
    with using(made.tools):
        yield made
        control.over.set()


@contextmanager
def hosted(fakes: Fakes) -> Iterator[tuple[RunRecord, Endings]]:
    tools, endings = fakes.tools, Endings()
    record = tools.journal.open_run(a_run(repository=str(tools.repository), at=tools.clock.now()))
    tools.journal.claim(record.repository, RUN, tools.host, tools.clock.now())
    tools.journal.note_flow_run(RUN, "flow-1")
    control = tools.control
    assert isinstance(control, HangingControlRoom)
    with guarded(tools, record, endings.forced.append, endings.lost.set), supervised(tools, record):
        assert control.asked.wait(20)
        yield record, endings
        control.over.set()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_host_beats_and_obeys_force_while_prefect_hangs(fakes: Fakes) -> None:
    journal, clock = fakes.tools.journal, fakes.tools.clock
    with hosted(fakes) as (record, endings):
        hangs_since = clock.now()

        def has_beaten() -> bool:
            claim = journal.standing_claim(record.repository, clock.now())
            return claim is not None and claim.beat > hangs_since

        until(has_beaten)
        journal.request_stop(a_stop(force=True))
        until(lambda: bool(endings.forced))
    assert journal.standing_claim(record.repository, clock.now()) is None


def test_a_host_whose_run_another_one_took_over_leaves_it(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hosted(fakes) as (record, endings):
        fakes.tools.journal.yield_claim(record.repository, fakes.tools.host)
        fakes.tools.journal.claim(record.repository, RUN, THERE, fakes.tools.clock.now())
        assert endings.lost.wait(20)
