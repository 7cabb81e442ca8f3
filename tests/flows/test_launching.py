"""An agent that is sent to a worker: whatever becomes of worker, Prefect and run, it ends once and nobody waits for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from prefect.exceptions import ObjectNotFound

from flows import launching
from flows.forcing import give_up
from flows.launching import BEGINS, FIRST_BEAT, MOST, SILENT, send_away
from fresh.domain.agent import AgentReport, Outcome, Ticket
from fresh.domain.stopping import WhyStopped
from fresh.wiring import using
from tests.fakes.clock import FakeClock
from tests.fakes.control_room import FakeControlRoom
from tests.fakes.story import NOON, RUN, THERE, a_report, a_run, a_stop, a_ticket
from tests.fakes.toolbox import Fakes, a_toolbox


class Pool:
    """Workers that are not there: remember what was sent, and let each attempt begin in a state."""

    def __init__(self, fakes: Fakes, *states: str) -> None:
        self.keys: list[str] = []
        self.refusals: list[Exception] = []
        self._fakes, self._states = fakes, states

    def run_deployment(self, name: str, *, idempotency_key: str, **_: object) -> SimpleNamespace:
        if self.refusals:
            raise self.refusals.pop(0)
        if idempotency_key not in self.keys:
            self.keys.append(idempotency_key)
        number = self.keys.index(idempotency_key)
        self.control.states.setdefault(f"flow-{number}", self._states[min(number, len(self._states) - 1)])
        return SimpleNamespace(id=f"flow-{number}")

    @property
    def control(self) -> FakeControlRoom:
        control = self._fakes.tools.control
        assert isinstance(control, FakeControlRoom)
        return control


@pytest.fixture
def fakes(tmp_path: Path) -> Iterator[Fakes]:
    made = a_toolbox(tmp_path.resolve(), FakeControlRoom())
    made.tools.clock, made.tools.work_pool = FakeClock(), "farm"
    with using(made.tools):
        yield made


@pytest.fixture
def ticket(fakes: Fakes) -> Ticket:
    here = str(fakes.tools.repository)
    made = a_ticket().model_copy(update={"repository": here})
    fakes.tools.journal.open_run(a_run(repository=here))
    fakes.tools.journal.add_agent(made, NOON)
    return made


def pool(monkeypatch: pytest.MonkeyPatch, fakes: Fakes, *states: str) -> Pool:
    made = Pool(fakes, *states)
    monkeypatch.setattr(launching, "run_deployment", made.run_deployment)
    return made


def clock(fakes: Fakes) -> FakeClock:
    found = fakes.tools.clock
    assert isinstance(found, FakeClock)
    return found


def at(fakes: Fakes, *moments: tuple[float, Callable[[], object]]) -> None:
    """Do something at each moment, in seconds after noon."""
    left = list(moments)

    def pass_time() -> None:
        while left and clock(fakes).at >= NOON + timedelta(seconds=left[0][0]):
            left.pop(0)[1]()

    clock(fakes).meanwhile = pass_time


def report(fakes: Fakes) -> Callable[[], AgentReport]:
    return lambda: fakes.tools.journal.end_agent(a_report(), clock(fakes).now())


def pulse(fakes: Fakes) -> Callable[[], None]:
    return lambda: fakes.tools.journal.pulse("abc12345", THERE, clock(fakes).now())


def ended(fakes: Fakes) -> AgentReport:
    (found,) = fakes.tools.journal.reports(RUN)
    return found


def test_an_agent_whose_host_beats_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, fakes: Fakes, ticket: Ticket
) -> None:
    workers = pool(monkeypatch, fakes, "RUNNING")
    at(fakes, *((moment, pulse(fakes)) for moment in range(5, 60, 10)), (61, report(fakes)))

    send_away(fakes.tools, ticket)

    assert workers.keys == ["abc12345/0"]
    assert ended(fakes).outcome is Outcome.COMPLETED


def test_a_host_that_falls_silent_is_followed_by_another_one(
    monkeypatch: pytest.MonkeyPatch, fakes: Fakes, ticket: Ticket
) -> None:
    workers = pool(monkeypatch, fakes, "RUNNING")
    at(fakes, (2, pulse(fakes)), (SILENT + 5, report(fakes)))

    send_away(fakes.tools, ticket)

    assert workers.keys == ["abc12345/0", "abc12345/1"]
    assert workers.control.states["flow-0"] == "CRASHED"
    assert "its host died; another one goes on" in "".join(
        event.text for event in fakes.tools.journal.events(RUN)
    )


def test_a_host_that_died_before_its_first_beat_is_followed_too(
    monkeypatch: pytest.MonkeyPatch, fakes: Fakes, ticket: Ticket
) -> None:
    workers = pool(monkeypatch, fakes, "RUNNING")
    at(fakes, (FIRST_BEAT + 3, report(fakes)))

    send_away(fakes.tools, ticket)

    assert len(workers.keys) == 2


def test_the_next_host_gets_time_for_its_first_beat_although_the_one_before_has_been_silent_for_long(
    monkeypatch: pytest.MonkeyPatch, fakes: Fakes, ticket: Ticket
) -> None:
    workers = pool(monkeypatch, fakes, "CRASHED", "RUNNING")
    pulse(fakes)()
    clock(fakes).at += timedelta(seconds=10 * SILENT)
    late = 10 * SILENT
    at(fakes, (late + FIRST_BEAT - 2, pulse(fakes)), (late + FIRST_BEAT + 5, report(fakes)))

    send_away(fakes.tools, ticket)

    assert workers.keys == ["abc12345/0", "abc12345/1"]


def test_a_worker_that_died_with_an_agent_in_its_hands_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch, fakes: Fakes, ticket: Ticket
) -> None:
    workers = pool(monkeypatch, fakes, "PENDING", "RUNNING")
    at(fakes, (BEGINS + 5, report(fakes)))

    send_away(fakes.tools, ticket)

    assert workers.keys == ["abc12345/0", "abc12345/1"]
    assert workers.control.states["flow-0"] == "CRASHED"


def test_a_host_that_fell_silent_right_after_its_first_beat_is_followed_as_soon_as_any(
    monkeypatch: pytest.MonkeyPatch, fakes: Fakes, ticket: Ticket
) -> None:
    # The one beat is older than our first look at a flow run that is running.
    workers = pool(monkeypatch, fakes, "PENDING", "RUNNING")

    def begin_to_run() -> None:
        workers.control.states["flow-0"] = "RUNNING"

    at(fakes, (5, pulse(fakes)), (6, begin_to_run), (5 + SILENT + 5, report(fakes)))

    send_away(fakes.tools, ticket)

    assert workers.keys == ["abc12345/0", "abc12345/1"]


def test_a_host_that_fell_silent_before_its_flow_run_ran_is_not_waited_for_either(
    monkeypatch: pytest.MonkeyPatch, fakes: Fakes, ticket: Ticket
) -> None:
    workers = pool(monkeypatch, fakes, "PENDING", "RUNNING")
    at(fakes, (5, pulse(fakes)), (5 + SILENT + 5, report(fakes)))

    send_away(fakes.tools, ticket)

    assert workers.keys == ["abc12345/0", "abc12345/1"]


def test_an_agent_waits_for_a_seat_as_long_as_the_run_has_hours_and_then_ends(
    monkeypatch: pytest.MonkeyPatch, fakes: Fakes, ticket: Ticket
) -> None:
    workers = pool(monkeypatch, fakes, "SCHEDULED")
    monkeypatch.setattr(launching, "BEAT", 30.0)

    send_away(fakes.tools, ticket)

    assert clock(fakes).at >= NOON + timedelta(hours=8)
    assert ended(fakes).outcome is Outcome.STOPPED
    assert ended(fakes).failure == "No worker of farm took it before the end, because its hours were over."
    assert workers.control.states["flow-0"] == "CRASHED"
    told = [event.text for event in fakes.tools.journal.events(RUN) if "has waited 10 minutes" in event.text]
    assert len(told) == 1


def test_an_outage_of_prefect_is_sat_out_before_and_after_the_agent_is_sent(
    monkeypatch: pytest.MonkeyPatch, fakes: Fakes, ticket: Ticket
) -> None:
    workers = pool(monkeypatch, fakes, "RUNNING")
    request = httpx.Request("POST", "http://prefect.example/api")
    workers.refusals = [
        httpx.ConnectError("away"),
        httpx.HTTPStatusError("Redis is away", request=request, response=httpx.Response(500)),
    ]

    def vanish(gone: bool) -> Callable[[], None]:
        return lambda: setattr(workers.control, "is_away", gone)

    beats = [(moment, pulse(fakes)) for moment in (10, 20, 30, 39)]
    at(fakes, (3, vanish(True)), *beats, (40, vanish(False)), (45, report(fakes)))

    send_away(fakes.tools, ticket)

    assert workers.keys == ["abc12345/0"]


def test_an_agent_that_cannot_be_sent_before_the_run_is_stopped_ends_as_stopped(
    monkeypatch: pytest.MonkeyPatch, fakes: Fakes, ticket: Ticket
) -> None:
    workers = pool(monkeypatch, fakes, "RUNNING")
    workers.refusals = [httpx.ConnectError("away")] * 100
    at(fakes, (5, lambda: fakes.tools.journal.request_stop(a_stop())))

    send_away(fakes.tools, ticket)

    assert ended(fakes).outcome is Outcome.STOPPED
    assert "because it was asked to stop" in (ended(fakes).failure or "")


def test_a_server_without_the_deployment_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, fakes: Fakes, ticket: Ticket
) -> None:
    workers = pool(monkeypatch, fakes, "RUNNING")
    workers.refusals = [ObjectNotFound(Exception("404"))]

    send_away(fakes.tools, ticket)

    assert ended(fakes).outcome is Outcome.FAILED
    assert ended(fakes).failure == (
        "The Prefect server has no deployment agent/worker; a worker of farm makes it when it starts."
    )


def test_an_agent_that_was_cancelled_in_prefect_is_not_sent_again(
    monkeypatch: pytest.MonkeyPatch, fakes: Fakes, ticket: Ticket
) -> None:
    workers = pool(monkeypatch, fakes, "CANCELLED")

    send_away(fakes.tools, ticket)

    assert workers.keys == ["abc12345/0"]
    assert ended(fakes).outcome is Outcome.STOPPED


def test_an_agent_that_ends_every_host_is_given_up(
    monkeypatch: pytest.MonkeyPatch, fakes: Fakes, ticket: Ticket
) -> None:
    workers = pool(monkeypatch, fakes, "CRASHED")

    send_away(fakes.tools, ticket)

    assert len(workers.keys) == MOST
    assert ended(fakes).failure == f"{MOST} hosts died under it."


def test_a_run_that_is_entered_again_waits_for_the_attempt_that_is_under_way(
    monkeypatch: pytest.MonkeyPatch, fakes: Fakes, ticket: Ticket
) -> None:
    workers = pool(monkeypatch, fakes, "CRASHED", "RUNNING")

    class HostGone(Exception):
        """The run's own process ends here."""

    def die() -> None:
        raise HostGone

    at(fakes, (3, die))
    with pytest.raises(HostGone):
        send_away(fakes.tools, ticket)
    at(fakes, (5, pulse(fakes)), (8, report(fakes)))

    send_away(fakes.tools, ticket)

    assert workers.keys == ["abc12345/0", "abc12345/1"]


def test_what_is_stopped_by_force_is_reported_with_what_it_did_and_where(
    fakes: Fakes, ticket: Ticket
) -> None:
    journal = fakes.tools.journal
    journal.enter_agent(ticket.agent_id, "flow-0", "", THERE, NOON)
    journal.begin_step(ticket.agent_id, "verify", 0, NOON)

    give_up(fakes.tools, journal.run(RUN), WhyStopped.FORCED, "Stopped by force by Ada.")

    assert ended(fakes).outcome is Outcome.STOPPED
    assert ended(fakes).failure == "Stopped by force by Ada. It was testing on there."
    assert journal.run(RUN).closed_at is not None
