"""A run and its agents on a real Prefect server, with fakes behind every other port."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterTags
from prefect.client.schemas.sorting import FlowRunSort

from fresh.adapters.prefect_control import PrefectControl
from fresh.domain.agent import Outcome, Ticket
from fresh.domain.approval import Answer, Decision, Question
from fresh.domain.change import PolicyVerdict, Ruling
from fresh.domain.order import RunOrder
from fresh.domain.report import RunReport
from fresh.domain.room import Room
from fresh.domain.stopping import StopRequest, WhyStopped
from fresh.errors import Declined
from fresh.ports import Bench
from fresh.wiring import using
from tests.fakes.engine import appends_a_line
from tests.fakes.prover import earned, failed
from tests.fakes.toolbox import Fakes, a_toolbox

pytestmark = pytest.mark.server


@pytest.fixture
def fakes(tmp_path: Path, prefect_url: str) -> Iterator[Fakes]:
    control = PrefectControl({"fresh-sandboxes": 2, "fresh-models": 2})
    made = a_toolbox(tmp_path.resolve(), control)
    (made.tools.repository / ".git").mkdir()
    with using(made.tools):
        yield made


def carry_out(fakes: Fakes, **order: object) -> RunReport:
    from flows.run import run

    wanted = {"repo": str(fakes.tools.repository), "agents": 3, "approval": False, **order}
    return run(RunOrder.model_validate(wanted), None)


@contextmanager
def somebody(fakes: Fakes, act: Callable[[Question], None]) -> Iterator[list[Question]]:
    """Play the person who sees every question once. When that fails the run is stopped: nobody would answer it."""
    seen: list[Question] = []
    failures: list[BaseException] = []
    over = threading.Event()

    def look() -> None:
        try:
            look_and_act()
        except BaseException as failure:  # noqa: BLE001 - it is raised again where the run was started
            failures.append(failure)
            for record in fakes.tools.journal.runs():
                stop = StopRequest(run_id=record.id, by="ada", through="terminal", at=fakes.tools.clock.now())
                fakes.tools.journal.request_stop(stop)

    def look_and_act() -> None:
        while not over.wait(0.1):
            for record in fakes.tools.journal.runs():
                for question in fakes.tools.journal.questions(record.id, undecided=True):
                    if question.id not in {known.id for known in seen}:
                        seen.append(question)
                        act(question)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()
        for failure in failures:
            raise failure


def decide(fakes: Fakes, question: Question, answer: Answer, text: str = "") -> None:
    decision = Decision(answer=answer, by="ada", through="terminal", text=text, at=fakes.tools.clock.now())
    fakes.tools.journal.decide(question.id, decision)


def outcomes(report: RunReport) -> list[Outcome]:
    return [agent.outcome for agent in report.agents]


def test_every_agent_completes_with_its_own_branch_and_page(fakes: Fakes) -> None:
    report = carry_out(fakes)

    assert outcomes(report) == [Outcome.COMPLETED] * 3
    assert report.stopped is WhyStopped.DONE
    assert {agent.branch for agent in report.agents} == set(fakes.workspace.branches)
    assert len(fakes.forge.pull_requests) == 3
    assert len(fakes.prover.judged) == 3
    assert sorted(fakes.prover.cleared) == sorted(agent.agent_id for agent in report.agents)


def test_an_engine_that_declines_says_why_and_the_others_go_on(fakes: Fakes) -> None:
    fakes.engine.declines["shop.part1:part1"] = "its parameters are no options"

    report = carry_out(fakes)

    declined = report.ended(Outcome.DECLINED)
    assert [agent.failure for agent in declined] == ["its parameters are no options"]
    assert len(report.ended(Outcome.COMPLETED)) == 2


def test_an_engine_that_breaks_fails_its_own_agent_only(fakes: Fakes) -> None:
    def act(bench: object, rounds: int) -> None:
        raise ZeroDivisionError("the engine has a defect")

    fakes.engine.act = act

    report = carry_out(fakes, agents=1)

    assert [(agent.outcome, agent.failure) for agent in report.agents] == [
        (Outcome.FAILED, "ZeroDivisionError: the engine has a defect")
    ]


def test_failing_checks_go_back_twice_and_then_to_a_person_and_never_become_a_pull_request(
    fakes: Fakes,
) -> None:
    fakes.prover.judge = lambda ticket, commit: failed(ticket.base, commit)

    with somebody(fakes, lambda question: decide(fakes, question, Answer.APPROVED)) as seen:
        report = carry_out(fakes, agents=1)

    assert [question.why for question in seen] == ["checks_fail"]
    assert len(fakes.engine.worked) == 3
    assert outcomes(report) == [Outcome.ABANDONED]
    assert fakes.forge.pull_requests == {}
    assert list(fakes.workspace.branches) == [report.agents[0].branch]


def test_approval_publishes_and_says_who_approved_through_what(fakes: Fakes) -> None:
    with somebody(fakes, lambda question: decide(fakes, question, Answer.APPROVED)) as seen:
        report = carry_out(fakes, approval=True)

    assert len(seen) == 3
    assert outcomes(report) == [Outcome.COMPLETED] * 3
    assert {agent.reviewed_by for agent in report.agents} == {"ada (through terminal)"}


def test_the_branch_can_be_tried_before_anybody_decides(fakes: Fakes) -> None:
    there: list[str | None] = []

    def look_first(question: Question) -> None:
        there.append(next(iter(fakes.workspace.branches.values()), None))
        assert there == [question.commit]
        decide(fakes, question, Answer.REJECTED, "not like this")

    with somebody(fakes, look_first):
        report = carry_out(fakes, agents=1, approval=True)

    assert outcomes(report) == [Outcome.REJECTED]
    assert report.agents[0].failure == "Rejected by ada. not like this"
    assert fakes.forge.pull_requests == {}


def test_requested_changes_reach_the_engine_and_make_a_new_question_for_the_new_commit(fakes: Fakes) -> None:
    def first_changes_then_yes(question: Question) -> None:
        first = "-ready-0-" in question.id
        decide(
            fakes, question, Answer.CHANGES if first else Answer.APPROVED, "name it better" if first else ""
        )

    with somebody(fakes, first_changes_then_yes) as seen:
        report = carry_out(fakes, agents=1, approval=True)

    assert [asked for _, asked in fakes.engine.worked] == ["", "name it better"]
    assert len({question.commit for question in seen}) == 2
    assert outcomes(report) == [Outcome.COMPLETED]
    assert list(fakes.workspace.branches.values()) == [seen[1].commit]


def test_changes_that_the_engine_can_t_make_cost_nobody_what_was_proven(fakes: Fakes) -> None:
    def act(bench: Bench, round_of_work: int) -> None:
        if round_of_work > 1:
            raise Declined("It can't follow a request in words.")
        appends_a_line(bench, round_of_work)

    def first_changes_then_yes(question: Question) -> None:
        first = "-ready-0-" in question.id
        decide(fakes, question, Answer.CHANGES if first else Answer.APPROVED, "more cases" if first else "")

    fakes.engine.act = act
    with somebody(fakes, first_changes_then_yes) as seen:
        report = carry_out(fakes, agents=1, approval=True)

    assert len({question.commit for question in seen}) == 1
    assert "can't be done: It can't follow a request in words." in seen[1].text
    assert outcomes(report) == [Outcome.COMPLETED]
    assert list(fakes.workspace.branches.values()) == [seen[0].commit]


def test_silence_publishes_what_is_ready_as_unreviewed(fakes: Fakes) -> None:
    report = carry_out(fakes, agents=1, approval=True, approval_timeout=0.02)

    assert outcomes(report) == [Outcome.COMPLETED]
    assert report.agents[0].reviewed_by is None
    page = next(iter(fakes.forge.pull_requests.values())).page
    assert "unreviewed" in page.lower()


def test_silence_parks_what_policy_wants_seen_and_a_late_answer_is_carried_out_by_resume(
    fakes: Fakes,
) -> None:
    from flows.run import run

    policy = PolicyVerdict(ruling=Ruling.NEEDS_HUMAN, reasons=("it touches Makefile",))
    fakes.prover.judge = lambda ticket, commit: earned(ticket.base, commit, policy=policy)
    report = carry_out(fakes, agents=1, approval_timeout=0.02)
    assert outcomes(report) == [Outcome.PARKED]
    assert fakes.forge.pull_requests == {}

    (question,) = fakes.tools.journal.questions(report.run_id, undecided=True)
    decide(fakes, question, Answer.APPROVED)
    again = run(report.order, report.run_id)

    assert outcomes(again) == [Outcome.COMPLETED]
    assert again.agents[0].reviewed_by == "ada (through terminal)"
    assert len(fakes.engine.worked) == 1


def test_a_reply_through_the_prefect_form_is_recorded_as_such(fakes: Fakes) -> None:
    def reply(question: Question) -> None:
        run = fakes.tools.journal.flow_run(question.agent_id)
        with get_client(sync_client=True) as client:
            for _ in range(100):
                answer = {"answer": "approved", "words": "", "by": "bob"}
                result = client.resume_flow_run(run, run_input=answer)
                if result.status.value == "ACCEPT":
                    return
                time.sleep(0.1)
        raise AssertionError("Prefect never accepted the reply")

    with somebody(fakes, reply):
        report = carry_out(fakes, agents=1, approval=True)

    assert report.agents[0].reviewed_by == "bob (through prefect)"


def test_a_graceful_stop_keeps_work_in_progress_on_its_branch(fakes: Fakes) -> None:
    def stop_midway(bench: object, rounds: int) -> None:
        appends_a_line(bench, rounds)  # type: ignore[arg-type]
        (record,) = fakes.tools.journal.runs()
        fakes.tools.journal.request_stop(
            StopRequest(run_id=record.id, by="ada", through="terminal", at=fakes.tools.clock.now())
        )

    fakes.engine.act = stop_midway

    report = carry_out(fakes, agents=1)

    assert report.stopped is WhyStopped.REQUESTED
    assert outcomes(report) == [Outcome.STOPPED]
    assert list(fakes.workspace.branches.values()) == [report.agents[0].commit]
    assert fakes.forge.pull_requests == {}


def test_a_stop_request_ends_an_agent_that_waits_for_an_answer(fakes: Fakes) -> None:
    def stop(question: Question) -> None:
        fakes.tools.journal.request_stop(
            StopRequest(run_id=question.run_id, by="ada", through="terminal", at=fakes.tools.clock.now())
        )

    with somebody(fakes, stop):
        report = carry_out(fakes, agents=1, approval=True)

    assert outcomes(report) == [Outcome.STOPPED]


def test_the_cancel_button_of_prefect_ends_an_agent_that_waits(fakes: Fakes) -> None:
    from prefect.states import Cancelled

    def cancel(question: Question) -> None:
        run = fakes.tools.journal.flow_run(question.agent_id)
        while fakes.tools.control.state(str(run)) != "PAUSED":
            time.sleep(0.1)
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(run, Cancelled(), force=True)

    with somebody(fakes, cancel):
        report = carry_out(fakes, agents=1, approval=True)

    assert outcomes(report) == [Outcome.STOPPED]
    assert report.agents[0].failure == "Stopped by somebody; the branch is kept."


def test_the_cancel_button_on_a_whole_run_stops_it_gracefully_and_leaves_it_cancelled(fakes: Fakes) -> None:
    from prefect.states import Cancelling

    def cancel(question: Question) -> None:
        run = fakes.tools.journal.run_flow(question.run_id)
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(run, Cancelling(), force=True)

    with somebody(fakes, cancel):
        report = carry_out(fakes, agents=1, approval=True)

    assert outcomes(report) == [Outcome.STOPPED]
    assert report.stopped is WhyStopped.REQUESTED
    (request,) = fakes.tools.journal.stop_requests(report.run_id)
    assert request.through == "prefect"
    flow_run = str(fakes.tools.journal.run_flow(report.run_id))
    fakes.tools.control.conclude(flow_run)
    assert fakes.tools.control.state(flow_run) == "CANCELLED"


def test_a_machine_without_room_holds_seats_empty_until_it_has_some_and_says_why(fakes: Fakes) -> None:
    asked: list[int] = []

    def room(wanted: int) -> Room:
        asked.append(wanted)
        return Room(0, "12 MB of disk are free") if len(asked) < 3 else Room(wanted)

    fakes.tools.room = room

    report = carry_out(fakes, agents=2)

    assert outcomes(report) == [Outcome.COMPLETED] * 2
    told = [event.text for event in fakes.tools.journal.events(report.run_id)]
    assert "For now no seat is filled, because 12 MB of disk are free." in told
    assert "Seats are filled again: the machine has room." in told


def test_outside_of_its_work_hours_a_run_waits_and_its_hours_stand_still(fakes: Fakes) -> None:
    from datetime import datetime, timedelta

    now = datetime.now().astimezone()
    begin = (now + timedelta(minutes=1)).replace(second=0)
    end = begin + timedelta(hours=2)
    stop_after = threading.Timer(3.0, lambda: _stop_all(fakes))
    stop_after.start()

    report = carry_out(fakes, agents=2, work_hours=f"{begin:%H:%M}-{end:%H:%M}")

    assert report.agents == ()
    assert report.stopped is WhyStopped.REQUESTED
    record = fakes.tools.journal.run(report.run_id)
    assert record.deadline > record.opened_at + timedelta(hours=record.order.hours, seconds=1)


def _stop_all(fakes: Fakes) -> None:
    for record in fakes.tools.journal.runs():
        fakes.tools.journal.request_stop(
            StopRequest(run_id=record.id, by="ada", through="terminal", at=fakes.tools.clock.now())
        )


def test_people_find_every_agent_in_prefect_by_tags_that_are_kept_current(fakes: Fakes) -> None:
    report = carry_out(fakes)

    with get_client(sync_client=True) as client:
        wanted = FlowRunFilter(tags=FlowRunFilterTags(all_=[f"run:{report.run_id}"]))
        found = client.read_flow_runs(flow_run_filter=wanted, limit=50, sort=FlowRunSort.ID_DESC)
        limits = {limit.name: limit.limit for limit in client.read_global_concurrency_limits()}
    assert len(found) == 3
    for agent in report.agents:
        (own,) = [flow_run for flow_run in found if f"agent:{agent.agent_id}" in flow_run.tags]
        assert own.name.startswith(f"{agent.agent_id} hookup part")
        assert {f"feature:{agent.feature}", "kind:hookup", "phase:completed", "cost-usd:0.00"} <= set(
            own.tags
        )
    assert limits["fresh-sandboxes"] == 2
    assert limits["fresh-models"] == 2


def test_overnight_refills_seats_until_nothing_worthwhile_is_left(fakes: Fakes) -> None:
    report = carry_out(fakes, agents=1, overnight=True)

    assert outcomes(report) == [Outcome.COMPLETED] * 3
    assert report.stopped is WhyStopped.NOTHING_WORTHWHILE


def test_one_wave_takes_no_more_features_than_agents(fakes: Fakes) -> None:
    report = carry_out(fakes, agents=2)

    assert len(report.agents) == 2
    assert report.stopped is WhyStopped.DONE


@pytest.mark.night
def test_an_agent_that_waits_overnight_gives_its_seat_away(fakes: Fakes) -> None:
    def answer_when_all_have_asked(question: Question) -> None:
        asked = fakes.tools.journal.questions(question.run_id, undecided=True)
        if len(asked) == 3:
            for open_question in asked:
                decide(fakes, open_question, Answer.APPROVED)

    with somebody(fakes, answer_when_all_have_asked) as seen:
        report = carry_out(fakes, agents=1, overnight=True, approval=True)

    assert len(seen) == 3
    assert outcomes(report) == [Outcome.COMPLETED] * 3


def test_the_hours_end_a_run(fakes: Fakes) -> None:
    fakes.engine.act = lambda bench, rounds: time.sleep(3.0)

    report = carry_out(fakes, agents=1, hours=1 / 3600, overnight=True)

    assert report.stopped is WhyStopped.HOURS
    assert len(report.agents) <= 1


def test_an_agent_whose_seat_breaks_is_seated_again_and_ends_once(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    import flows.seating

    act, broken = flows.seating.agent, threading.Event()

    def breaks_once(ticket: Ticket, **options: object) -> object:
        if not broken.is_set():
            broken.set()
            raise RuntimeError("500 Internal Server Error")
        return act(ticket, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(flows.seating, "agent", breaks_once)
    report = carry_out(fakes)

    assert [agent.outcome for agent in report.agents] == [Outcome.COMPLETED] * 3
    told = [event.text for event in fakes.tools.journal.events(report.run_id)]
    assert len([line for line in told if "its seat broke" in line]) == 1
    assert len([line for line in told if " completed " in line]) == 3


def test_an_agent_whose_seats_all_break_is_reported_as_failed_and_the_run_ends(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    import flows.seating

    def breaks(ticket: Ticket, **options: object) -> object:
        raise RuntimeError("500 Internal Server Error")

    monkeypatch.setattr(flows.seating, "agent", breaks)
    report = carry_out(fakes, agents=1)

    (agent,) = report.agents
    assert agent.outcome is Outcome.FAILED
    assert agent.failure == "3 seats broke under it; the Prefect UI has the reasons."


def test_a_person_of_a_test_who_fails_ends_the_run_instead_of_letting_it_wait(fakes: Fakes) -> None:
    def fail(question: Question) -> None:
        raise ValueError("not what was expected")

    with pytest.raises(ValueError, match="not what was expected"), somebody(fakes, fail):
        carry_out(fakes, approval=True, agents=1)
