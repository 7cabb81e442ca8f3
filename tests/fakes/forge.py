"""A forge that keeps its pull requests in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fresh.domain.agent import AgentReport, Ticket
from fresh.domain.publication import Publication
from fresh.errors import FreshError


@dataclass(frozen=True)
class PullRequest:
    """What was published for one agent."""

    address: str
    branch: str
    commit: str | None
    title: str
    page: str


@dataclass
class FakeForge:
    """Remember what was published; `outage` is raised instead while it is set, `refusal` by publishing alone.

    `elsewhere` holds open branches that stand at the forge alone, `amended` the newest section of each agent's page.
    `others` is how many pull requests of other runs are open; None means that nobody counts.
    """

    pull_requests: dict[str, PullRequest] = field(default_factory=dict)
    outage: FreshError | None = None
    asked: int = 0
    others: int | None = None
    refusal: FreshError | None = None
    elsewhere: dict[str, str] = field(default_factory=dict)
    amended: dict[str, str] = field(default_factory=dict)

    def ready(self, base: str) -> tuple[str, ...]:
        """Be ready, unless there is an outage."""
        if self.outage is not None:
            raise self.outage
        return ()

    def waiting(self) -> int | None:
        """Count what the test says is open besides what was published here; None means that nobody counts."""
        return None if self.others is None else self.others + len(self.pull_requests)

    def newest(self, base: str) -> str | None:
        """Leave the base to the operator's repository."""
        return None

    def standing(self) -> Mapping[str, str]:
        """List what the test says is open."""
        if self.outage is not None:
            raise self.outage
        return dict(self.elsewhere)

    def amend(self, ticket: Ticket, section: str) -> str | None:
        """Keep the newest section of a published page."""
        trouble = self.refusal or self.outage
        if trouble is not None:
            raise trouble
        made = self.pull_requests.get(ticket.agent_id)
        if made is None:
            return None
        self.amended[ticket.agent_id] = section
        return f"{made.page}\n{section}"

    def publish(self, ticket: Ticket, report: AgentReport, title: str, page: str) -> Publication:
        """Publish once for each agent."""
        self.asked += 1
        trouble = self.refusal or self.outage
        if trouble is not None:
            raise trouble
        made = PullRequest(
            f"https://forge.example/pull/{len(self.pull_requests) + 1}",
            ticket.branch,
            report.commit,
            title,
            page,
        )
        return Publication(address=self.pull_requests.setdefault(ticket.agent_id, made).address)
