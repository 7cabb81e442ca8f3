"""Open issues at GitHub that bear a label, oldest first."""

from __future__ import annotations

from collections.abc import Callable

from fresh.adapters.githubbing import talk
from fresh.adapters.githubbing.patience import Patience
from fresh.adapters.githubbing.places import Places
from fresh.domain.assignment import LONGEST, Assignment
from fresh.ports import Clock

MOST_PAGES = 2
LONGEST_WAIT = 90.0


class GitHubIssues:
    """Implement `ports.Issues` on the repository's `origin`."""

    def __init__(self, places: Places, clock: Clock, halted: Callable[[], bool] | None = None) -> None:
        self._places = places
        self._patience = Patience(clock, longest=LONGEST_WAIT, halted=halted)

    def labelled(self, label: str) -> tuple[Assignment, ...]:
        """List the open issues with a label. Raises ForgeRefused, ForgeUnclear."""
        return self._patience.persist(lambda: self._read(label))

    def _read(self, label: str) -> tuple[Assignment, ...]:
        if self._places.address is None:
            return ()
        hub = self._places.place().hub
        asking = {"labels": label, "state": "open", "sort": "created", "direction": "asc"}
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
