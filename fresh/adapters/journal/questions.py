"""Questions to people, and the one decision that each of them gets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from fresh.adapters.journal import schema
from fresh.adapters.journal.audits import append
from fresh.adapters.journal.cells import moment, seconds, storable
from fresh.adapters.journal.store import Store
from fresh.domain.agent import Outcome
from fresh.domain.answering import Standing
from fresh.domain.approval import Answer, Decision, Particulars, Question, Why
from fresh.domain.audit import Entry


class Questions:
    """What the journal holds of questions and decisions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def ask(self, question: Question) -> Question:
        """Write a question down once; return it as it stands."""
        with self._store.writing() as connection:
            asked = self._store.insert_once(
                connection,
                schema.question,
                id=question.id,
                run_id=question.run_id,
                agent_id=question.agent_id,
                why=question.why.value,
                text=storable(question.text),
                commit_sha=question.commit,
                asked_at=seconds(question.asked_at),
                deadline=seconds(question.deadline),
            )
            if asked and question.particulars is not None:
                self._store.insert_once(
                    connection,
                    schema.particulars,
                    question_id=question.id,
                    shown=question.particulars.model_dump_json(),
                )
        return self.question(question.id)

    def question(self, question_id: str) -> Question:
        """Read a question. Raises KeyError."""
        return self.standing(question_id).question

    def questions(
        self, run_id: str | None = None, *, undecided: bool = False, unapplied: bool = False
    ) -> tuple[Question, ...]:
        """List questions, oldest first: all, the open ones, or those whose decision is not carried out yet."""
        return tuple(
            standing.question for standing in self.standings(run_id, undecided=undecided, unapplied=unapplied)
        )

    def standing(self, question_id: str) -> Standing:
        """Read how a question stands. Raises KeyError."""
        with self._store.reading() as connection:
            return self._standing(connection, question_id)

    def standings(
        self, run_id: str | None = None, *, undecided: bool = False, unapplied: bool = False
    ) -> tuple[Standing, ...]:
        """List how questions stand, oldest first."""
        table, agent = schema.question, schema.agent
        wanted = _whole().order_by(table.c.asked_at, table.c.id)
        if run_id is not None:
            wanted = wanted.where(table.c.run_id == run_id)
        if undecided:
            wanted = wanted.where(table.c.answer.is_(None))
        if unapplied:
            wanted = wanted.where(table.c.answer.is_not(None), table.c.applied_at.is_(None))
        if undecided or unapplied:
            # Nothing that is decided can reach an agent that has ended; a parked one is entered again for it.
            waits = agent.c.outcome.is_(None) | (agent.c.outcome == Outcome.PARKED.value)
            wanted = wanted.where(waits)
        with self._store.reading() as connection:
            return tuple(_standing(row) for row in connection.execute(wanted))

    def decide(self, question_id: str, decision: Decision) -> tuple[bool, Decision]:
        """Decide by compare-and-set: the first decision stands."""
        with self._store.writing() as connection:
            won = _set(connection, question_id, decision)
            standing = self._standing(connection, question_id)
        if standing.decision is None:
            raise KeyError(question_id)
        return won, standing.decision

    def answer(self, question_id: str, decision: Decision, entry: Entry) -> tuple[bool, Standing]:
        """Decide by compare-and-set unless the agent has ended, and audit the attempt in the same transaction."""
        question, agent = schema.question, schema.agent
        with self._store.writing() as connection:
            row = connection.execute(
                select(question.c.agent_id).where(question.c.id == question_id).with_for_update()
            ).first()
            if row is None:
                raise KeyError(question_id)
            # Whoever ends the agent at this moment waits, or has come first.
            connection.execute(select(agent.c.id).where(agent.c.id == row.agent_id).with_for_update())
            before = self._standing(connection, question_id)
            won = not before.is_over and _set(connection, question_id, decision)
            outcome = "won" if won else "stale" if before.decision is None else "lost"
            append(self._store, connection, entry.model_copy(update={"outcome": outcome}))
            return won, self._standing(connection, question_id)

    def decision(self, question_id: str) -> Decision | None:
        """Read the decision that stands. Raises KeyError for an unknown question."""
        return self.standing(question_id).decision

    def apply(self, question_id: str, at: datetime) -> None:
        """Write down that the agent has gone on with the decision."""
        table = schema.question
        with self._store.writing() as connection:
            connection.execute(
                table.update()
                .where(table.c.id == question_id, table.c.answer.is_not(None), table.c.applied_at.is_(None))
                .values(applied_at=seconds(at))
            )

    def _standing(self, connection: Connection, question_id: str) -> Standing:
        row = connection.execute(_whole().where(schema.question.c.id == question_id)).first()
        if row is None:
            raise KeyError(question_id)
        return _standing(row)


def _whole() -> Select[Any]:
    """Select questions with their particulars, which older journals lack, and with how their agents ended."""
    question, shown, agent = schema.question, schema.particulars, schema.agent
    return (
        select(question, shown.c.shown, agent.c.outcome)
        .join(agent, agent.c.id == question.c.agent_id)
        .outerjoin(shown, shown.c.question_id == question.c.id)
    )


def _set(connection: Connection, question_id: str, decision: Decision) -> bool:
    table = schema.question
    changed = connection.execute(
        table.update()
        .where(table.c.id == question_id, table.c.answer.is_(None))
        .values(
            answer=decision.answer.value,
            decided_by=storable(decision.by),
            through=decision.through,
            words=storable(decision.text),
            decided_at=seconds(decision.at),
        )
    )
    return changed.rowcount == 1


def _standing(row: Row[Any]) -> Standing:
    return Standing(
        question=Question(
            id=row.id,
            run_id=row.run_id,
            agent_id=row.agent_id,
            why=Why(row.why),
            text=row.text,
            commit=row.commit_sha,
            asked_at=moment(row.asked_at),
            deadline=moment(row.deadline),
            particulars=None if row.shown is None else Particulars.model_validate_json(row.shown),
        ),
        decision=None
        if row.answer is None
        else Decision(
            answer=Answer(row.answer),
            by=row.decided_by,
            through=row.through,
            text=row.words or "",
            at=moment(row.decided_at),
        ),
        applied_at=None if row.applied_at is None else moment(row.applied_at),
        agent_ended=None if row.outcome is None else Outcome(row.outcome),
    )
