"""What the journal holds of pull requests at the forge, of what people said there, and of what that taught."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from fresh.adapters.journal import schema
from fresh.adapters.journal.cells import seconds, storable
from fresh.adapters.journal.store import Store, Writable
from fresh.domain.lesson import Lesson
from fresh.domain.reviewing import Pull, Remark, Seen


class Feedback:
    """Every promise of `ports.Feedback` and `ports.Lessons`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def marks(self, repository: str) -> Mapping[str, str]:
        """Read from where to read on."""
        table = schema.reading
        with self._store.reading() as connection:
            rows = connection.execute(table.select().where(table.c.repository == repository))
            return {row.key: row.text for row in rows}

    def take_in(self, repository: str, seen: Seen, lessons: Sequence[Lesson]) -> int:
        """Write a page down with its lessons and the marks behind it, all or nothing; return how many lessons are new."""
        with self._store.writing() as connection:
            for pull in seen.pulls:
                self._note_pull(connection, repository, pull)
            for remark in seen.remarks:
                self._note_remark(connection, repository, remark)
            learned = sum(self._learn(connection, repository, lesson) for lesson in lessons)
            for key, text in seen.marks.items():
                self._move_mark(connection, repository, key, text)
        return learned

    def _note_pull(self, connection: Connection, repository: str, pull: Pull) -> None:
        """Write a pull request down; an older view of it, read by a slower reader, changes nothing."""
        table = schema.pull_request
        values: dict[str, Writable] = {
            "pull": storable(pull.model_dump_json()),
            "updated_at": seconds(pull.updated_at),
        }
        key: dict[str, Writable] = {"repository": repository, "number": pull.number}
        if not self._store.insert_once(connection, table, **key, **values):
            mine = (table.c.repository == repository, table.c.number == pull.number)
            newer = table.c.updated_at <= values["updated_at"]
            connection.execute(table.update().where(*mine, newer).values(**values))

    def _note_remark(self, connection: Connection, repository: str, remark: Remark) -> None:
        table = schema.remark
        text, at = storable(remark.model_dump_json()), seconds(remark.at)
        key: dict[str, Writable] = {"repository": repository, "id": remark.id, "number": remark.number}
        if not self._store.insert_once(connection, table, **key, at=at, remark=text):
            mine = (table.c.repository == repository, table.c.id == remark.id)
            connection.execute(table.update().where(*mine).values(remark=text))

    def _learn(self, connection: Connection, repository: str, lesson: Lesson) -> bool:
        """Write a lesson down once; one that a person changed or deleted stays so."""
        text, at = storable(lesson.model_dump_json()), seconds(lesson.at)
        return self._store.insert_once(
            connection, schema.lesson, repository=repository, id=lesson.id, at=at, lesson=text, gone=False
        )

    def _move_mark(self, connection: Connection, repository: str, key: str, text: str) -> None:
        table = schema.reading
        if not self._store.insert_once(connection, table, repository=repository, key=key, text=text):
            mine = (table.c.repository == repository, table.c.key == key)
            connection.execute(table.update().where(*mine).values(text=text))

    def pulls(self, repository: str) -> tuple[Pull, ...]:
        """List every pull request of agents that was ever seen, by number."""
        table = schema.pull_request
        wanted = select(table.c.pull).where(table.c.repository == repository).order_by(table.c.number)
        with self._store.reading() as connection:
            return tuple(Pull.model_validate_json(row.pull) for row in connection.execute(wanted))

    def remarks(self, repository: str, number: int | None = None) -> tuple[Remark, ...]:
        """List what was said, oldest first."""
        table = schema.remark
        wanted = select(table.c.remark).where(table.c.repository == repository)
        if number is not None:
            wanted = wanted.where(table.c.number == number)
        with self._store.reading() as connection:
            rows = connection.execute(wanted.order_by(table.c.at, table.c.id))
            return tuple(Remark.model_validate_json(row.remark) for row in rows)

    def take_up(self, repository: str, remarks: Sequence[str], agent_id: str, at: datetime) -> None:
        """Write down which agent answers remarks; the first one stays."""
        with self._store.writing() as connection:
            for remark in remarks:
                self._store.insert_once(
                    connection,
                    schema.answered,
                    repository=repository,
                    remark=remark,
                    agent_id=agent_id,
                    at=seconds(at),
                )

    def taken_up(self, repository: str) -> Mapping[str, str]:
        """Map the remarks that an agent answers to that agent."""
        table = schema.answered
        with self._store.reading() as connection:
            rows = connection.execute(table.select().where(table.c.repository == repository))
            return {row.remark: row.agent_id for row in rows}

    def lessons(self, repository: str) -> tuple[Lesson, ...]:
        """List the lessons that were not deleted, newest first."""
        table = schema.lesson
        wanted = select(table.c.lesson).where(table.c.repository == repository, table.c.gone.is_(False))
        with self._store.reading() as connection:
            rows = connection.execute(wanted.order_by(table.c.at.desc(), table.c.id))
            return tuple(Lesson.model_validate_json(row.lesson) for row in rows)

    def keep_lesson(self, repository: str, lesson: Lesson) -> None:
        """Write a lesson down, in place of the one with its id."""
        table = schema.lesson
        values: dict[str, Writable] = {
            "at": seconds(lesson.at),
            "lesson": storable(lesson.model_dump_json()),
            "gone": False,
        }
        with self._store.writing() as connection:
            if not self._store.insert_once(connection, table, repository=repository, id=lesson.id, **values):
                mine = (table.c.repository == repository, table.c.id == lesson.id)
                connection.execute(table.update().where(*mine).values(**values))

    def drop_lesson(self, repository: str, lesson_id: str) -> bool:
        """Forget a lesson for good: the remark that taught it does not teach it again. False when there is none."""
        table = schema.lesson
        mine = (table.c.repository == repository, table.c.id == lesson_id, table.c.gone.is_(False))
        with self._store.writing() as connection:
            return connection.execute(table.update().where(*mine).values(gone=True)).rowcount > 0
