"""Find the run, the agent or the question that somebody means by the beginning of an id."""

from __future__ import annotations

from dataclasses import dataclass

from fresh.domain.agent import Ticket
from fresh.domain.approval import Question
from fresh.domain.identity import resolve
from fresh.domain.record import RunRecord
from fresh.ports import Journal


@dataclass(frozen=True)
class Found:
    """One agent and the run that it belongs to."""

    record: RunRecord
    ticket: Ticket


def find_agent(journal: Journal, repository: str, prefix: str) -> Found:
    """Find an agent, in the newest run that has one like it.

    Raises OperatorMistake when none fits, or several of one run do.
    """
    for record in journal.runs(repository):
        tickets = {ticket.agent_id: ticket for ticket in journal.tickets(record.id)}
        if prefix and any(name.startswith(prefix) for name in tickets):
            return Found(record, tickets[resolve(prefix, tickets, "agent")])
    resolve(prefix, (), "agent")
    raise AssertionError("resolve refuses what fits nothing")


def find_run(journal: Journal, repository: str, prefix: str | None) -> RunRecord | None:
    """Find a run, the newest one by default; None when there is none at all. Raises OperatorMistake."""
    records = {record.id: record for record in journal.runs(repository)}
    if prefix is None:
        return next(iter(records.values()), None)
    return records[resolve(prefix, records, "run")]


def find_question(journal: Journal, found: Found, typed: str) -> Question | None:
    """Find the question that is meant: the one that was typed, else the open one, else the newest one."""
    asked = [
        question
        for question in journal.questions(found.record.id)
        if question.agent_id == found.ticket.agent_id
    ]
    if "-" in typed:
        names = {question.id: question for question in asked}
        return names[resolve(typed, names, "question")]
    undecided = [question for question in asked if journal.decision(question.id) is None]
    return next(reversed(undecided or asked), None)
