"""Whether one commit can be merged with another, judged in the mirror without checking anything out."""

from __future__ import annotations

from pydantic import Field

from fresh.domain.value import Value


class Merged(Value):
    """What came of a merge: a commit, or the paths that conflict."""

    commit: str | None = None
    conflicts: tuple[str, ...] = ()


class Overlap(Value):
    """An open branch that conflicts with a change, and where."""

    branch: str
    paths: tuple[str, ...]


class Landing(Value):
    """How a commit fits what else waits for review and the newest base, as it was before the commit was published.

    `base` is the newest base that was looked at. `moved` says that it is not the one that the commit stands on;
    `broken` are tests that fail when the commit is merged with it, and `checked` counts the branches that were looked at.
    """

    base: str
    moved: bool = False
    base_conflicts: tuple[str, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    broken: tuple[str, ...] = ()
    checked: int = Field(default=0, ge=0)
    unread: str = Field(default="", description="why the open branches at the forge could not be looked at")

    @property
    def is_clean(self) -> bool:
        """Say whether nothing was found that stands in the way of a merge."""
        return not (self.base_conflicts or self.overlaps or self.broken)
