"""What was said to agents, and what people taught them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from fresh.domain.lesson import Lesson
from fresh.domain.reviewing import Pull, Remark, Seen
from fresh.domain.transcript import Turn


class Transcripts(Protocol):
    """The conversations of agents with models. Every method is one transaction and raises StorageFailed."""

    def add_turn(self, agent_id: str, number: int, turn: Turn, at: datetime) -> Turn:
        """Write the turn of this number down, counted from 0; the first one stays and is returned."""
        ...

    def turns(self, agent_id: str) -> tuple[Turn, ...]:
        """Read a conversation from its beginning."""
        ...

    def newest_round(self, agent_id: str) -> int:
        """Say which round of work the agent has begun last; 0 before any."""
        ...


class Lessons(Protocol):
    """What reviewers taught. Raises StorageFailed."""

    def lessons(self, repository: str) -> tuple[Lesson, ...]:
        """List what agents of a repository are to be told, newest first."""
        ...


class Feedback(Lessons, Protocol):
    """What became of the pull requests of a repository, and what was said of them. Raises StorageFailed."""

    def marks(self, repository: str) -> Mapping[str, str]:
        """Read the marks that say from where `Reviews.read` goes on."""
        ...

    def take_in(self, repository: str, seen: Seen, lessons: Sequence[Lesson]) -> int:
        """Write a page down with its lessons and marks, all or nothing; return how many lessons are new.

        What is written down already stays as it is, but for pull requests and remarks that changed meanwhile.
        """
        ...

    def pulls(self, repository: str) -> tuple[Pull, ...]:
        """List every pull request of agents that was ever seen, by number."""
        ...

    def remarks(self, repository: str, number: int | None = None) -> tuple[Remark, ...]:
        """List what was said, of one pull request or of all, oldest first."""
        ...

    def take_up(self, repository: str, remarks: Sequence[str], agent_id: str, at: datetime) -> None:
        """Write down which agent answers remarks; the first one stays."""
        ...

    def taken_up(self, repository: str) -> Mapping[str, str]:
        """Map the remarks that an agent answers to that agent."""
        ...

    def keep_lesson(self, repository: str, lesson: Lesson) -> None:
        """Write a lesson down, in place of the one with its id."""
        ...

    def drop_lesson(self, repository: str, lesson_id: str) -> bool:
        """Forget a lesson for good: what taught it does not teach it again. False when there is none."""
        ...
