"""Two nights at once: Prefect takes the first and cancels the second, and who orders a second one is told why not."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Completed, Pending, Running

from cli.detaching import hand_over, refuse_ordered
from cli.place import Place
from deployments.provision import declared, provision
from fresh.adapters.prefect_control import ordered_runs, start_deployment
from fresh.domain.order import RunOrder
from fresh.domain.people import Actor, Door
from fresh.errors import OperatorMistake
from fresh.wiring import using
from tests.cli.conftest import git
from tests.fakes.control_room import FakeControlRoom
from tests.fakes.story import THERE, a_run
from tests.fakes.toolbox import a_toolbox

pytestmark = [pytest.mark.server, pytest.mark.slow]

NIGHT = "run/overnight"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    repository = tmp_path.resolve() / "pocket"
    repository.mkdir()
    git(repository, "init", "-q")
    (repository / ".fresh").mkdir()
    return Place(repository, repository / ".fresh")


@pytest.fixture
def client(prefect_url: str) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as opened:
        provision(opened, declared())
        made = [run.flow_run for run in ordered_runs((NIGHT, "run/interactive"))]
        for left in made:
            opened.set_flow_run_state(left, Cancelled(), force=True)  # type: ignore[arg-type]
        yield opened
        for run in ordered_runs((NIGHT, "run/interactive")):
            with suppress(ObjectNotFound):
                opened.set_flow_run_state(run.flow_run, Cancelled(), force=True)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _environment_is_put_back() -> Iterator[None]:
    """Handing over sets the environment of a command's own process."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def a_night(place: Place) -> str:
    order = RunOrder(repo=str(place.repository), overnight=True)
    run = secrets.token_hex(4)
    return start_deployment(
        NIGHT, {"order": order.model_dump(mode="json"), "run_id": run}, idempotency_key=f"ordered:{run}"
    )


def test_prefect_cancels_a_second_night_while_the_first_one_works_and_takes_one_after_it(
    client: SyncPrefectClient, place: Place
) -> None:
    first, second = a_night(place), a_night(place)

    assert client.set_flow_run_state(first, Pending()).status is SetStateStatus.ACCEPT  # type: ignore[arg-type]
    client.set_flow_run_state(first, Running())  # type: ignore[arg-type]
    refused = client.set_flow_run_state(second, Pending())  # type: ignore[arg-type]

    assert refused.state is not None
    assert refused.state.is_cancelled()
    found = client.read_flow_run(second).state  # type: ignore[arg-type]
    assert found is not None
    assert found.is_cancelled()
    client.set_flow_run_state(first, Completed())  # type: ignore[arg-type]
    third = client.set_flow_run_state(a_night(place), Pending())  # type: ignore[arg-type]
    assert third.status is SetStateStatus.ACCEPT


def test_who_orders_a_second_night_is_told_so_in_one_sentence_before_the_first_one_is_in_the_journal(
    client: SyncPrefectClient,
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("cli.detaching.typist", lambda repository: Actor(door=Door.TERMINAL, name="Ada"))
    order = RunOrder(repo=str(place.repository), overnight=True)
    hand_over(order, place, None)
    run = capsys.readouterr().out.split()[1]

    with pytest.raises(OperatorMistake) as refused:
        hand_over(order, place, None)

    assert refused.value.message == (
        f"Run {run} on {place.repository} was ordered already, and is scheduled in Prefect."
    )
    assert "--at" in refused.value.hint
    hand_over(order, place, "23:59")
    # What is ordered for later, or elsewhere, keeps nobody from working now.
    elsewhere = Place(place.repository / "other", place.home)
    refuse_ordered(ordered_runs((NIGHT,)), elsewhere)
    (due,) = ordered_runs((NIGHT,))
    assert due.run_id == run


def test_a_night_that_begins_while_another_run_works_fails_with_who_works(
    prefect_url: str, tmp_path: Path
) -> None:
    from flows.run import run

    fakes = a_toolbox(tmp_path.resolve(), FakeControlRoom())
    (fakes.tools.repository / ".git").mkdir()
    here, now = str(fakes.tools.repository), fakes.tools.clock.now()
    fakes.tools.journal.open_run(a_run("aaaa0000", now, here))
    fakes.tools.journal.claim(here, "aaaa0000", THERE, now)

    with using(fakes.tools):
        ended = run(RunOrder(repo=here, overnight=True), "bbbb0000", return_state=True)

    assert ended.is_failed()
    assert f"Run aaaa0000 works on {here} already (process 200 on there/boot)." in (ended.message or "")
    assert [record.id for record in fakes.tools.journal.runs(here)] == ["aaaa0000"]
