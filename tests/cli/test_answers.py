"""approve, reject and changes on a real journal."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cli.person import typist
from fresh.adapters.processes import this_host
from fresh.adapters.sql_journal import SqlJournal
from fresh.deciding import note_starter
from fresh.domain.agent import Outcome
from fresh.domain.approval import Answer, Decision, Why
from tests.cli.conftest import Terminal
from tests.fakes.story import RUN, a_question, a_report, a_run, a_ticket, later

QUESTION = "abc12345-ready-0"


@pytest.fixture
def asking(terminal: Terminal) -> SqlJournal:
    """Two agents in a run that nobody hosts; the first one asks."""
    journal = terminal.journal()
    journal.open_run(a_run(repository=str(terminal.repository)))
    for name in ("abc12345", "abd67890"):
        journal.add_agent(a_ticket(name), later(0))
    journal.ask(a_question())
    return journal


def host(journal: SqlJournal, terminal: Terminal) -> None:
    journal.claim(str(terminal.repository), RUN, this_host(), datetime.now(UTC))


@pytest.mark.parametrize("typed", ["abc12345", "abc", QUESTION, "abc12345-ready"])
def test_an_approval_is_written_down_with_who_and_through_what(
    terminal: Terminal, asking: SqlJournal, typed: str
) -> None:
    host(asking, terminal)
    shown = terminal.type("auto", "approve", typed)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == (
        "Approved abc12345: hookup of pocket.text:normalize, autonomous/abc12345-normalize at cccccccccc.\n"
    )
    decision = asking.decision(QUESTION)
    assert decision is not None
    assert (decision.answer, decision.by, decision.through) == (Answer.APPROVED, "Ada Lovelace", "terminal")


def test_a_rejection_keeps_its_words(terminal: Terminal, asking: SqlJournal) -> None:
    assert terminal.type("auto", "reject", "abc12345", "too clever").code == 0
    decision = asking.decision(QUESTION)
    assert decision is not None
    assert (decision.answer, decision.text) == (Answer.REJECTED, "too clever")


def test_changes_take_words(terminal: Terminal, asking: SqlJournal) -> None:
    assert terminal.type("auto", "changes", "abc12345").code == 2
    assert terminal.type("auto", "changes", "abc12345", "  ").code == 2
    assert asking.decision(QUESTION) is None
    assert terminal.type("auto", "changes", "abc12345", "use a dash").code == 0
    decision = asking.decision(QUESTION)
    assert decision is not None
    assert (decision.answer, decision.text) == (Answer.CHANGES, "use a dash")


def test_words_that_are_no_utf_8_are_no_trouble(terminal: Terminal, asking: SqlJournal) -> None:
    assert terminal.type("auto", "reject", "abc12345", "caf\udce9").code == 0
    decision = asking.decision(QUESTION)
    assert decision is not None
    assert decision.text == "caf?"


def test_more_words_than_an_agent_is_told_are_refused(terminal: Terminal, asking: SqlJournal) -> None:
    shown = terminal.type("auto", "changes", "abc12345", "x" * 4001)
    assert shown.code == 2
    assert "4001 characters" in shown.err
    assert asking.decision(QUESTION) is None


def test_an_ambiguous_prefix_names_what_it_fits(terminal: Terminal, asking: SqlJournal) -> None:
    shown = terminal.type("auto", "approve", "ab")
    assert shown.code == 2
    assert "'ab' fits 2 agents: abc12345, abd67890." in shown.err
    assert asking.decision(QUESTION) is None


@pytest.mark.parametrize("typed", ["zzz", "", "abc12345-policy"])
def test_an_id_that_nothing_has_is_the_operators_mistake(
    terminal: Terminal, asking: SqlJournal, typed: str
) -> None:
    shown = terminal.type("auto", "approve", typed)
    assert shown.code == 2
    assert "has an id that starts with" in shown.err


def test_an_agent_that_asks_nothing_is_one_sentence(terminal: Terminal, asking: SqlJournal) -> None:
    shown = terminal.type("auto", "approve", "abd")
    assert shown.code == 1
    assert shown.err == "Agent abd67890 has no open question.\nHint: See: fresh auto status\n"


def test_the_second_person_is_told_who_was_first(terminal: Terminal, asking: SqlJournal) -> None:
    asking.decide(QUESTION, Decision(answer=Answer.REJECTED, by="Bob", through="slack", at=datetime.now(UTC)))
    shown = terminal.type("auto", "approve", "abc12345")
    assert shown.code == 1
    assert "Agent abc12345 has no open question: Bob rejected it through slack at " in shown.err


def test_the_same_answer_twice_is_done(terminal: Terminal, asking: SqlJournal) -> None:
    terminal.type("auto", "approve", "abc12345")
    shown = terminal.type("auto", "approve", "abc12345")
    assert shown.code == 0
    assert "Ada Lovelace approved it through terminal" in shown.out


def test_it_is_said_when_the_clock_was_first(terminal: Terminal, asking: SqlJournal) -> None:
    asking.decide(
        QUESTION, Decision(answer=Answer.EXPIRED, by="nobody in time", through="clock", at=datetime.now(UTC))
    )
    shown = terminal.type("auto", "approve", "abc12345")
    assert shown.code == 1
    assert "so the clock did." in shown.err


def test_a_decision_for_a_dead_host_is_kept_and_the_way_on_is_said(
    terminal: Terminal, asking: SqlJournal
) -> None:
    shown = terminal.type("auto", "approve", "abc12345")
    assert shown.code == 0
    assert f"the decision is kept. Carry it out with: fresh auto resume {RUN}" in shown.out


def test_a_decision_for_a_parked_agent_is_kept_while_its_run_goes_on(
    terminal: Terminal, asking: SqlJournal
) -> None:
    host(asking, terminal)
    asking.end_agent(a_report(outcome=Outcome.PARKED), later(10))
    shown = terminal.type("auto", "approve", "abc12345")
    assert "The agent is parked: it goes on as soon as a seat is free." in shown.out


def test_of_several_questions_the_open_one_is_answered(terminal: Terminal, asking: SqlJournal) -> None:
    terminal.type("auto", "changes", "abc12345", "again")
    asking.apply(QUESTION, later(70))
    asking.ask(a_question(ordinal=1, why=Why.POLICY))
    assert terminal.type("auto", "approve", "abc12345").code == 0
    assert asking.decision("abc12345-policy-1") is not None


def test_a_parked_agent_of_an_earlier_run_is_still_found(terminal: Terminal, asking: SqlJournal) -> None:
    asking.open_run(a_run("ffff0000", at=later(90), repository=str(terminal.repository)))
    asking.add_agent(a_ticket("fff00001", run="ffff0000"), later(91))
    assert terminal.type("auto", "approve", "abc").code == 0


def test_nothing_is_made_where_no_run_has_worked(terminal: Terminal) -> None:
    shown = terminal.type("auto", "approve", "abc")
    assert shown.code == 2
    assert "No run has worked on" in shown.err
    assert not terminal.home.exists()


def test_an_answer_can_be_bound_to_the_commit_that_was_looked_at(
    terminal: Terminal, asking: SqlJournal
) -> None:
    shown = terminal.type("auto", "approve", "abc", "--commit", "dddd")
    assert shown.code == 1
    assert shown.err == (
        "Agent abc12345 asks about cccccccccc, not about dddd.\nHint: Look again: fresh auto diff abc12345\n"
    )
    assert asking.decision(QUESTION) is None
    assert terminal.type("auto", "approve", "abc", "--commit", "CCCC").code == 0
    assert [row.content.outcome for row in asking.audit_rows()] == ["stale", "won"]


def test_an_agent_that_was_given_up_has_nothing_left_to_decide(
    terminal: Terminal, asking: SqlJournal
) -> None:
    asking.end_agent(a_report(outcome=Outcome.STOPPED), later(10))
    shown = terminal.type("auto", "approve", "abc")
    assert (shown.code, shown.out) == (1, "")
    assert shown.err.startswith("Agent abc12345 has stopped; nothing is left to decide.\n")
    assert asking.decision(QUESTION) is None


def test_a_starter_may_be_kept_from_approving_their_own_run(
    terminal: Terminal, asking: SqlJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    note_starter(asking, RUN, typist(terminal.repository))
    (terminal.home / "people.toml").write_text('self_approval = "block"\n')
    shown = terminal.type("auto", "approve", "abc")
    assert shown.code == 1
    assert shown.err.startswith("Who started a run may not approve what its agents made.\n")
    monkeypatch.setenv("FRESH_SELF_APPROVAL", "allow")
    assert terminal.type("auto", "approve", "abc").code == 0
    refused, won = (row.content for row in asking.audit_rows())
    assert (refused.outcome, refused.why) == ("refused", "who started the run may not approve it")
    assert (won.outcome, won.why) == ("won", "on a run of their own")


def test_people_that_are_no_ids_let_nobody_in(terminal: Terminal, asking: SqlJournal) -> None:
    (terminal.home / "people.toml").write_text('approvers = ["ada"]\n')
    shown = terminal.type("auto", "approve", "abc")
    assert shown.code == 2
    assert "'ada' among the approvers is no id of a Slack user or user group." in shown.err
