"""The one way in: one decision for each question, everybody told, every attempt in a chain that can't be changed unseen."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from fresh.adapters.sql_journal import SqlJournal
from fresh.deciding import ask_to_stop, decide, expire_due, note_starter, permit
from fresh.domain.agent import Outcome
from fresh.domain.answering import AlreadyDecided, Attempt, Refused, Stale, Unknown, Won
from fresh.domain.approval import Answer, Question, Why
from fresh.domain.audit import Entry, first_broken
from fresh.domain.people import Act, Actor, Circle, Door, People, WhyRefused
from fresh.domain.redaction import Redactor
from fresh.errors import StorageFailed
from tests.fakes.story import NOON, RUN, a_question, a_report, a_run, a_stop, a_ticket, later

ROOT = Path(__file__).parents[2]
ADA = Actor(door=Door.TERMINAL, id="ada", name="Ada")
PEOPLE = People(team="T1", approvers=Circle(users=frozenset({"UADA", "UBOB"})))
SECRET = "sk-swordfish-0123456789abcdef"


def slack(user: str, **more: object) -> Actor:
    return Actor.model_validate({"door": Door.SLACK, "id": user, "name": user.title(), "team": "T1", **more})


@pytest.fixture
def journal(database: str) -> Iterator[SqlJournal]:
    opened = SqlJournal(database, lambda host: True, redact=Redactor((SECRET,)))
    opened.open_run(a_run())
    opened.add_agent(a_ticket(), NOON)
    yield opened
    opened.close()


@pytest.fixture
def asked(journal: SqlJournal) -> Question:
    return journal.ask(a_question())


def attempt(question: Question, answer: Answer = Answer.APPROVED, **more: str) -> Attempt:
    return Attempt(question=question.id, answer=answer, seal=question.seal).model_copy(update=more)


def outcomes(journal: SqlJournal) -> list[str]:
    rows = list(journal.audit_rows())
    assert first_broken(rows, journal.audit_head()) is None
    return [row.content.outcome for row in rows]


def test_the_first_one_decides_and_the_second_is_told_who_was_first(
    journal: SqlJournal, asked: Question
) -> None:
    first = decide(journal, PEOPLE, slack("UADA"), attempt(asked), later(5))
    assert isinstance(first, Won)
    second = decide(journal, PEOPLE, ADA, attempt(asked, Answer.REJECTED), later(6))
    assert isinstance(second, AlreadyDecided)
    assert second.sentence == "Already decided: Uada approved it through slack at 2026-11-23 12:00:05 UTC."
    decision = journal.decision(asked.id)
    assert decision is not None
    assert (decision.answer, decision.by, decision.through) == (Answer.APPROVED, "Uada", "slack")
    assert outcomes(journal) == ["won", "lost"]


def test_an_answer_to_something_else_than_is_asked_is_refused_and_written_down(
    journal: SqlJournal, asked: Question
) -> None:
    other = asked.model_copy(update={"commit": "d" * 40})
    assert isinstance(decide(journal, PEOPLE, ADA, attempt(asked, seal=other.seal), NOON), Stale)
    assert isinstance(decide(journal, PEOPLE, ADA, attempt(asked, seal=""), NOON), Stale)
    forged = Attempt(question="abc12345-ready-9", answer=Answer.APPROVED, seal=asked.seal)
    assert isinstance(decide(journal, PEOPLE, ADA, forged, NOON), Unknown)
    assert journal.decision(asked.id) is None
    assert outcomes(journal) == ["stale", "stale", "unknown"]


@pytest.mark.parametrize(
    ("actor", "answer", "words", "why"),
    [
        (slack("UEVE"), Answer.APPROVED, "", WhyRefused.STRANGER),
        (slack("UADA", is_guest=True), Answer.APPROVED, "", WhyRefused.GUEST),
        (slack("UADA", team="T2"), Answer.APPROVED, "", WhyRefused.OTHER_TEAM),
        (slack("UADA"), Answer.EXPIRED, "", WhyRefused.NOT_ITS_ANSWER),
        (slack("UADA"), Answer.CHANGES, " \u200b ", WhyRefused.NO_WORDS),
        (slack("UADA"), Answer.CHANGES, "x" * 4001, WhyRefused.TOO_MANY_WORDS),
        (Actor(door=Door.CLOCK, name="clock"), Answer.APPROVED, "", WhyRefused.NOT_ITS_ANSWER),
        (Actor(door=Door.STOP, name="stop"), Answer.APPROVED, "", WhyRefused.NOT_ITS_ANSWER),
    ],
)
def test_what_a_rule_forbids_has_no_effect_and_does_not_use_the_question_up(
    journal: SqlJournal, asked: Question, actor: Actor, answer: Answer, words: str, why: WhyRefused
) -> None:
    response = decide(journal, PEOPLE, actor, attempt(asked, answer, words=words), NOON)
    assert isinstance(response, Refused)
    assert response.why is why
    assert response.sentence
    assert journal.standing(asked.id).is_open
    (row,) = (row.content for row in journal.audit_rows())
    assert (row.outcome, row.why, row.actor, row.question) == ("refused", why.value, actor.id, asked.id)
    assert isinstance(decide(journal, PEOPLE, slack("UBOB"), attempt(asked), later(1)), Won)


def test_an_agent_that_was_given_up_can_not_be_decided_on_and_a_parked_one_can(
    journal: SqlJournal, asked: Question
) -> None:
    journal.add_agent(a_ticket("def67890"), NOON)
    parked = journal.ask(a_question("def67890", Why.POLICY))
    journal.end_agent(a_report(outcome=Outcome.STOPPED), later(1))
    journal.end_agent(a_report("def67890", outcome=Outcome.PARKED), later(1))
    gone = decide(journal, PEOPLE, ADA, attempt(asked), later(2))
    assert isinstance(gone, Stale)
    assert gone.sentence == "Agent abc12345 has stopped; nothing is left to decide."
    assert isinstance(decide(journal, PEOPLE, ADA, attempt(parked), later(2)), Won)
    assert outcomes(journal) == ["stale", "won"]


def test_the_clock_answers_what_the_card_said_and_leaves_open_what_silence_is_no_answer_to(
    journal: SqlJournal, asked: Question
) -> None:
    journal.add_agent(a_ticket("def67890"), NOON)
    policy = journal.ask(a_question("def67890", Why.POLICY))
    assert expire_due(journal, PEOPLE, later(3599)) == ()
    assert expire_due(journal, PEOPLE, later(3600)) == (asked,)
    assert expire_due(journal, PEOPLE, later(3601)) == ()
    decision = journal.decision(asked.id)
    assert decision is not None
    assert (decision.answer, decision.through) == (Answer.EXPIRED, "clock")
    assert journal.decision(policy.id) is None


def test_who_decides_on_their_own_run_is_marked(journal: SqlJournal, asked: Question) -> None:
    note_starter(journal, RUN, slack("UADA"))
    note_starter(journal, RUN, slack("UEVE"))
    response = decide(journal, PEOPLE, slack("UADA"), attempt(asked), NOON)
    assert isinstance(response, Won)
    assert response.own
    (row,) = (row.content for row in journal.audit_rows())
    assert row.why == "on a run of their own"


def test_stops_and_starts_are_permitted_by_role_and_written_down(journal: SqlJournal) -> None:
    assert ask_to_stop(journal, PEOPLE, slack("UADA"), a_stop(), NOON) is None
    assert isinstance(ask_to_stop(journal, PEOPLE, slack("UEVE"), a_stop(force=True), NOON), Refused)
    assert isinstance(ask_to_stop(journal, PEOPLE, ADA, a_stop(run="ffffffff"), NOON), Unknown)
    (request,) = journal.stop_requests(RUN)
    assert (request.by, request.through) == ("Uada", "slack")
    assert isinstance(permit(journal, PEOPLE, slack("UADA"), Act.START, NOON), Refused)
    assert permit(journal, PEOPLE, ADA, Act.START, NOON, tried="start 10 agents") is None
    assert outcomes(journal) == ["allowed", "refused", "unknown", "refused", "allowed"]


def test_names_and_words_are_kept_as_one_harmless_line_and_without_our_secrets(
    journal: SqlJournal, asked: Question
) -> None:
    actor = slack("UADA", name="Ada\n\u202eevil\0" + "x" * 99)
    decide(journal, PEOPLE, actor, attempt(asked, Answer.CHANGES, words=f"use {SECRET}, \ud800\0"), NOON)
    (row,) = (row.content for row in journal.audit_rows())
    assert row.name.startswith("Ada evilxxx")
    assert len(row.name) == 80
    assert SECRET not in row.words
    assert outcomes(journal) == ["won"]


PROGRAM = """
import sys
from fresh.adapters.sql_journal import SqlJournal
from fresh.deciding import decide
from tests.contracts.test_deciding import *
journal = SqlJournal({url!r}, lambda host: True)
question = journal.question("abc12345-ready-0")
print("ready", flush=True)
sys.stdin.readline()
for number in range({each}):
    actor = slack("UADA" if number % 2 else "UBOB") if {who} % 2 else ADA.model_copy(update=dict(name="t{who}"))
    answer = (Answer.APPROVED, Answer.REJECTED)[(number + {who}) % 2]
    print(decide(journal, PEOPLE, actor, attempt(question, answer), later(number)).sentence, flush=True)
"""


def test_a_hundred_attempts_at_once_from_four_processes_are_one_decision_and_everybody_is_answered(
    database: str, journal: SqlJournal, asked: Question
) -> None:
    crowd = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM.format(url=database, each=25, who=who)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for who in range(4)
    ]
    for one in crowd:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in crowd:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    told = Counter(said for one in crowd for said in one.communicate(timeout=120)[0].splitlines())
    decision = journal.decision(asked.id)
    assert decision is not None
    assert sum(told.values()) == 100
    assert sum(count for said, count in told.items() if said.startswith("Recorded:")) == 1
    lost = [said for said in told if not said.startswith("Recorded:")]
    assert len(lost) == 1
    assert lost[0].startswith(f"Already decided: {decision.by} ")
    assert Counter(outcomes(journal)) == {"won": 1, "lost": 99}


# -------------------------------------------------------------------------------------------------- the audit trail


def test_rows_that_were_written_can_neither_be_changed_nor_removed(
    journal: SqlJournal, asked: Question
) -> None:
    decide(journal, PEOPLE, ADA, attempt(asked), NOON)
    assert journal.missing_guards() == ()
    forbidden = ["UPDATE audit SET entry = 'x'", "DELETE FROM audit"]
    forbidden += (
        ["INSERT OR REPLACE INTO audit SELECT * FROM audit"]
        if journal._store.is_sqlite
        else ["TRUNCATE audit"]
    )
    for statement in forbidden:
        with pytest.raises(StorageFailed, match="only ever added to"), journal._store.writing() as connection:
            connection.execute(text(statement))
    assert outcomes(journal) == ["won"]


def test_a_trail_that_was_changed_behind_its_guards_is_found_out(
    journal: SqlJournal, asked: Question
) -> None:
    for _ in range(3):
        decide(journal, PEOPLE, ADA, attempt(asked), NOON)
    drop = "DROP TRIGGER audit_no_change" + ("" if journal._store.is_sqlite else " ON audit")
    with journal._store.writing() as connection:
        connection.execute(text(drop))
        connection.execute(text("UPDATE audit SET entry = replace(entry, 'Ada', 'Eve') WHERE number = 2"))
    broken = first_broken(journal.audit_rows(), journal.audit_head())
    assert broken is not None
    assert broken.number == 2
    assert journal.missing_guards() == ("audit_no_change",)


def test_rows_of_one_question_are_found_among_many(journal: SqlJournal, asked: Question) -> None:
    for number in range(4):
        subject = asked.id if number == 2 else ""
        journal.audit(Entry(at=NOON, door=Door.SLACK, tried="look", question=subject, outcome="allowed"))
    assert [row.number for row in journal.audit_rows(question=asked.id)] == [3]
    assert outcomes(journal) == ["allowed"] * 4
