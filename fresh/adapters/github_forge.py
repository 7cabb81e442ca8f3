"""Pull requests at GitHub: opened once for each agent, whatever dies, and never over anybody's commits."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from fresh.adapters.githubbing import pulls
from fresh.adapters.githubbing.patience import Patience
from fresh.adapters.githubbing.places import Install, Memory, Places
from fresh.adapters.githubbing.publishing import Offer, Publishing
from fresh.adapters.githubbing.pulls import LABEL, Pull
from fresh.domain.agent import AgentReport, Ticket
from fresh.domain.identity import OURS
from fresh.domain.marker import author_of
from fresh.domain.publication import Publication
from fresh.errors import ForgeUnclear, Refusal
from fresh.ports import Clock, Forge

RECENT = 20.0
"""Seconds for which a count of open pull requests is believed."""


class GitHubForge:
    """The forge of a repository whose `origin` is at GitHub; for any other, `local` is the whole forge.

    Making it touches nothing and sends nothing.
    """

    def __init__(
        self,
        repository: Path,
        state: Path,
        install: Install,
        *,
        local: Forge,
        clock: Clock,
        memory: Memory,
    ) -> None:
        self.places = Places(repository, state, install, memory)
        self._local = local
        self._patience = Patience(clock)
        self._lock = threading.Lock()
        self._counted: tuple[float, int] | None = None

    def ready(self, base: str) -> tuple[str, ...]:
        """Say where pull requests for a base commit will be opened. Raises Refusal when they can't be.

        Raises ForgeRefused, ForgeUnclear, OperatorMistake.
        """
        if self.places.address is None:
            return (*self._local.ready(base), self.places.why_none)
        place = self._patience.persist(self.places.place)
        name = place.facts.full_name
        if place.facts.archived:
            raise Refusal(f"{name} is archived at GitHub, and takes no pull requests.", hint="Unarchive it.")
        onto = self._patience.persist(lambda: self.places.onto(place, base))
        return (f"Pull requests are opened at {place.hub.address.host} in {name}, against {onto}.",)

    def waiting(self) -> int | None:
        """Count the open pull requests of agents; None where nobody counts them.

        While GitHub doesn't answer, the last count is believed. Raises ForgeRefused, ForgeUnclear.
        """
        if self.places.address is None:
            return self._local.waiting()
        with self._lock:
            if self._counted is not None and time.monotonic() - self._counted[0] < RECENT:
                return self._counted[1]
            try:
                place = self.places.place()
                standing = pulls.open_ones(place.hub)
            except ForgeUnclear:
                if self._counted is None:
                    raise
                self._counted = (time.monotonic(), self._counted[1])
                return self._counted[1]
            count = sum(is_agents(pull, place.facts.full_name) for pull in standing)
            self._counted = (time.monotonic(), count)
            return count

    def newest(self, base: str) -> str | None:
        """Bring in the newest commit of the branch at GitHub that a base's pull requests are against.

        Raises Refusal for a base that is on none, ForgeRefused, ForgeUnclear.
        """
        if self.places.address is None:
            return self._local.newest(base)
        place = self._patience.persist(self.places.place)
        onto = self._patience.persist(lambda: self.places.onto(place, base))
        return self._patience.persist(lambda: self.places.fetch(place, onto))

    def publish(self, ticket: Ticket, report: AgentReport, title: str, page: str) -> Publication:
        """Push the branch and open its pull request once; found again, its text and labels are brought up to date.

        The page lies beside the run's report too. Raises Refusal when somebody else moved the branch or its pull
        request is over, ForgeRefused, ForgeUnclear, OperatorMistake.
        """
        kept = self._local.publish(ticket, report, title, page)
        if self.places.address is None:
            return kept
        if report.commit is None:
            raise Refusal(f"Agent {ticket.agent_id} has no commit to publish.")
        place = self._patience.persist(self.places.place)
        offer = Offer(
            agent_id=ticket.agent_id,
            run_id=ticket.run_id,
            branch=ticket.branch,
            base=ticket.base,
            commit=report.commit,
            title=title,
            page=page,
            labels=(ticket.kind.value,),
        )
        act = Publishing(place, self.places.mirror, offer, onto=lambda: self.places.onto(place, ticket.base))
        try:
            return self._patience.persist(act.once)
        finally:
            with self._lock:
                self._counted = None


def is_agents(pull: Pull, full_name: str) -> bool:
    """Say whether a pull request is an agent's: on a branch of ours in this very repository, with our label or mark."""
    here = pull.head.repo is None or pull.head.repo.full_name.lower() == full_name.lower()
    marked = LABEL in pull.label_names or author_of(pull.body) is not None
    return here and pull.head.ref.startswith(OURS) and marked
