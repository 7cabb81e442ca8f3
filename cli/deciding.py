"""`fresh auto approve`, `reject` and `changes`: a person's answer, kept in the journal whatever else is down."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from cli.finding import Found, find_agent, find_question
from cli.person import who_types
from cli.place import Place, find_place, opened_journal, with_repo
from fresh.domain.approval import Answer, Decision, Question
from fresh.domain.quoting import line
from fresh.errors import OperatorMistake, Refusal
from fresh.ports import Journal

LONGEST_WORDS = 4000
DONE = {Answer.APPROVED: "Approved", Answer.REJECTED: "Rejected", Answer.CHANGES: "Asked for changes to"}
SAID = {
    Answer.APPROVED: "approved it",
    Answer.REJECTED: "rejected it",
    Answer.CHANGES: "asked for changes",
    Answer.STOPPED: "stopped it",
}


@click.command(short_help="Approve what an agent made.")
@click.argument("agent")
@click.argument("words", required=False, default="")
@with_repo
def approve(agent: str, words: str, repo: str) -> None:
    """Approve what AGENT made; it goes on to its pull request. The beginning of its id is enough."""
    decide(find_place(repo), agent, Answer.APPROVED, words)


@click.command(short_help="Reject what an agent made.")
@click.argument("agent")
@click.argument("words", required=False, default="")
@with_repo
def reject(agent: str, words: str, repo: str) -> None:
    """Reject what AGENT made; its branch is kept and nothing is published."""
    decide(find_place(repo), agent, Answer.REJECTED, words)


@click.command(short_help="Ask an agent for changes.")
@click.argument("agent")
@click.argument("words")
@with_repo
def changes(agent: str, words: str, repo: str) -> None:
    """Send AGENT back to work with your WORDS on what should be different."""
    if not line(words):
        raise OperatorMistake(
            "An agent needs words on what to change.", hint='fresh auto changes ID "what to change"'
        )
    decide(find_place(repo), agent, Answer.CHANGES, words)


def decide(place: Place, typed: str, answer: Answer, words: str) -> None:
    """Answer the open question of an agent, and say what happens next or who was first.

    Raises OperatorMistake for an unknown agent, Refusal when it asks nothing or somebody decided otherwise.
    """
    if len(words) > LONGEST_WORDS:
        raise OperatorMistake(
            f"{len(words)} characters are more than an agent is told.", hint=f"Say it in {LONGEST_WORDS}."
        )
    with opened_journal(place) as journal:
        found = find_agent(journal, str(place.repository), typed.partition("-")[0])
        question = find_question(journal, found, typed)
        if question is None:
            raise Refusal(
                f"Agent {found.ticket.agent_id} has no open question.", hint="See: fresh auto status"
            )
        now = datetime.now(UTC)
        decision = Decision(
            answer=answer, by=who_types(place.repository), through="terminal", text=_clean(words), at=now
        )
        won, standing = journal.decide(question.id, decision)
        if not won:
            _say_who_was_first(found, answer, standing)
        else:
            click.echo(f"{DONE[answer]} {_what(found, question)}.")
        _say_what_follows(journal, found, question, now)


def _say_who_was_first(found: Found, answer: Answer, standing: Decision) -> None:
    """Say who decided; the same answer twice is no trouble. Raises Refusal for another one."""
    at = f"{standing.at.astimezone():%Y-%m-%d %H:%M}"
    if standing.answer is Answer.EXPIRED:
        first = f"nobody answered until {at}, so the clock did"
    else:
        first = f"{line(standing.by)} {SAID[standing.answer]} through {standing.through} at {at}"
    was = f"Agent {found.ticket.agent_id} has no open question: {first}."
    if standing.answer is not answer:
        raise Refusal(was, hint="The first decision stands. See: fresh auto status")
    click.echo(was)


def _say_what_follows(journal: Journal, found: Found, question: Question, now: datetime) -> None:
    if question not in journal.questions(found.record.id, unapplied=True):
        return
    claim = journal.standing_claim(found.record.repository, now)
    ended = {report.agent_id for report in journal.reports(found.record.id)}
    run = found.record.id
    if claim is None or claim.run_id != run:
        click.echo(
            f"No process works on run {run}: the decision is kept. Carry it out with: fresh auto resume {run}"
        )
    elif found.ticket.agent_id in ended:
        click.echo(f"The agent is parked: the decision is kept. After the run, use: fresh auto resume {run}")


def _what(found: Found, question: Question) -> str:
    commit = f" at {question.commit[:10]}" if question.commit else ""
    return f"{found.ticket.agent_id}: {found.ticket.kind} of {found.ticket.feature.key}, {found.ticket.branch}{commit}"


def _clean(words: str) -> str:
    """Make what came from the command line valid text: bytes that are no UTF-8 arrive there as lone surrogates."""
    return words.encode("utf-8", "replace").decode("utf-8")
