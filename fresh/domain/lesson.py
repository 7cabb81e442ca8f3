"""What reviewers of earlier changes taught, for later agents of the same repository."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pydantic import Field

from fresh.domain.feature import Kind
from fresh.domain.value import Value


class Lesson(Value):
    """One remark, short and imperative.

    `kind` and `area` say where it holds: for one kind of improvement, below one path; None and "" mean everywhere.
    `source` is the address of the review that taught it, empty for one that a person wrote down.
    """

    id: str
    text: str = Field(min_length=1, max_length=500)
    kind: Kind | None = None
    area: str = ""
    source: str = ""
    at: datetime

    def holds_for(self, kind: Kind, paths: Iterable[str]) -> bool:
        """Say whether an agent that works with these files should hear it."""
        area = self.area.strip("/")
        below = not area or any(path == area or path.startswith(f"{area}/") for path in paths)
        return below and self.kind in (None, kind)


def fitting(lessons: Iterable[Lesson], kind: Kind, paths: Iterable[str]) -> tuple[Lesson, ...]:
    """Choose the lessons that hold for an agent: the ones of its own area first, then by kind, then the newest."""
    known = tuple(paths)
    held = [lesson for lesson in lessons if lesson.holds_for(kind, known)]
    return tuple(sorted(held, key=lambda one: (not one.area, one.kind is None, -one.at.timestamp(), one.id)))
