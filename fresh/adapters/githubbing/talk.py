"""What is said at GitHub, as it shows that; bodies are cut, because a comment may have 65,536 characters."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator

from fresh.adapters.githubbing.pulls import Login, Named, Shown
from fresh.domain.feature import Kind

LONGEST = 8000


def _cut(body: object) -> object:
    return "" if body is None else body[:LONGEST] if isinstance(body, str) else body


Body = Annotated[str, BeforeValidator(_cut)]


class Dated(Shown):
    """Anything in a list that is ordered by its last change."""

    updated_at: datetime


class PullSide(Shown):
    """What an issue that is a pull request knows of it."""

    merged_at: datetime | None = None


class Issue(Dated):
    """An issue, or the issue side of a pull request."""

    number: int
    html_url: str = ""
    state: str = "open"
    title: str = ""
    body: Body = ""
    labels: tuple[Named, ...] = ()
    user: Login | None = None
    author_association: str = "NONE"
    pull_request: PullSide | None = None
    closed_at: datetime | None = None

    @property
    def kind(self) -> Kind | None:
        """The kind of improvement that its labels name."""
        for label in self.labels:
            with suppress(ValueError):
                return Kind(label.name.lower())
        return None


class Said(Shown):
    """What all sayings have in common; the author of one is missing when the account is."""

    id: int
    body: Body = ""
    html_url: str = ""
    user: Login | None = None
    author_association: str = "NONE"

    @property
    def author(self) -> Login:
        """Who said it."""
        return self.user or Login(login="ghost")


class Comment(Said):
    """A comment on an issue, or on a line of a pull request."""

    created_at: datetime
    updated_at: datetime
    issue_url: str | None = None
    pull_request_url: str | None = None
    pull_request_review_id: int | None = None
    path: str | None = None
    line: int | None = None

    @property
    def number(self) -> int:
        """Which issue or pull request it belongs to."""
        last = (self.pull_request_url or self.issue_url or "").rpartition("/")[2]
        return int(last) if last.isdigit() else 0


class Review(Said):
    """A judgement of a pull request."""

    state: str = ""
    submitted_at: datetime | None = None
