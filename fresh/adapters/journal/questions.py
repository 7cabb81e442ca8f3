"""Questions to people, and the one decision that each of them gets."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Row

from fresh.adapters.journal import schema
from fresh.adapters.journal.cells import moment, seconds, storable
from fresh.adapters.journal.store import Store
from fresh.domain.approval import Answer, Decision, Question, Why


class Questions:
    """What the journal holds of questions and decisions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def ask(self, question: Question) -> Question:
        """Write a question down once; return it as it stands."""
        with self._store.writing() as connection:
            self._store.insert_once(
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
        return self.question(question.id)

    def question(self, question_id: str) -> Question:
        """Read a question. Raises KeyError."""
        return _question(self._row(question_id))

    def questions(
        self, run_id: str, *, undecided: bool = False, unapplied: bool = False
    ) -> tuple[Question, ...]:
        """List questions of a run, oldest first."""
        table = schema.question
        wanted = table.select().where(table.c.run_id == run_id).order_by(table.c.asked_at, table.c.id)
        if undecided:
            wanted = wanted.where(table.c.answer.is_(None))
        if unapplied:
            wanted = wanted.where(table.c.answer.is_not(None), table.c.applied_at.is_(None))
        with self._store.reading() as connection:
            return tuple(_question(row) for row in connection.execute(wanted))

    def decide(self, question_id: str, decision: Decision) -> tuple[bool, Decision]:
        """Decide by compare-and-set: the first decision stands."""
        table = schema.question
        with self._store.writing() as connection:
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
            won = changed.rowcount == 1
        standing = self.decision(question_id)
        if standing is None:
            raise KeyError(question_id)
        return won, standing

    def decision(self, question_id: str) -> Decision | None:
        """Read the decision that stands. Raises KeyError for an unknown question."""
        row = self._row(question_id)
        if row.answer is None:
            return None
        return Decision(
            answer=Answer(row.answer),
            by=row.decided_by,
            through=row.through,
            text=row.words or "",
            at=moment(row.decided_at),
        )

    def apply(self, question_id: str, at: datetime) -> None:
        """Write down that the agent has gone on with the decision."""
        table = schema.question
        with self._store.writing() as connection:
            connection.execute(
                table.update()
                .where(table.c.id == question_id, table.c.applied_at.is_(None))
                .values(applied_at=seconds(at))
            )

    def _row(self, question_id: str) -> Row[tuple[object, ...]]:
        with self._store.reading() as connection:
            row = connection.execute(
                schema.question.select().where(schema.question.c.id == question_id)
            ).first()
        if row is None:
            raise KeyError(question_id)
        return row


def _question(row: Row[tuple[object, ...]]) -> Question:
    return Question(
        id=row.id,
        run_id=row.run_id,
        agent_id=row.agent_id,
        why=Why(row.why),
        text=row.text,
        commit=row.commit_sha,
        asked_at=moment(row.asked_at),
        deadline=moment(row.deadline),
    )
