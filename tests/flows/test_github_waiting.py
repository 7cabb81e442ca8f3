"""A run that is asked to stop while GitHub wants it to wait: it ends at once, and resuming publishes what was kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fresh.domain.agent import Outcome
from fresh.domain.order import RunOrder
from fresh.domain.stopping import StopRequest, WhyStopped
from fresh.wiring import is_asked_to_stop, using
from tests.fakes.github import Fate, Fault, github
from tests.fakes.github.world import Pull
from tests.flows.github_stage import Stage, staged, unreached

pytestmark = pytest.mark.server


@pytest.fixture
def stage(tmp_path: Path, prefect_url: str) -> Iterator[Stage]:
    began = datetime.now(UTC)
    with github(tmp_path / "hub") as server, staged(server, tmp_path.resolve()) as made:
        journal, repository = made.tools.journal, made.tools.repository
        forge = made.bench.forge(halted=lambda: is_asked_to_stop(journal, repository, began))
        with using(replace(made.tools, forge=forge)) as tools:
            yield replace(made, tools=tools)


def somebody_stops_the_run_after(stage: Stage, seconds: float) -> None:
    """Ask for a graceful end once the forge has waited so long."""
    journal = stage.tools.journal

    def ask() -> None:
        (record,) = journal.runs()
        if sum(stage.bench.clock.slept) >= seconds and not journal.stop_requests(record.id):
            asked = StopRequest(run_id=record.id, by="Ada", through="terminal", at=datetime.now(UTC))
            journal.request_stop(asked)

    stage.bench.clock.meanwhile = ask


def test_a_graceful_stop_does_not_wait_for_a_rate_limit(stage: Stage) -> None:
    from flows.run import run

    limited = {"message": "You have exceeded a secondary rate limit."}
    fault = Fault("POST", r"/pulls$", status=403, body=limited, headers={"Retry-After": "800"}, times=99)
    stage.bench.server.world.faults.append(fault)
    somebody_stops_the_run_after(stage, seconds=3)
    stage.offer(unreached(0), unreached(1))

    report = stage.night(agents=1)

    assert report.stopped is WhyStopped.REQUESTED
    (agent,) = report.agents
    assert agent.outcome is Outcome.PARKED
    assert "800 s of rest" in (agent.failure or "")
    assert sum(stage.bench.clock.slept) == 3
    assert stage.bench.hub.pulls == []

    fault.times = 0
    again = run(RunOrder(repo=str(stage.tools.repository)), report.run_id)

    assert [each.outcome for each in again.agents] == [Outcome.COMPLETED]
    (pull,) = stage.bench.hub.pulls
    assert isinstance(pull.pull, Pull)
    assert pull.labels == ["autonomous", "hookup"]


def test_only_a_request_of_now_for_a_whole_run_ends_a_wait(stage: Stage) -> None:
    """One agent's stop, one of an earlier process, and one that was carried out leave the others their patience."""
    stage.offer(unreached(0))
    report = stage.night(agents=1)
    journal, repository, now = stage.tools.journal, stage.tools.repository, datetime.now(UTC)
    assert not is_asked_to_stop(journal, repository, now)
    one = StopRequest(run_id=report.run_id, agent_id="abc12345", by="Ada", through="terminal", at=now)
    journal.request_stop(one)
    assert not is_asked_to_stop(journal, repository, now)
    journal.request_stop(one.model_copy(update={"agent_id": None}))
    assert is_asked_to_stop(journal, repository, now)
    assert not is_asked_to_stop(journal, repository, datetime.now(UTC))
    assert not is_asked_to_stop(journal, repository.parent, now)


def test_an_outage_at_a_stop_is_not_waited_for_either(stage: Stage) -> None:
    stage.bench.server.world.faults.append(Fault("POST", r"/pulls$", Fate.DROPPED, times=99))
    somebody_stops_the_run_after(stage, seconds=1)
    stage.offer(unreached(0))

    (agent,) = stage.night(agents=1).agents

    assert agent.outcome is Outcome.PARKED
    assert sum(stage.bench.clock.slept) <= 2
