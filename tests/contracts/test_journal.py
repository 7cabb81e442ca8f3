"""The contract of ports.Journal, on SQLite and on a real Postgres."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from fresh.adapters.journal.store import Store
from fresh.adapters.sql_journal import SqlJournal
from fresh.domain.agent import Outcome
from fresh.domain.alerting import Alert, alert_key
from fresh.domain.approval import Answer, OnDeadline, Particulars, ShownFile, Why
from fresh.domain.budget import Bill, Hold, agent_account, run_account
from fresh.domain.change import Ruling
from fresh.domain.ci import CiCheck, CiResult, CiState
from fresh.domain.conversation import Usage
from fresh.domain.feature import Kind
from fresh.domain.host import Host
from fresh.domain.hosting import Hosting, WhyReenter
from fresh.domain.money import Usd
from fresh.domain.phase import Phase
from fresh.domain.redaction import Redactor
from fresh.domain.status import DecidedStatus
from fresh.domain.steps import Followed
from fresh.domain.stopping import WhyStopped
from fresh.errors import OperatorMistake, StorageFailed
from fresh.ports import Journal
from tests.fakes.story import (
    HERE,
    NOON,
    REPOSITORY,
    RUN,
    THERE,
    a_decision,
    a_line,
    a_question,
    a_report,
    a_run,
    a_stop,
    a_ticket,
    later,
)

ROOT = Path(__file__).parents[2]


@dataclass
class World:
    """Which processes live, what time it is, and where the journal lies."""

    url: str
    living: dict[Host, bool | None] = field(default_factory=dict)
    now: datetime = NOON

    def journal(self) -> SqlJournal:
        """Open the journal as one more process would."""
        return SqlJournal(self.url, lambda host: self.living.get(host, False), lambda: self.now)


@pytest.fixture
def world(database: str) -> World:
    return World(database)


@pytest.fixture
def journal(world: World) -> Iterator[Journal]:
    opened = world.journal()
    yield opened
    opened.close()


@pytest.fixture
def story(journal: Journal) -> Journal:
    """One run with one agent that has asked one question."""
    journal.open_run(a_run())
    journal.add_agent(a_ticket(), NOON)
    journal.ask(a_question())
    return journal


def child(url: str, body: str) -> subprocess.Popen[str]:
    """Start another process that has the journal open; it says `ready` first."""
    program = f"""
import sys, time
from fresh.adapters.sql_journal import SqlJournal
from tests.fakes.story import *
journal = SqlJournal({url!r}, lambda host: True)
journal.runs()
print("ready", flush=True)
{body}
"""
    started = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


# ------------------------------------------------------------------------------------------------------------- runs


def test_a_run_is_read_as_it_was_written(journal: Journal) -> None:
    record = a_run(budget=3.25, features=("normalize",), strategy="safest")
    assert journal.open_run(record) == record
    assert journal.run(RUN) == record


def test_a_run_opened_again_stays_as_it_stands(journal: Journal) -> None:
    journal.open_run(a_run())
    assert journal.open_run(a_run(at=later(60), agents=3)) == a_run()


def test_an_unknown_run_is_a_key_error(journal: Journal) -> None:
    with pytest.raises(KeyError):
        journal.run("ffffffff")


def test_runs_are_listed_newest_first_and_by_repository(journal: Journal) -> None:
    journal.open_run(a_run("aaaa0001", at=later(0)))
    journal.open_run(a_run("aaaa0002", at=later(20)))
    journal.open_run(a_run("aaaa0003", at=later(10), repository="/elsewhere"))
    assert [run.id for run in journal.runs()] == ["aaaa0002", "aaaa0003", "aaaa0001"]
    assert [run.id for run in journal.runs(REPOSITORY)] == ["aaaa0002", "aaaa0001"]


def test_the_first_inventory_of_a_run_stays(journal: Journal) -> None:
    journal.open_run(a_run())
    journal.note_inventory(RUN, "first")
    journal.note_inventory(RUN, "second")
    assert journal.run(RUN).inventory_digest == "first"


def test_the_newest_flow_run_of_a_run_is_remembered(journal: Journal) -> None:
    journal.open_run(a_run())
    assert journal.run_flow(RUN) is None
    journal.note_flow_run(RUN, "flow-1")
    journal.note_flow_run(RUN, "flow-2")
    assert journal.run_flow(RUN) == "flow-2"
    assert journal.run_flow("ffffffff") is None


def test_the_first_closing_of_a_run_stays(journal: Journal) -> None:
    journal.open_run(a_run())
    journal.close_run(RUN, WhyStopped.HOURS, later(10), "/report.json")
    journal.close_run(RUN, WhyStopped.DIED, later(20), None)
    closed = journal.run(RUN)
    assert (closed.stopped, closed.closed_at, closed.report) == (WhyStopped.HOURS, later(10), "/report.json")


# ----------------------------------------------------------------------------------------------------------- claims


def test_a_free_repository_is_claimed_and_the_claim_stands_while_its_host_lives(
    world: World, journal: Journal
) -> None:
    world.living = {HERE: True}
    assert journal.claim(REPOSITORY, RUN, HERE, NOON) is None
    standing = journal.standing_claim(REPOSITORY, later(3600))
    assert standing is not None
    assert (standing.run_id, standing.host, standing.beat) == (RUN, HERE, NOON)
    assert journal.standing_claim("/elsewhere", NOON) is None


def test_a_repository_that_a_living_host_works_on_is_not_claimed(world: World, journal: Journal) -> None:
    world.living = {HERE: True, THERE: True}
    journal.claim(REPOSITORY, RUN, HERE, NOON)
    holder = journal.claim(REPOSITORY, "other", THERE, later(100))
    assert holder is not None
    assert holder.host == HERE
    standing = journal.standing_claim(REPOSITORY, later(100))
    assert standing is not None
    assert standing.run_id == RUN


def test_the_same_host_may_claim_again_and_gains_no_time_by_it(world: World, journal: Journal) -> None:
    world.living = {HERE: True}
    journal.claim(REPOSITORY, RUN, HERE, NOON)
    journal.open_run(a_run())
    assert journal.claim(REPOSITORY, RUN, HERE, later(600)) is None
    assert journal.run(RUN).deadline == a_run().deadline


def test_a_dead_host_loses_its_claim_and_the_run_gets_back_the_time_since_its_last_beat(
    world: World, journal: Journal
) -> None:
    world.living = {HERE: True, THERE: True}
    journal.claim(REPOSITORY, RUN, HERE, NOON)
    journal.open_run(a_run())
    journal.beat(HERE, later(50))
    world.living[HERE] = False
    assert journal.standing_claim(REPOSITORY, later(60)) is None
    assert journal.claim(REPOSITORY, RUN, THERE, later(650)) is None
    assert (journal.run(RUN).deadline - a_run().deadline).total_seconds() == pytest.approx(600)


def test_a_run_that_had_ended_gets_back_the_time_since_then_when_it_goes_on(
    world: World, journal: Journal
) -> None:
    world.living = {HERE: True, THERE: True}
    journal.claim(REPOSITORY, RUN, HERE, NOON)
    journal.open_run(a_run())
    journal.close_run(RUN, WhyStopped.DONE, later(100), None)
    journal.yield_claim(REPOSITORY, HERE)
    journal.claim(REPOSITORY, RUN, THERE, later(1100))
    assert (journal.run(RUN).deadline - a_run().deadline).total_seconds() == pytest.approx(1000)


def test_another_run_gains_nothing_by_taking_over_from_a_dead_host(world: World, journal: Journal) -> None:
    world.living = {THERE: True}
    journal.claim(REPOSITORY, RUN, HERE, NOON)
    journal.open_run(a_run())
    journal.claim(REPOSITORY, "other", THERE, later(600))
    assert journal.run(RUN).deadline == a_run().deadline


def test_a_host_on_another_machine_lives_by_its_beat(world: World, journal: Journal) -> None:
    world.living = {HERE: True, THERE: None}
    journal.claim(REPOSITORY, RUN, THERE, NOON)
    assert journal.claim(REPOSITORY, "other", HERE, later(10)) is not None
    assert journal.beat(THERE, later(14))
    assert journal.claim(REPOSITORY, "other", HERE, later(25)) is not None
    assert journal.standing_claim(REPOSITORY, later(40)) is None
    assert journal.claim(REPOSITORY, "other", HERE, later(40)) is None


def test_a_host_that_lost_its_claim_is_told_so_by_its_beat(world: World, journal: Journal) -> None:
    world.living = {HERE: True}
    assert not journal.beat(HERE, NOON)
    journal.claim(REPOSITORY, RUN, THERE, NOON)
    journal.claim(REPOSITORY, RUN, HERE, later(60))
    assert not journal.beat(THERE, later(61))
    assert journal.beat(HERE, later(61))


def test_a_repository_is_given_back_by_its_holder_alone(world: World, journal: Journal) -> None:
    world.living = {HERE: True, THERE: True}
    journal.claim(REPOSITORY, RUN, HERE, NOON)
    journal.yield_claim(REPOSITORY, THERE)
    assert journal.standing_claim(REPOSITORY, NOON) is not None
    journal.yield_claim(REPOSITORY, HERE)
    assert journal.standing_claim(REPOSITORY, NOON) is None
    assert journal.claim(REPOSITORY, "other", THERE, later(1)) is None


def test_of_many_hosts_that_claim_at_once_exactly_one_gets_the_repository(world: World) -> None:
    hosts = [Host(machine="here/boot", pid=pid, start=1) for pid in range(1, 9)]
    world.living = dict.fromkeys(hosts, True)
    journals = [world.journal() for _ in hosts]
    answers = at_once(
        [lambda j=j, h=h: j.claim(REPOSITORY, RUN, h, NOON) for j, h in zip(journals, hosts, strict=True)]
    )
    assert answers.count(None) == 1
    assert len({claim.host for claim in answers if claim is not None}) == 1
    for opened in journals:
        opened.close()


# ----------------------------------------------------------------------------------------------------------- agents


def test_tickets_keep_their_order_and_the_same_agent_is_added_once(journal: Journal) -> None:
    journal.open_run(a_run())
    for name in ("cccc0001", "aaaa0002", "bbbb0003", "cccc0001"):
        journal.add_agent(a_ticket(name), NOON)
    assert [ticket.agent_id for ticket in journal.tickets(RUN)] == ["cccc0001", "aaaa0002", "bbbb0003"]
    assert journal.tickets(RUN)[1] == a_ticket("aaaa0002")


def test_tickets_added_at_once_are_all_there(world: World) -> None:
    journals = [world.journal() for _ in range(8)]
    journals[0].open_run(a_run())
    at_once([lambda j=j, n=n: j.add_agent(a_ticket(f"{n:08}"), NOON) for n, j in enumerate(journals)])
    assert {ticket.agent_id for ticket in journals[0].tickets(RUN)} == {f"{n:08}" for n in range(8)}
    for opened in journals:
        opened.close()


def test_an_agent_remembers_its_newest_flow_run_and_its_first_entry(story: Journal) -> None:
    assert story.flow_run("abc12345") is None
    assert story.entered_at("abc12345") is None
    story.enter_agent("abc12345", "flow-1", "http://ui/1", HERE, later(5))
    story.enter_agent("abc12345", "flow-2", "http://ui/2", THERE, later(500))
    assert story.flow_run("abc12345") == "flow-2"
    assert story.entered_at("abc12345") == later(5)
    assert story.flow_run("unknown0") is None


def test_a_step_that_was_finished_gives_its_first_result_to_everybody_after(story: Journal) -> None:
    assert story.begin_step("abc12345", "implement", 0, NOON) is None
    assert story.end_step("abc12345", "implement", 0, '{"a": 1}', later(1)) == '{"a": 1}'
    assert story.end_step("abc12345", "implement", 0, '{"a": 2}', later(2)) == '{"a": 1}'
    assert story.begin_step("abc12345", "implement", 0, later(3)) == '{"a": 1}'
    assert story.begin_step("abc12345", "implement", 1, later(4)) is None


def test_a_step_whose_process_was_killed_is_begun_again(world: World, story: Journal) -> None:
    there = child(
        world.url,
        'journal.begin_step("abc12345", "verify", 0, NOON); print("begun", flush=True); time.sleep(60)',
    )
    assert there.stdout is not None
    assert there.stdout.readline() == "begun\n"
    there.kill()
    there.wait()
    assert story.begin_step("abc12345", "verify", 0, later(10)) is None
    assert story.end_step("abc12345", "verify", 0, "{}", later(11)) == "{}"


def test_a_process_killed_inside_of_a_transaction_leaves_no_trace_and_no_lock(
    world: World, story: Journal
) -> None:
    there = child(
        world.url,
        """
from fresh.adapters.journal import schema
with journal._store.writing() as connection:
    connection.execute(schema.run.update().values(stopped="half"))
    print("inside", flush=True)
    time.sleep(60)
""",
    )
    assert there.stdout is not None
    assert there.stdout.readline() == "inside\n"
    os.kill(there.pid, signal.SIGKILL)
    there.wait()
    story.note_inventory(RUN, "after")
    assert story.run(RUN).inventory_digest == "after"
    assert story.run(RUN).stopped is None


def test_the_first_report_of_an_agent_stays(story: Journal) -> None:
    first = a_report(cost=Usd.of("0.75"), runtime_seconds=930.0)
    assert story.end_agent(first, later(1)) == first
    assert story.end_agent(a_report(outcome=Outcome.FAILED), later(2)) == first
    assert story.reports(RUN) == (first,)


def test_reports_are_listed_in_the_order_of_their_tickets(journal: Journal) -> None:
    journal.open_run(a_run())
    for name in ("cccc0001", "aaaa0002", "bbbb0003"):
        journal.add_agent(a_ticket(name), NOON)
    journal.end_agent(a_report("bbbb0003"), later(1))
    journal.end_agent(a_report("cccc0001"), later(2))
    assert [report.agent_id for report in journal.reports(RUN)] == ["cccc0001", "bbbb0003"]


def test_only_a_parked_agent_is_reopened(story: Journal) -> None:
    story.enter_agent("abc12345", "flow-1", "", HERE, NOON)
    story.end_agent(a_report(outcome=Outcome.PARKED), later(1))
    story.reopen_agent("abc12345")
    assert story.reports(RUN) == ()
    assert story.hosting("abc12345") == Hosting()
    completed = story.end_agent(a_report(), later(2))
    story.reopen_agent("abc12345")
    assert story.reports(RUN) == (completed,)


# -------------------------------------------------------------------------------------------------------- questions


def test_a_question_asked_again_keeps_its_first_deadline(story: Journal) -> None:
    again = a_question().model_copy(update={"deadline": later(9999), "text": "other"})
    assert story.ask(again) == a_question()
    assert story.question("abc12345-ready-0") == a_question()


def test_unknown_questions_are_key_errors(story: Journal) -> None:
    for call in (
        lambda: story.question("nope"),
        lambda: story.decision("nope"),
        lambda: story.decide("nope", a_decision()),
    ):
        with pytest.raises(KeyError):
            call()


def test_the_first_decision_stands_and_the_second_person_is_told_who_was_first(story: Journal) -> None:
    assert story.decision("abc12345-ready-0") is None
    first, second = a_decision(by="Ada"), a_decision(Answer.REJECTED, by="Bob", through="slack")
    assert story.decide("abc12345-ready-0", first) == (True, first)
    assert story.decide("abc12345-ready-0", second) == (False, first)
    assert story.decision("abc12345-ready-0") == first


def test_questions_are_listed_oldest_first_by_what_is_left_to_do(story: Journal) -> None:
    story.add_agent(a_ticket("def67890"), NOON)
    story.ask(a_question("def67890", Why.POLICY, ordinal=2))
    story.ask(a_question("def67890", Why.CHECKS_FAIL, ordinal=1))
    ids = ["abc12345-ready-0", "def67890-checks-fail-1", "def67890-policy-2"]
    assert [question.id for question in story.questions(RUN)] == ids
    story.decide(ids[0], a_decision())
    story.decide(ids[1], a_decision())
    story.apply(ids[0], later(70))
    assert [question.id for question in story.questions(RUN, undecided=True)] == [ids[2]]
    assert [question.id for question in story.questions(RUN, unapplied=True)] == [ids[1]]


def test_of_two_processes_that_decide_at_once_exactly_one_wins_each_question(
    world: World, story: Journal
) -> None:
    for number in range(1, 21):
        story.ask(a_question(ordinal=number))
    body = """
sys.stdin.readline()
won = [n for n in range(1, 21) if journal.decide(f"abc12345-ready-{n}", a_decision(by=NAME))[0]]
print(*won, flush=True)
"""
    there = [child(world.url, body.replace("NAME", repr(name))) for name in ("Ada", "Bob")]
    for process in there:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    won = [[int(number) for number in process.communicate(timeout=60)[0].split()] for process in there]
    assert sorted(won[0] + won[1]) == list(range(1, 21))
    for name, numbers in zip(("Ada", "Bob"), won, strict=True):
        for number in numbers:
            standing = story.decision(f"abc12345-ready-{number}")
            assert standing is not None
            assert standing.by == name


# ------------------------------------------------------------------------------------------------- stops and trail


def test_stop_requests_are_listed_as_they_came(story: Journal) -> None:
    for request in (a_stop(agent="abc12345"), a_stop(), a_stop(force=True)):
        story.request_stop(request)
    assert story.stop_requests(RUN) == (a_stop(agent="abc12345"), a_stop(), a_stop(force=True))
    assert story.stop_requests("ffffffff") == ()


def test_the_trail_is_read_in_the_order_it_was_written_whatever_the_clock_did(story: Journal) -> None:
    story.record(a_line("first", at=later(10)))
    story.record(a_line("of the agent", agent="abc12345", at=later(5)))
    assert [event.text for event in story.events(RUN)] == ["first", "of the agent"]
    assert [event.at for event in story.events(RUN, "abc12345")] == [later(5)]


def test_text_that_a_database_can_not_keep_is_kept_without_it(story: Journal) -> None:
    story.record(a_line("a\0b ünï 🛠️ '\"; DROP TABLE run; --"))
    assert story.events(RUN)[0].text == "ab ünï 🛠️ '\"; DROP TABLE run; --"
    assert story.remember("half", "a\ud800b") == "a?b"


def test_the_first_text_under_a_key_stays(journal: Journal) -> None:
    assert journal.recall("key") is None
    assert journal.remember("key", "first") == "first"
    assert journal.remember("key", "second") == "first"
    assert journal.recall("key") == "first"


def test_lines_written_at_once_from_many_threads_are_all_there(story: Journal) -> None:
    at_once([lambda n=n: [story.record(a_line(f"{n}-{k}")) for k in range(10)] for n in range(16)])
    assert len(story.events(RUN)) == 160


# ----------------------------------------------------------------------------------------------------------- status


def test_there_is_no_status_without_a_run(journal: Journal) -> None:
    assert journal.status() is None
    journal.open_run(a_run())
    assert journal.status(repository="/elsewhere") is None
    assert journal.status(run_id="ffffffff") is None


def test_status_shows_the_newest_run_of_the_repository_or_the_one_asked_for(journal: Journal) -> None:
    journal.open_run(a_run("aaaa0001", at=later(0)))
    journal.open_run(a_run("aaaa0002", at=later(20)))
    journal.open_run(a_run("aaaa0003", at=later(30), repository="/elsewhere"))
    newest, asked = journal.status(repository=REPOSITORY), journal.status("aaaa0001")
    assert newest is not None
    assert asked is not None
    assert (newest.run_id, asked.run_id) == ("aaaa0002", "aaaa0001")


def spend(journal: SqlJournal, agent: str, *, spent: float, held: float) -> None:
    """Let an agent pay for one request, and wait for another."""
    journal.open_account(run_account(RUN), Usd.of(10))
    journal.open_account(agent_account(agent), Usd.of(5))
    for name, dollars in (("paid", spent), ("waiting", held)):
        hold = Hold(name, RUN, agent, Usd.of(dollars), HERE, NOON, later(60), "gpt-5-mini")
        journal.reserve(hold)
        journal.mark_sent(name)
    journal.settle("paid", Bill(Usd.of(spent), Usage(input=9, output=9), "default"))


def test_status_shows_the_alerts_about_money(story: SqlJournal) -> None:
    story.remember(alert_key(RUN, Alert.HALF), "Budget alert: 50 % is spent.")
    story.remember(alert_key("ffffffff", Alert.MOST), "Of another run.")
    status = story.status()
    assert status is not None
    assert status.alerts == ("Budget alert: 50 % is spent.",)


def test_status_shows_every_agent_with_its_phase_question_time_and_cost(
    world: World, journal: SqlJournal
) -> None:
    world.living, world.now = {HERE: True}, later(930)
    journal.claim(REPOSITORY, RUN, HERE, NOON)
    journal.open_run(a_run(budget=10))
    for name in ("aaaa0001", "bbbb0002", "cccc0003", "dddd0004"):
        journal.add_agent(a_ticket(name), NOON)
    for name in ("aaaa0001", "bbbb0002", "cccc0003"):
        journal.enter_agent(name, "flow", "http://ui/flow", HERE, NOON)
        journal.begin_step(name, "analyse", 0, later(1))
    journal.begin_step("bbbb0002", "implement", 0, later(2))
    journal.end_step("bbbb0002", "implement", 0, '{"commit": "c0ffee"}', later(3))
    journal.begin_step("bbbb0002", "verify", 0, later(4))
    journal.ask(a_question("bbbb0002"))
    spend(journal, "cccc0003", spent=3.25, held=0.1)
    journal.end_agent(a_report("cccc0003", cost=Usd.of("3.25"), pull_request="https://x/1"), later(60))
    status = journal.status()
    assert status is not None
    assert (status.running, status.died, status.spent_usd, status.budget_usd) == (True, False, 3.25, 10.0)
    assert (status.held_usd, [agent.cost_usd for agent in status.agents]) == (0.1, [0, 0, 3.25, 0])
    assert [agent.phase for agent in status.agents] == [
        Phase.ANALYZING,
        Phase.AWAITING_USER,
        Phase.COMPLETED,
        Phase.STARTING,
    ]
    assert [agent.runtime_seconds for agent in status.agents] == [930.0, 930.0, 60.0, 0.0]
    asking = status.agents[1]
    assert asking.commit == "c0ffee"
    assert asking.question is not None
    assert asking.question.deadline == "2026-11-23T13:00:00+00:00"
    assert status.agents[2].pull_request == "https://x/1"
    assert status.agents[0].flow_run_url == "http://ui/flow"


def test_status_shows_a_pull_request_and_its_checks_while_they_are_followed_and_afterwards(
    story: Journal,
) -> None:
    def shown() -> tuple[str | None, str | None]:
        status = story.status()
        assert status is not None
        return status.agents[0].pull_request, status.agents[0].ci

    assert shown() == (None, None)
    story.begin_step("abc12345", "publish", 0, later(1))
    story.end_step("abc12345", "publish", 0, '{"branch": "b", "pull_request": "https://x/1"}', later(2))
    story.begin_step("abc12345", "follow", 0, later(3))
    assert shown() == ("https://x/1", "pending")
    checks = (CiCheck(name="lint", result=CiResult.FAILED), CiCheck(name="test", result=CiResult.PASSED))
    state = CiState(commit="c" * 40, checks=checks)
    story.end_step("abc12345", "follow", 0, Followed(state=state).model_dump_json(), later(4))
    assert shown() == ("https://x/1", "red")
    repaired = state.model_copy(update={"checks": checks[1:]})
    story.end_agent(a_report(ci=repaired, pull_request="https://x/1"), later(5))
    assert shown() == ("https://x/1", "green")


def test_status_shows_an_answered_question_no_more(story: Journal) -> None:
    story.decide("abc12345-ready-0", a_decision())
    status = story.status()
    assert status is not None
    assert status.agents[0].question is None
    assert status.agents[0].phase is not Phase.AWAITING_USER


def test_status_says_that_a_run_died_and_its_agents_time_stands_still(world: World, journal: Journal) -> None:
    world.living = {HERE: True}
    journal.claim(REPOSITORY, RUN, HERE, NOON)
    journal.open_run(a_run())
    journal.add_agent(a_ticket(), NOON)
    journal.enter_agent("abc12345", "flow", "", HERE, NOON)
    journal.beat(HERE, later(30))
    world.living[HERE], world.now = False, later(9000)
    status = journal.status()
    assert status is not None
    assert (status.running, status.died) == (False, True)
    assert status.agents[0].runtime_seconds == 30.0


def test_status_of_a_closed_run_says_why_it_stopped_and_where_its_report_is(
    world: World, journal: Journal
) -> None:
    world.living = {HERE: True}
    journal.claim(REPOSITORY, RUN, HERE, NOON)
    journal.open_run(a_run())
    journal.request_stop(a_stop())
    journal.close_run(RUN, WhyStopped.REQUESTED, later(9), "/r.json")
    status = journal.status()
    assert status is not None
    assert (status.running, status.died) == (False, False)
    assert (status.stopped, status.report, status.stop_requested) == (
        "it was asked to stop",
        "/r.json",
        "graceful, by Ada",
    )


# --------------------------------------------------------------------------------------------------------- trouble


def test_the_same_journal_may_be_opened_by_many_processes_at_once(world: World) -> None:
    journals = [world.journal() for _ in range(8)]
    at_once([lambda j=j: j.open_run(a_run()) for j in journals])
    assert [run.id for run in journals[0].runs()] == [RUN]
    for opened in journals:
        opened.close()


def test_a_journal_of_a_newer_fresh_is_left_alone(world: World, journal: Journal) -> None:
    journal.open_run(a_run())
    engine = create_engine(world.url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE meta SET value = '99' WHERE key = 'schema'"))
    engine.dispose()
    opened = world.journal()
    with pytest.raises(StorageFailed, match="schema 99; this Fresh knows schemas up to 1") as refused:
        opened.open_run(a_run("aaaa0002"))
    assert refused.value.hint
    opened.close()


def test_a_server_that_is_away_is_one_sentence_without_the_password() -> None:
    journal = SqlJournal("postgresql+psycopg://ada:geheim@127.0.0.1:1/fresh", lambda host: True)
    with pytest.raises(StorageFailed) as trouble:
        journal.runs()
    assert "127.0.0.1" in trouble.value.message
    assert "geheim" not in trouble.value.message
    assert "\n" not in trouble.value.message
    assert trouble.value.retryable


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "nonsense", "postgresql+nothing://h/d", "postgresql://ada:geheim@h:x/d"]
)
def test_a_url_that_names_no_database_is_the_operators_mistake(url: str) -> None:
    with pytest.raises(OperatorMistake) as mistake:
        SqlJournal(url, lambda host: True).runs()
    assert mistake.value.hint
    assert "geheim" not in mistake.value.message


@pytest.mark.parametrize("name", ["a b", "what?", "50%", "#1", "ü&=", "x?mode=memory"])
def test_the_path_of_a_journal_is_taken_as_it_stands(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    journal = SqlJournal(f"sqlite:///{tmp_path / name / 'journal.db'}", lambda host: True)
    journal.open_run(a_run())
    journal.close()
    assert (tmp_path / name / "journal.db").is_file()


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"this is no database at all, but long enough to have a header" * 40)
    assert_one_sentence(lambda: SqlJournal(f"sqlite:///{path}", lambda host: True).runs(), str(path))


def test_a_file_damaged_in_the_middle_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = SqlJournal(f"sqlite:///{path}", lambda host: True)
    journal.open_run(a_run())
    journal.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    assert_one_sentence(lambda: SqlJournal(f"sqlite:///{path}", lambda host: True).runs(), str(path))


def test_a_directory_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "journal.db"
    assert_one_sentence(lambda: SqlJournal(f"sqlite:///{path}", lambda host: True).runs(), str(path))


def test_a_full_disk_is_one_sentence_and_loses_nothing_that_was_confirmed(small_disk: Path) -> None:
    url = f"sqlite:///{small_disk / 'journal.db'}"
    journal = SqlJournal(url, lambda host: True)
    journal.open_run(a_run())
    confirmed = 0

    def fill() -> None:
        nonlocal confirmed
        for _ in range(10000):
            journal.record(a_line("x" * 4000))
            confirmed += 1

    assert_one_sentence(fill, str(small_disk))
    journal.close()
    again = SqlJournal(url, lambda host: True)
    assert len(again.events(RUN)) == confirmed > 0
    again.close()


def test_a_read_only_directory_is_one_sentence(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    journal = SqlJournal(f"sqlite:///{small_disk / 'journal.db'}", lambda host: True)
    assert_one_sentence(journal.runs, str(small_disk))


def test_many_writers_on_sqlite_all_get_through(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    SqlJournal(url, lambda host: True).open_run(a_run())
    body = "for n in range(50): journal.record(a_line(str(n)))"
    there = [child(url, body) for _ in range(4)]
    assert [process.wait(timeout=60) for process in there] == [0, 0, 0, 0]
    assert len(SqlJournal(url, lambda host: True).events(RUN)) == 200


def test_a_write_transaction_holds_the_lock_from_its_first_read(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'journal.db'}", Redactor())
    other = SqlJournal(f"sqlite:///{tmp_path / 'journal.db'}", lambda host: True)
    other.runs()
    done = threading.Event()
    with store.writing() as connection:
        connection.execute(text("SELECT * FROM run"))
        writer = threading.Thread(target=lambda: (other.open_run(a_run()), done.set()))
        writer.start()
        assert not done.wait(0.3)
    assert done.wait(10)
    writer.join()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of half a megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)],
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"a small file system can't be mounted here: {mounted.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def assert_one_sentence(act: Callable[[], object], names: str) -> None:
    with pytest.raises(StorageFailed) as trouble:
        act()
    message = trouble.value.message
    assert names in message
    assert message.endswith(".")
    assert "\n" not in message
    assert trouble.value.hint


def at_once(acts: list[Callable[[], object]]) -> list[object]:
    """Do all of it at the same moment in threads; raise what any of them raised."""
    barrier = threading.Barrier(len(acts))
    answers: list[object] = [None] * len(acts)
    troubles: list[BaseException] = []

    def do(number: int) -> None:
        barrier.wait()
        try:
            answers[number] = acts[number]()
        except BaseException as trouble:  # noqa: BLE001 - it is raised below
            troubles.append(trouble)

    threads = [threading.Thread(target=do, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if troubles:
        raise troubles[0]
    return answers


def test_status_shows_what_is_decided_until_the_agent_goes_on_with_it(story: Journal) -> None:
    story.decide("abc12345-ready-0", a_decision(by="Bob", through="slack"))
    status = story.status()
    assert status is not None
    (agent,) = status.agents
    assert agent.question is None
    assert agent.decided == DecidedStatus(
        "abc12345-ready-0", "approved", "Bob", "slack", "2026-11-23T12:01:00+00:00"
    )
    story.apply("abc12345-ready-0", later(70))
    status = story.status()
    assert status is not None
    assert status.agents[0].decided is None


def test_the_question_of_an_agent_that_has_ended_waits_for_nobody(story: Journal) -> None:
    story.end_agent(a_report(outcome=Outcome.STOPPED), later(1))
    status = story.status()
    assert status is not None
    assert status.agents[0].question is None
    assert story.questions(RUN, undecided=True) == ()
    assert not story.standing("abc12345-ready-0").is_open
    story.decide("abc12345-ready-0", a_decision())
    assert story.questions(RUN, unapplied=True) == ()


def test_a_question_comes_back_with_what_was_shown_of_it(story: Journal) -> None:
    shown = Particulars(
        feature="pocket.text:normalize",
        kind=Kind.HOOKUP,
        branch="autonomous/abc12345-normalize",
        ruling=Ruling.NEEDS_HUMAN,
        policy_reasons=("it touches Makefile",),
        files=(ShownFile(path="Makefile", status="M", added=1, removed=0),),
        cost=Usd.of("0.25"),
        on_deadline=OnDeadline.PARK,
    )
    asked = a_question(why=Why.POLICY).model_copy(update={"particulars": shown})
    assert story.ask(asked) == asked
    assert story.question(asked.id).seal == asked.seal != a_question(why=Why.POLICY).seal


# -------------------------------------------------------------------------------------------------------- re-entry


def test_where_an_agent_was_entered_last_is_known(story: Journal) -> None:
    assert story.hosting("abc12345") == Hosting()
    story.enter_agent("abc12345", "flow-1", "", HERE, NOON)
    story.end_agent(a_report(outcome=Outcome.PARKED), later(1))
    assert story.hosting("abc12345") == Hosting(flow_run="flow-1", host=HERE, ended=Outcome.PARKED)
    with pytest.raises(KeyError):
        story.hosting("nobody")


def test_a_run_is_to_be_entered_again_when_its_host_is_dead(world: World, story: Journal) -> None:
    world.living = {HERE: True}
    story.claim(REPOSITORY, RUN, HERE, NOON)
    assert story.runs_to_reenter(later(60)) == ()
    world.living = {HERE: False}
    (found,) = story.runs_to_reenter(later(60))
    assert (found.run_id, found.repository, found.why) == (RUN, REPOSITORY, WhyReenter.DIED)
    story.close_run(RUN, WhyStopped.DONE, later(70), None)
    assert story.runs_to_reenter(later(80)) == ()


def test_a_run_is_to_be_entered_again_for_a_decision_that_nobody_carries_out(
    world: World, story: Journal
) -> None:
    story.end_agent(a_report(outcome=Outcome.PARKED), later(1))
    story.close_run(RUN, WhyStopped.DONE, later(2), None)
    assert story.runs_to_reenter(later(3)) == ()
    story.decide("abc12345-ready-0", a_decision())
    (found,) = story.runs_to_reenter(later(90))
    assert (found.why, found.since) == (WhyReenter.UNDELIVERED, later(60))
    world.living = {THERE: True}
    story.claim(REPOSITORY, "another", THERE, later(91))
    assert story.runs_to_reenter(later(92)) == ()
    story.yield_claim(REPOSITORY, THERE)
    story.apply("abc12345-ready-0", later(95))
    assert story.runs_to_reenter(later(99)) == ()


def test_the_newest_sign_of_life_of_an_agent_counts(journal: Journal) -> None:
    journal.open_run(a_run())
    journal.add_agent(a_ticket(), NOON)
    assert journal.last_pulse("abc12345") is None
    journal.pulse("abc12345", THERE, later(1))
    journal.pulse("abc12345", HERE, later(2))
    assert journal.last_pulse("abc12345") == later(2)


def test_lost_work_is_forgotten_but_the_analysis_stays(journal: Journal) -> None:
    journal.open_run(a_run())
    journal.add_agent(a_ticket(), NOON)
    for step in ("analyse", "implement", "verify"):
        journal.begin_step("abc12345", step, 0, NOON)
        journal.end_step("abc12345", step, 0, '"done"', NOON)
    journal.forget_work("abc12345")
    assert journal.begin_step("abc12345", "analyse", 0, NOON) == '"done"'
    assert journal.begin_step("abc12345", "implement", 0, NOON) is None


def test_the_work_of_an_agent_that_has_ended_is_never_forgotten(journal: Journal) -> None:
    journal.open_run(a_run())
    journal.add_agent(a_ticket(), NOON)
    journal.begin_step("abc12345", "implement", 0, NOON)
    journal.end_step("abc12345", "implement", 0, '"done"', NOON)
    journal.end_agent(a_report(), NOON)
    journal.forget_work("abc12345")
    assert journal.begin_step("abc12345", "implement", 0, NOON) == '"done"'


def test_the_hours_of_a_run_only_ever_end_later(journal: Journal) -> None:
    record = journal.open_run(a_run())
    journal.move_deadline(RUN, record.deadline + timedelta(hours=1))
    journal.move_deadline(RUN, record.deadline)
    assert journal.run(RUN).deadline == record.deadline + timedelta(hours=1)
