"""What the reaper goes on with, how often, and what it never touches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from deployments.reaper import BEGINS_WITHIN, reenter_dead, sweep
from fresh.domain.agent import Outcome
from fresh.domain.approval import Answer
from fresh.domain.host import Host
from fresh.domain.hosting import WhyReenter
from fresh.domain.record import RunRecord
from fresh.domain.stopping import WhyStopped
from fresh.wiring import using
from tests.fakes.clock import FakeClock
from tests.fakes.control_room import FakeControlRoom
from tests.fakes.story import NOON, a_decision, a_question, a_report, a_run, a_ticket, later
from tests.fakes.toolbox import Fakes, a_toolbox


@pytest.fixture
def fakes(tmp_path: Path) -> Iterator[Fakes]:
    made = a_toolbox(tmp_path.resolve(), FakeControlRoom())
    made.tools.clock = FakeClock()
    with using(made.tools):
        yield made


class Began:
    """Remember what was begun, and say how its flow run stands."""

    def __init__(self, fakes: Fakes, state: str = "CRASHED") -> None:
        self.keys: list[str] = []
        self._fakes, self._state = fakes, state

    def __call__(self, record: RunRecord, key: str) -> str:
        self.keys.append(key)
        flow_run = f"flow-{len(self.keys)}"
        control = self._fakes.tools.control
        assert isinstance(control, FakeControlRoom)
        control.states[flow_run] = self._state
        return flow_run


def advance(fakes: Fakes, seconds: float) -> None:
    clock = fakes.tools.clock
    assert isinstance(clock, FakeClock)
    clock.at += timedelta(seconds=seconds)


def opened(fakes: Fakes) -> RunRecord:
    return fakes.tools.journal.open_run(a_run(repository=str(fakes.tools.repository)))


def test_a_run_whose_process_died_is_begun_again(fakes: Fakes) -> None:
    record, began = opened(fakes), Began(fakes)

    (reentry,) = reenter_dead(fakes.tools, began)

    assert reentry.why is WhyReenter.DIED
    assert began.keys == [f"reentry:{record.id}:0:0"]


def test_a_run_that_somebody_hosts_is_left_alone(fakes: Fakes) -> None:
    record, began = opened(fakes), Began(fakes)
    fakes.tools.journal.claim(record.repository, record.id, fakes.tools.host, NOON)

    assert reenter_dead(fakes.tools, began) == ()
    assert began.keys == []


def test_an_attempt_that_is_on_its_way_is_waited_for(fakes: Fakes) -> None:
    opened(fakes)
    began = Began(fakes, "PENDING")

    reenter_dead(fakes.tools, began)
    reenter_dead(fakes.tools, began)

    assert len(began.keys) == 1


def test_progress_while_an_attempt_is_on_its_way_begins_no_second_one(fakes: Fakes) -> None:
    opened(fakes)
    began = Began(fakes, "PENDING")
    reenter_dead(fakes.tools, began)
    fakes.tools.journal.add_agent(a_ticket(), NOON)
    fakes.tools.journal.end_agent(a_report(), NOON)

    assert reenter_dead(fakes.tools, began) == ()
    assert len(began.keys) == 1


def test_an_attempt_that_a_dead_worker_had_taken_is_not_waited_for_for_ever(fakes: Fakes) -> None:
    opened(fakes)
    began, control = Began(fakes, "PENDING"), fakes.tools.control
    assert isinstance(control, FakeControlRoom)
    reenter_dead(fakes.tools, began)
    advance(fakes, BEGINS_WITHIN)

    reenter_dead(fakes.tools, began)

    assert len(began.keys) == 2
    assert control.states["flow-1"] == "CRASHED"


def test_after_three_attempts_without_progress_a_person_is_told_once(fakes: Fakes) -> None:
    record, began = opened(fakes), Began(fakes)

    for _ in range(6):
        reenter_dead(fakes.tools, began)

    assert len(began.keys) == 3
    told = [event.text for event in fakes.tools.journal.events(record.id)]
    assert len(told) == 1
    assert f"fresh auto resume {record.id}" in told[0]


def test_progress_between_deaths_makes_attempts_count_anew(fakes: Fakes) -> None:
    record, began = opened(fakes), Began(fakes)
    for _ in range(4):
        reenter_dead(fakes.tools, began)
    fakes.tools.journal.add_agent(a_ticket(), NOON)
    fakes.tools.journal.end_agent(a_report(), NOON)

    reenter_dead(fakes.tools, began)

    assert began.keys[-1] == f"reentry:{record.id}:1:0"


def test_a_parked_agent_is_left_alone_until_somebody_answers(fakes: Fakes) -> None:
    record, began = opened(fakes), Began(fakes)
    fakes.tools.journal.add_agent(a_ticket(), NOON)
    question = fakes.tools.journal.ask(a_question())
    fakes.tools.journal.end_agent(a_report(outcome=Outcome.PARKED), NOON)
    fakes.tools.journal.close_run(record.id, WhyStopped.DONE, later(60), None)

    assert reenter_dead(fakes.tools, began) == ()
    fakes.tools.journal.decide(question.id, a_decision())
    (reentry,) = reenter_dead(fakes.tools, began)

    assert reentry.why is WhyReenter.UNDELIVERED


def test_the_clock_answers_for_a_parked_agent_too_where_nobody_hosts_the_run(fakes: Fakes) -> None:
    record, began = opened(fakes), Began(fakes)
    fakes.tools.journal.add_agent(a_ticket(), NOON)
    question = fakes.tools.journal.ask(a_question())
    advance(fakes, 3600)

    (reentry,) = reenter_dead(fakes.tools, began)

    decision = fakes.tools.journal.decision(question.id)
    assert decision is not None
    assert (decision.answer, decision.through) == (Answer.EXPIRED, "clock")
    assert reentry.why is WhyReenter.UNDELIVERED
    assert began.keys == [f"reentry:{record.id}:1:0"]


def test_who_waits_longest_comes_first_and_other_repositories_are_left_to_their_own_reapers(
    fakes: Fakes,
) -> None:
    journal, here, began = fakes.tools.journal, str(fakes.tools.repository), Began(fakes)
    journal.open_run(a_run("bbbb0000", later(5), here))
    journal.open_run(a_run("aaaa0000", later(1), here))
    journal.open_run(a_run("cccc0000", NOON, "/elsewhere"))

    reenter_dead(fakes.tools, began)
    journal.close_run("aaaa0000", WhyStopped.DONE, later(60), None)
    reenter_dead(fakes.tools, began)
    journal.close_run("bbbb0000", WhyStopped.DONE, later(60), None)

    assert began.keys == ["reentry:aaaa0000:0:0", "reentry:bbbb0000:0:0"]
    assert reenter_dead(fakes.tools, began) == ()


def test_a_run_that_has_ended_is_never_begun_again(fakes: Fakes) -> None:
    record, began = opened(fakes), Began(fakes)
    fakes.tools.journal.close_run(record.id, WhyStopped.DONE, later(60), None)

    assert reenter_dead(fakes.tools, began) == ()


def test_a_host_on_another_machine_is_believed_while_it_beats(fakes: Fakes) -> None:
    record, began = opened(fakes), Began(fakes)
    far = Host(machine="elsewhere/boot", pid=1, start=1)
    fakes.tools.journal.claim(record.repository, record.id, far, NOON)

    assert reenter_dead(fakes.tools, began) == ()
    advance(fakes, 20)

    assert len(reenter_dead(fakes.tools, began)) == 1


def test_trees_of_ended_agents_are_felled_and_those_of_living_ones_stand(fakes: Fakes) -> None:
    opened(fakes)
    for name in ("aaaa1111", "bbbb2222"):
        fakes.tools.journal.add_agent(a_ticket(name, f"shop.part{name[-1]}:f"), NOON)
        fakes.workspace.plant(name, fakes.inventory.commit)
    fakes.tools.journal.end_agent(a_report("aaaa1111"), NOON)

    sweep(fakes.tools)

    assert fakes.prover.cleared == ["aaaa1111"]
