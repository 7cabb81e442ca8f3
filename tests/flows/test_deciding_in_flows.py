"""Questions of real paused flow runs: asked once, decided once, carried out when the flow itself has gone on."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client

from flows.pausing import LOOK
from fresh.adapters.prefect_control import PrefectControl
from fresh.deciding import decide
from fresh.domain.agent import Outcome
from fresh.domain.answering import Attempt, Won
from fresh.domain.approval import Answer, Question, Risk
from fresh.domain.audit import Entry, first_broken
from fresh.domain.change import PolicyVerdict, Ruling
from fresh.domain.order import RunOrder
from fresh.domain.people import Actor, Circle, Door, People
from fresh.domain.report import RunReport
from fresh.wiring import using
from tests.fakes.prover import earned
from tests.fakes.toolbox import Fakes, a_toolbox
from tests.flows.test_agent_and_run import outcomes, somebody

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
SEEN = PolicyVerdict(ruling=Ruling.NEEDS_HUMAN, reasons=("it touches Makefile",))
ADA = Actor(door=Door.SLACK, id="UADA", name="Ada", team="T1")
PEOPLE = People(team="T1", approvers=Circle(users=frozenset({"UADA"})))


@pytest.fixture
def fakes(tmp_path: Path, prefect_url: str) -> Iterator[Fakes]:
    made = a_toolbox(
        tmp_path.resolve(), PrefectControl({"fresh-sandboxes": 2, "fresh-models": 2}), features=2
    )
    made.tools.people = PEOPLE
    (made.tools.repository / ".git").mkdir()
    with using(made.tools):
        yield made


def carry_out(fakes: Fakes, **order: object) -> RunReport:
    from flows.run import run

    wanted = {"repo": str(fakes.tools.repository), "agents": 1, **order}
    return run(RunOrder.model_validate(wanted), None)


def approve(fakes: Fakes, question: Question) -> None:
    attempt = Attempt(question=question.id, answer=Answer.APPROVED, seal=question.seal)
    response = decide(fakes.tools.journal, PEOPLE, ADA, attempt, fakes.tools.clock.now())
    assert isinstance(response, Won)


def fill_in(fakes: Fakes, question: Question, **form: str) -> str:
    """Send the Resume form off as the Prefect UI does; say what the server made of it."""
    run = fakes.tools.journal.flow_run(question.agent_id)
    with get_client(sync_client=True) as client:
        for _ in range(100):
            result = client.resume_flow_run(run, run_input=form or None)  # type: ignore[arg-type]
            reason = getattr(result.details, "reason", "") or ""
            if result.status.value == "ACCEPT" or not (
                "schema not found" in reason or "not paused" in reason
            ):
                return result.status.value
            time.sleep(0.1)
    raise AssertionError("the flow run was never paused with its form")


def audited(fakes: Fakes) -> list[Entry]:
    rows = list(fakes.tools.journal.audit_rows())
    assert first_broken(rows, fakes.tools.journal.audit_head()) is None
    return [row.content for row in rows]


def test_a_question_carries_everything_that_a_person_must_see(fakes: Fakes) -> None:
    fakes.prover.judge = lambda ticket, commit: earned(ticket.base, commit, policy=SEEN)
    with somebody(fakes, lambda question: approve(fakes, question)) as seen:
        report = carry_out(fakes, budget=3, cap=1)
    (question,) = seen
    its = question.particulars
    assert its is not None
    assert (its.feature, its.branch) == (report.agents[0].feature, report.agents[0].branch)
    assert (its.ruling, its.policy_reasons) == (Ruling.NEEDS_HUMAN, ("it touches Makefile",))
    assert (its.added, its.removed, its.file_count) == (1, 0, 1)
    assert [check.fact for check in its.checks] == ["3 tests pass on base and commit"]
    assert (its.cap.dollars, its.risk, its.risks) == (1.0, Risk.HIGH, ("it touches Makefile",))
    assert len(its.evidence) == 64
    assert report.agents[0].reviewed_by == "Ada (through slack)"


def test_a_form_that_was_not_filled_in_is_no_consent_and_is_asked_again(fakes: Fakes) -> None:
    said: list[str] = []

    def try_everything(question: Question) -> None:
        said.append(fill_in(fakes, question))
        said.append(fill_in(fakes, question, words="", by="bob"))
        said.append(fill_in(fakes, question, answer="choose", by="bob"))
        assert fakes.tools.journal.decision(question.id) is None
        said.append(fill_in(fakes, question, answer="changes", by="bob"))
        said.append(fill_in(fakes, question, answer="rejected", words="no", by="bob"))

    with somebody(fakes, try_everything):
        report = carry_out(fakes)
    assert said == ["REJECT", "REJECT", "ACCEPT", "ACCEPT", "ACCEPT"]
    assert outcomes(report) == [Outcome.REJECTED]
    tries = [(entry.door, entry.name, entry.tried, entry.outcome) for entry in audited(fakes)]
    assert tries == [
        (Door.PREFECT, "bob", "changes", "refused"),
        (Door.PREFECT, "bob", "rejected", "won"),
    ]


def test_a_host_that_lost_its_agent_to_another_one_does_not_go_on_with_the_answer(fakes: Fakes) -> None:
    """One that slept so long that it was taken for dead: its flow run would be Running for ever, and work twice."""
    journal, control = fakes.tools.journal, fakes.tools.control
    stayed: list[tuple[str | None, bool]] = []

    def take_over_and_give_back(question: Question) -> None:
        ours = journal.hosting(question.agent_id)
        assert ours.flow_run is not None
        assert ours.host is not None
        until(lambda: control.state(str(ours.flow_run)) == "PAUSED")
        other = ours.host.model_copy(update={"pid": ours.host.pid + 1})
        journal.enter_agent(question.agent_id, "another flow run", "", other, fakes.tools.clock.now())
        approve(fakes, question)
        time.sleep(10 * LOOK)
        stayed.append((control.state(ours.flow_run), journal.standing(question.id).applied_at is None))
        journal.enter_agent(question.agent_id, ours.flow_run, "", ours.host, fakes.tools.clock.now())

    with somebody(fakes, take_over_and_give_back):
        report = carry_out(fakes)
    assert stayed == [("PAUSED", True)]
    assert outcomes(report) == [Outcome.COMPLETED]


def test_the_form_can_be_switched_off_and_then_decides_nothing(fakes: Fakes) -> None:
    fakes.tools.people = PEOPLE.model_copy(update={"prefect": False})

    def by_form_then_by_slack(question: Question) -> None:
        assert fill_in(fakes, question, answer="approved", by="bob") == "ACCEPT"
        # The chain is looked at when the run is over: rows and head are not read at one time.
        until(lambda: any(row.content.door is Door.PREFECT for row in fakes.tools.journal.audit_rows()))
        approve(fakes, question)

    with somebody(fakes, by_form_then_by_slack):
        report = carry_out(fakes)
    assert report.agents[0].reviewed_by == "Ada (through slack)"
    assert [(entry.door, entry.outcome) for entry in audited(fakes)] == [
        (Door.PREFECT, "refused"),
        (Door.SLACK, "won"),
    ]


def test_a_parked_agent_gets_a_seat_again_in_the_same_run_when_it_is_decided(fakes: Fakes) -> None:
    """One agent parks; the other one keeps the run alive until the first has been answered."""
    released = threading.Event()
    fakes.prover.judge = lambda ticket, commit: earned(
        ticket.base, commit, policy=SEEN if ticket.feature.qualname == "part0" else PolicyVerdict()
    )

    def act(bench: object, rounds: int) -> None:
        from tests.fakes.engine import appends_a_line

        appends_a_line(bench, rounds)  # type: ignore[arg-type]
        if bench.ticket.feature.qualname == "part1":  # type: ignore[attr-defined]
            assert released.wait(120)

    fakes.engine.act = act
    flow_runs: list[str] = []

    def answer_when_parked() -> None:
        journal = fakes.tools.journal
        until(lambda: any(journal.reports(record.id) for record in journal.runs()), 120)
        (record,) = journal.runs()
        (question,) = journal.questions(record.id, undecided=True)
        flow_runs.append(str(journal.flow_run(question.agent_id)))
        approve(fakes, question)
        until(lambda: journal.standing(question.id).applied_at is not None)
        released.set()

    person = threading.Thread(target=answer_when_parked)
    person.start()
    report = carry_out(fakes, agents=2, approval=False, approval_timeout=0.01)
    person.join()
    assert outcomes(report) == [Outcome.COMPLETED, Outcome.COMPLETED]
    assert len(fakes.engine.worked) == 2
    # The flow run that was parked has ended; waking it would leave a run that is Running for ever.
    assert fakes.tools.control.state(flow_runs[0]) == "COMPLETED"


def test_the_deadline_fires_within_five_seconds_and_does_what_the_card_said(fakes: Fakes) -> None:
    report = carry_out(fakes, approval_timeout=0.05)
    (standing,) = fakes.tools.journal.standings(report.run_id)
    assert standing.decision is not None
    assert standing.applied_at is not None
    late = (standing.applied_at - standing.question.deadline).total_seconds()
    assert 0 <= late < 5
    assert "is published as a draft marked unreviewed" in standing.question.text
    assert outcomes(report) == [Outcome.COMPLETED]
    assert report.agents[0].reviewed_by is None


CROWD = """
import sys
from pathlib import Path
from fresh.adapters.sql_journal import SqlJournal
from tests.flows.test_deciding_in_flows import *
from datetime import UTC, datetime
journal = SqlJournal({url!r}, lambda host: True)
question = journal.question({question!r})
print("ready", flush=True)
sys.stdin.readline()
for number in range({each}):
    answer = (Answer.APPROVED, Answer.REJECTED, Answer.STOPPED)[number % 3]
    attempt = Attempt(question=question.id, answer=answer, seal=question.seal)
    print(decide(journal, PEOPLE, ADA, attempt, datetime.now(UTC)).sentence, flush=True)
"""


@pytest.mark.parametrize(
    ("processes", "each", "typed", "api"),
    [(2, 8, 2, 2), pytest.param(2, 40, 8, 12, marks=pytest.mark.night)],
)
def test_mixed_attempts_at_once_on_a_paused_flow_run_are_one_decision(
    fakes: Fakes, processes: int, each: int, typed: int, api: int
) -> None:
    """Two bots, the command line and the Prefect API at once: one decision, and everybody is answered."""
    told: Counter[str] = Counter()

    def rush(question: Question) -> None:
        given = {"url": f"sqlite:///{fakes.tools.home}/journal.db", "question": question.id, "each": each}
        bots = [
            subprocess.Popen(
                [sys.executable, "-c", CROWD.format(**given)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(processes)
        ]
        for bot in bots:
            assert bot.stdout is not None
            assert bot.stdout.readline() == "ready\n"
        until(
            lambda: (
                fakes.tools.control.state(str(fakes.tools.journal.flow_run(question.agent_id))) == "PAUSED"
            )
        )
        threads = [
            threading.Thread(target=lambda: told.update([by_api(fakes, question)])) for _ in range(api)
        ]
        threads += [
            threading.Thread(target=lambda: told.update([by_command(fakes, question)])) for _ in range(typed)
        ]
        for bot in bots:
            assert bot.stdin is not None
            bot.stdin.write("go\n")
            bot.stdin.flush()
        for thread in threads:
            thread.start()
        for bot in bots:
            told.update(bot.communicate(timeout=200)[0].splitlines())
        for thread in threads:
            thread.join()

    with somebody(fakes, rush):
        report = carry_out(fakes)
    decided = [entry for entry in audited(fakes) if entry.outcome == "won"]
    assert len(decided) == 1
    standing = fakes.tools.journal.standing(decided[0].question)
    assert standing.decision is not None
    assert standing.decision.through == decided[0].door
    assert standing.applied_at is not None
    assert sum(told.values()) == processes * each + typed + api
    assert sum(count for said, count in told.items() if said.startswith("Recorded:")) <= 1
    losers = [said for said in told if said.startswith("Already decided:")]
    assert all(said.startswith(f"Already decided: {standing.decision.by} ") for said in losers)
    assert len(report.agents) == 1
    assert len(fakes.forge.pull_requests) == (standing.decision.answer is Answer.APPROVED)


def by_api(fakes: Fakes, question: Question) -> str:
    """Resume the flow run as somebody does who uses Prefect's API; exactly one of them can be accepted."""
    run = fakes.tools.journal.flow_run(question.agent_id)
    with get_client(sync_client=True) as client:
        result = client.resume_flow_run(run, run_input={"answer": "approved", "by": "api"})  # type: ignore[arg-type]
    return f"api: {result.status.value}"


def by_command(fakes: Fakes, question: Question) -> str:
    """Decide through the terminal's own door."""
    attempt = Attempt(question=question.id, answer=Answer.REJECTED, seal=question.seal)
    typist = Actor(door=Door.TERMINAL, id="root", name="Root")
    return decide(fakes.tools.journal, PEOPLE, typist, attempt, fakes.tools.clock.now()).sentence


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something to come true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)
