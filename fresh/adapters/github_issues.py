"""Open issues at GitHub: those that bear a label, oldest first, and the newest of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from fresh.adapters.githubbing import talk
from fresh.adapters.githubbing.patience import Patience
from fresh.adapters.githubbing.places import Places
from fresh.domain.assignment import LONGEST, Assignment
from fresh.ports import Clock

MOST_PAGES = 2
LONGEST_WAIT = 90.0
HOLDS = timedelta(minutes=10)
"""How long a list of all open issues is good for."""
BY_LABEL = {"state": "open", "sort": "created", "direction": "asc"}
NEWEST = {"state": "open", "sort": "created", "direction": "desc"}


class GitHubIssues:
    """Implement `ports.Issues` on the repository's `origin`."""

    def __init__(self, places: Places, clock: Clock, halted: Callable[[], bool] | None = None) -> None:
        self._places = places
        self._clock = clock
        self._patience = Patience(clock, longest=LONGEST_WAIT, halted=halted)
        self._heard: tuple[datetime, tuple[Assignment, ...]] | None = None

    def labelled(self, label: str) -> tuple[Assignment, ...]:
        """List the open issues with a label. Raises ForgeRefused, ForgeUnclear."""
        return self._patience.persist(lambda: self._read({**BY_LABEL, "labels": label}))

    def open(self) -> tuple[Assignment, ...]:
        """List the newest open issues, as they were ten minutes ago at most. Raises ForgeRefused, ForgeUnclear."""
        now = self._clock.now()
        if self._heard is None or now - self._heard[0] > HOLDS:
            self._heard = (now, self._read(NEWEST))
        return self._heard[1]

    def _read(self, asking: Mapping[str, str]) -> tuple[Assignment, ...]:
        if self._places.address is None:
            return ()
        hub = self._places.place().hub
        found = [
            issue
            for answer in hub.pages("list issues", "issues", parameters=asking, most=MOST_PAGES)
            for issue in answer.read_all(talk.Issue)
            if issue.pull_request is None
        ]
        return tuple(
            Assignment(
                number=issue.number,
                title=issue.title[:300],
                text=issue.body[:LONGEST],
                address=issue.html_url,
                labels=tuple(each.name for each in issue.labels),
            )
            for issue in found
        )
