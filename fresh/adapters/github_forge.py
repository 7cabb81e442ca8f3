"""Pull requests at GitHub: opened once for each agent, whatever dies, and never over anybody's commits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from fresh.adapters.githubbing import pulls
from fresh.adapters.githubbing.patience import Patience
from fresh.adapters.githubbing.places import Install, Memory, Places
from fresh.adapters.githubbing.publishing import Offer, Publishing
from fresh.adapters.githubbing.pulls import LABEL, Pull
from fresh.domain.agent import AgentReport, Ticket
from fresh.domain.identity import OURS
from fresh.domain.marker import author_of, with_section
from fresh.domain.publication import Publication
from fresh.errors import ForgeUnclear, Refusal
from fresh.ports import Clock, Forge

GLANCE = 15.0
"""Seconds that a look at what is open waits for GitHub at most: it is only one of several things that are looked at."""
RECENT = 20.0
"""Seconds for which a list of open pull requests is believed."""


class GitHubForge:
    """The forge of a repository whose `origin` is at GitHub; for any other, `local` is the whole forge.

    `halted` says that a run is to stop, and ends every wait. Making it touches nothing and sends nothing.
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
        halted: Callable[[], bool] | None = None,
    ) -> None:
        self.places = Places(repository, state, install, memory)
        self._local = local
        self._patience = Patience(clock, halted=halted)
        self._glance = Patience(clock, longest=GLANCE, halted=halted)
        self._lock = threading.Lock()
        self._seen: tuple[float, tuple[Pull, ...]] | None = None

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
            try:
                return len(self._open())
            except ForgeUnclear:
                if self._seen is None:
                    raise
                self._seen = (time.monotonic(), self._seen[1])
                return len(self._seen[1])

    def standing(self) -> Mapping[str, str]:
        """Bring the branches of the open pull requests of agents into the mirror; give them with their commits.

        What the mirror has already is not asked for again. Raises ForgeRefused, ForgeUnclear.
        """
        if self.places.address is None:
            return self._local.standing()
        return self._glance.persist(self._brought)

    def _brought(self) -> Mapping[str, str]:
        with self._lock:
            # What was opened a moment ago counts here: it is what this commit may conflict with.
            found = self._open(recent=0.0)
        place = self.places.place()
        return {pull.head.ref: self.places.bring(place, pull.head.ref, pull.head.sha) for pull in found}

    def _open(self, recent: float = RECENT) -> tuple[Pull, ...]:
        """List the open pull requests of agents, as they were so many seconds ago at most."""
        if self._seen is None or time.monotonic() - self._seen[0] >= recent:
            place = self.places.place()
            ours = tuple(p for p in pulls.open_ones(place.hub) if is_agents(p, place.facts.full_name))
            self._seen = (time.monotonic(), ours)
        return self._seen[1]

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
                self._seen = None

    def amend(self, ticket: Ticket, section: str) -> str | None:
        """Put a section below the text of an agent's open pull request, and below its page here.

        A pull request that is over, or whose text a person wrote, stays as it is. Raises ForgeRefused, ForgeUnclear,
        StorageFailed.
        """
        kept = self._local.amend(ticket, section)
        if self.places.address is not None:
            self._patience.persist(lambda: self._amend(ticket, section))
        return kept

    def _amend(self, ticket: Ticket, section: str) -> None:
        hub = self.places.place().hub
        for pull in pulls.of_branch(hub, ticket.branch):
            if pull.state == "open" and author_of(pull.body) == ticket.agent_id:
                before = (pull.body or "").replace("\r\n", "\n")
                after = with_section(before, section)
                if after.strip() != before.strip():
                    pulls.edit(hub, pull.number, after)


def is_agents(pull: Pull, full_name: str) -> bool:
    """Say whether a pull request is an agent's: on a branch of ours in this very repository, with our label or mark."""
    here = pull.head.repo is None or pull.head.repo.full_name.lower() == full_name.lower()
    marked = LABEL in pull.label_names or author_of(pull.body) is not None
    return here and pull.head.ref.startswith(OURS) and marked
