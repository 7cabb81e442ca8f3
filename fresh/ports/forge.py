"""Where changes are handed over, read and discussed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from fresh.domain.agent import AgentReport, Ticket
from fresh.domain.assignment import Assignment
from fresh.domain.ci import CiState
from fresh.domain.publication import Publication
from fresh.domain.reviewing import Seen


class Reviews(Protocol):
    """What people do with autonomous pull requests. Raises ForgeRefused and ForgeUnclear as `Forge` does."""

    def read(self, marks: Mapping[str, str]) -> Iterator[Seen]:
        """Read what is new since the marks, page by page; each page carries the marks that are right after it.

        An unchanged page costs a conditional request. It ends after a bounded number of requests; the marks say where
        the next reading goes on.
        """
        ...

    def counted(self) -> tuple[int, int]:
        """Say how many requests the last reading made, and how many of them found nothing changed."""
        ...

    @property
    def finished(self) -> bool:
        """Say whether the last reading read everything that there is."""
        ...

    def fetch(self, number: int) -> tuple[str, str] | None:
        """Bring the newest commit of an open pull request into the mirror; give its branch and sha, None when it is over."""
        ...


class Issues(Protocol):
    """What people want done, in their own words."""

    def labelled(self, label: str) -> tuple[Assignment, ...]:
        """List the open issues with a label, the oldest first. Raises ForgeRefused, ForgeUnclear."""
        ...

    def open(self) -> tuple[Assignment, ...]:
        """List the newest open issues as they were within the last minutes; asks once and waits for nothing.

        Raises ForgeRefused, ForgeUnclear.
        """
        ...


class Checks(Protocol):
    """The project's own checks of published commits."""

    def of(self, commit: str) -> CiState:
        """Read every check of a commit. Raises ForgeRefused, ForgeUnclear."""
        ...


class Forge(Protocol):
    """Where pull requests live."""

    def ready(self, base: str) -> tuple[str, ...]:
        """Say where the pull requests of a base commit will be; sentences that people should know.

        Raises Refusal, ForgeRefused, ForgeUnclear or OperatorMistake when there can be none.
        """
        ...

    def waiting(self) -> int | None:
        """Count the open pull requests of agents; None where nobody counts them. Raises ForgeRefused, ForgeUnclear."""
        ...

    def newest(self, base: str) -> str | None:
        """Bring in the newest commit of the branch that a base's pull requests are against; None where that is local.

        Raises Refusal, ForgeRefused, ForgeUnclear.
        """
        ...

    def standing(self) -> Mapping[str, str]:
        """Bring in the branches of the open pull requests of agents, by name with their commits; none where all is local.

        Raises ForgeRefused, ForgeUnclear.
        """
        ...

    def publish(self, ticket: Ticket, report: AgentReport, title: str, page: str) -> Publication:
        """Publish the page of an agent's branch once; say where it is. Found again, never made twice.

        Raises Refusal when the branch or its pull request is somebody else's by now, ForgeRefused, ForgeUnclear.
        """
        ...

    def amend(self, ticket: Ticket, section: str) -> str | None:
        """Put a section below an agent's published page, in place of the one there; return the page as it lies here now.

        Doing it again changes nothing. A pull request that is over or not ours stays as it is. None where nothing was
        published. Raises ForgeRefused, ForgeUnclear, StorageFailed.
        """
        ...
