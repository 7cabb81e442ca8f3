"""What every control room does, the fake and Prefect alike."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.states import Completed, Paused, Running

from fresh.adapters.prefect_control import PrefectControl
from fresh.errors import ServerUnreachable
from fresh.ports import ControlRoom
from tests.fakes.control_room import FakeControlRoom

STATES = {"PAUSED": Paused, "RUNNING": Running, "COMPLETED": Completed}


@dataclass
class Room:
    """A control room and a way to have a run in some state."""

    control: ControlRoom
    a_run: Callable[[str], str]
    tags: Callable[[str], set[str]]


@flow
def something() -> None:
    """Be a flow that runs can belong to."""


def _fake() -> Room:
    control = FakeControlRoom(wanted={"contract-limit": 1})

    def a_run(state: str) -> str:
        name = str(uuid.uuid4())
        control.states[name] = state
        return name

    def tags(name: str) -> set[str]:
        return {f"{mark}:{value}" for mark, value in control.marks.get(name, {}).items()}

    return Room(control, a_run, tags)


def _prefect() -> Room:
    def a_run(state: str) -> str:
        with get_client(sync_client=True) as client:
            made = client.create_flow_run(something, state=Running(), tags=["kept", "phase:old"])
            client.set_flow_run_state(made.id, STATES[state](), force=True)
            return str(made.id)

    def tags(name: str) -> set[str]:
        with get_client(sync_client=True) as client:
            return set(client.read_flow_run(uuid.UUID(name)).tags)

    return Room(PrefectControl({"contract-limit": 1}), a_run, tags)


@pytest.fixture(params=["fake", pytest.param("prefect", marks=pytest.mark.server)])
def room(request: pytest.FixtureRequest) -> Iterator[Room]:
    if request.param == "fake":
        yield _fake()
        return
    request.getfixturevalue("prefect_url")
    yield _prefect()


def test_it_tells_a_runs_state_and_nothing_of_an_unknown_run(room: Room) -> None:
    assert room.control.state(room.a_run("PAUSED")) == "PAUSED"
    assert room.control.state(str(uuid.uuid4())) is None


def test_it_retires_what_is_unfinished_and_leaves_what_has_ended(room: Room) -> None:
    running, ended = room.a_run("RUNNING"), room.a_run("COMPLETED")

    for run in (running, ended, str(uuid.uuid4())):
        room.control.retire(run, "its process died")

    assert room.control.state(running) == "CRASHED"
    assert room.control.state(ended) == "COMPLETED"


def test_it_keeps_the_marks_of_a_run_current(room: Room) -> None:
    run = room.a_run("RUNNING")

    room.control.show(run, {"phase": "testing"}, {"cost_usd": 0.5})
    room.control.show(run, {"phase": "committing"}, {"cost_usd": 0.75})

    assert "phase:committing" in room.tags(run)
    assert not {"phase:testing", "phase:old"} & room.tags(run)


def test_a_limit_that_nobody_made_is_an_error_and_one_that_was_made_is_held(room: Room) -> None:
    room.control.make_limits()
    with room.control.permit("contract-limit"):
        pass
    with pytest.raises(Exception, match=r"limit"), room.control.permit(f"nobody-made-{uuid.uuid4().hex}"):
        pass


def test_the_fake_fails_like_an_outage_when_it_is_away() -> None:
    control = FakeControlRoom(is_away=True)
    with pytest.raises(ServerUnreachable):
        control.state("any")


def test_prefect_away_is_said_at_once_and_not_after_minutes_of_back_off() -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}), pytest.raises(ServerUnreachable):
        PrefectControl({}).state(str(uuid.uuid4()))
