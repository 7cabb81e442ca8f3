"""`fresh auto approve`, `reject` and `changes`: a person's answer, kept in the journal whatever else is down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import click

from cli.finding import Found, find_agent, find_question
from cli.person import typist
from cli.place import Place, find_place, opened_journal, with_repo
from fresh.deciding import decide
from fresh.domain.answering import SAID, AlreadyDecided, Attempt, Refused, Stale, Unknown, Won
from fresh.domain.approval import LONGEST_WORDS, Answer, Decision, Question
from fresh.domain.quoting import line
from fresh.errors import OperatorMistake, Refusal
from fresh.ports import Journal
from fresh.roster import read_people
from fresh.settings import read_settings

Command = TypeVar("Command", bound=Callable[..., None])
DONE = {Answer.APPROVED: "Approved", Answer.REJECTED: "Rejected", Answer.CHANGES: "Asked for changes to"}


def _of_commit(command: Command) -> Command:
    """Add the option that binds an answer to what was looked at."""
    return click.option(
        "--commit", metavar="SHA", default="", help="Answer only if the question is about this commit."
    )(command)


@click.command(short_help="Approve what an agent made.")
@click.argument("agent")
@click.argument("words", required=False, default="")
@_of_commit
@with_repo
def approve(agent: str, words: str, commit: str, repo: str) -> None:
    """Approve what AGENT made; it goes on to its pull request. The beginning of its id is enough."""
    answer(find_place(repo), agent, Answer.APPROVED, words, commit)


@click.command(short_help="Reject what an agent made.")
@click.argument("agent")
@click.argument("words", required=False, default="")
@_of_commit
@with_repo
def reject(agent: str, words: str, commit: str, repo: str) -> None:
    """Reject what AGENT made; its branch is kept and nothing is published."""
    answer(find_place(repo), agent, Answer.REJECTED, words, commit)


@click.command(short_help="Ask an agent for changes.")
@click.argument("agent")
@click.argument("words")
@_of_commit
@with_repo
def changes(agent: str, words: str, commit: str, repo: str) -> None:
    """Send AGENT back to work with your WORDS on what should be different."""
    if not line(words):
        raise OperatorMistake(
            "An agent needs words on what to change.", hint='fresh auto changes ID "what to change"'
        )
    answer(find_place(repo), agent, Answer.CHANGES, words, commit)


def answer(
    place: Place,
    typed: str,
    answer: Answer,
    words: str,
    commit: str = "",
    tell: Callable[[str], None] = click.echo,
) -> None:
    """Answer the open question of an agent, and say what happens next or who was first.

    Raises OperatorMistake for an unknown agent, Refusal when it asks nothing, asks about another commit than `commit`,
    or somebody decided otherwise.
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
        is_seen = not commit or (question.commit or "").startswith(commit.lower())
        attempt = Attempt(
            question=question.id, answer=answer, words=words, seal=question.seal if is_seen else ""
        )
        now, people = datetime.now(UTC), read_people(read_settings(), place.home)
        match decide(journal, people, typist(place.repository), attempt, now):
            case Won():
                tell(f"{DONE[answer]} {_what(found, question)}.")
            case AlreadyDecided(decision=standing):
                _say_who_was_first(found, answer, standing, tell)
            case Stale() if not is_seen:
                about = question.commit[:10] if question.commit else "no commit"
                raise Refusal(
                    f"Agent {found.ticket.agent_id} asks about {about}, not about {commit[:10]}.",
                    hint=f"Look again: fresh auto diff {found.ticket.agent_id}",
                )
            case Stale(sentence=said) | Refused(sentence=said) | Unknown(sentence=said):
                raise Refusal(said, hint="See: fresh auto status")
        _say_what_follows(journal, found, question, now, tell)


def _say_who_was_first(found: Found, answer: Answer, standing: Decision, tell: Callable[[str], None]) -> None:
    """Say who decided; the same answer twice is no trouble. Raises Refusal for another one."""
    at = f"{standing.at.astimezone():%Y-%m-%d %H:%M}"
    if standing.answer is Answer.EXPIRED:
        first = f"nobody answered until {at}, so the clock did"
    else:
        first = f"{line(standing.by)} {SAID[standing.answer]} through {standing.through} at {at}"
    was = f"Agent {found.ticket.agent_id} has no open question: {first}."
    if standing.answer is not answer:
        raise Refusal(was, hint="The first decision stands. See: fresh auto status")
    tell(was)


def _say_what_follows(
    journal: Journal, found: Found, question: Question, now: datetime, tell: Callable[[str], None]
) -> None:
    if question not in journal.questions(found.record.id, unapplied=True):
        return
    claim = journal.standing_claim(found.record.repository, now)
    ended = {report.agent_id for report in journal.reports(found.record.id)}
    run = found.record.id
    if claim is None or claim.run_id != run:
        tell(
            f"No process works on run {run}: the decision is kept. Carry it out with: fresh auto resume {run}"
        )
    elif found.ticket.agent_id in ended:
        tell("The agent is parked: it goes on as soon as a seat is free.")


def _what(found: Found, question: Question) -> str:
    commit = f" at {question.commit[:10]}" if question.commit else ""
    return f"{found.ticket.agent_id}: {found.ticket.kind} of {found.ticket.feature.key}, {found.ticket.branch}{commit}"
