"""From a repository's `origin` to one place at GitHub: its API, its git, and the branch that changes go to."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from fresh.adapters.githubbing import pulls
from fresh.adapters.githubbing.access import Credentials
from fresh.adapters.githubbing.hub import Hub
from fresh.adapters.gitting.git import Git
from fresh.adapters.gitting.mirror import Mirror
from fresh.adapters.gitting.remote import Remote
from fresh.adapters.gitting.target import Target, find_target
from fresh.domain.identity import OURS
from fresh.domain.remote import RemoteAddress, api_of, is_loopback, read_address
from fresh.errors import Refusal

REMOTE_REFS = "refs/fresh/remote"


class Memory(Protocol):
    """What is remembered for ever: the first text under a key stays."""

    def remember(self, key: str, text: str) -> str:
        """Keep a text under a key; return the one that stands."""
        ...

    def recall(self, key: str) -> str | None:
        """Read what `remember` kept."""
        ...


@dataclass(frozen=True)
class Install:
    """What this installation knows of GitHub: how to prove itself, its API where named, and hosts that are its own."""

    credentials: Credentials
    api_url: str | None = None
    hosts: frozenset[str] = frozenset()

    def api(self, address: RemoteAddress) -> str | None:
        """Find the API for an address; None where nobody vouches for its host."""
        return api_of(address, self.api_url, self.hosts)

    def remote(self, address: RemoteAddress, hub: Hub | None) -> Remote:
        """Make git's way to an address, with a secret if there is a hub for it."""
        plain = is_loopback(address.host) or (self.api_url or "").startswith("http://")
        return Remote(address.url, hub.authorization if hub is not None else lambda: None, plain)


@dataclass(frozen=True)
class Place:
    """One repository at GitHub, and what was read of it once."""

    hub: Hub
    remote: Remote
    facts: pulls.Facts


class Places:
    """The place of one repository of the operator's. Making it touches nothing and sends nothing."""

    def __init__(self, repository: Path, state: Path, install: Install, memory: Memory) -> None:
        self.mirror = Mirror(state.absolute())
        self.install = install
        self._repository = repository
        self._memory = memory
        self._lock = threading.RLock()
        self._found: Place | None = None

    @property
    def git(self) -> Git:
        """git on the mirror, which holds every commit that is published."""
        return self.mirror.git

    @property
    def operator_git(self) -> Git:
        """git on the operator's own repository, to read from."""
        return self._target.git

    @cached_property
    def address(self) -> RemoteAddress | None:
        """Where `origin` is, if that is a GitHub which the operator vouches for and there is a token for it."""
        origin = self._origin
        if origin is None or not self.install.credentials.are_there or self.install.api(origin) is None:
            return None
        return origin

    @property
    def why_none(self) -> str:
        """Say why there is no address."""
        origin = self._origin
        if origin is None:
            return "There is no remote `origin` on a host, so pull requests are written as pages."
        if not self.install.credentials.are_there:
            return "No GitHub token is set, so pull requests are written as pages."
        return (
            f"Nothing says that {origin.host} is your GitHub, so pull requests are written as pages; "
            f"if it is, set GITHUB_API_URL=https://{origin.host}/api/v3."
        )

    def place(self) -> Place:
        """Reach the repository, once. Raises ForgeRefused, ForgeUnclear, OperatorMistake."""
        with self._lock:
            if self._found is None:
                self._found = self._reach()
            return self._found

    def onto(self, place: Place, base: str) -> str:
        """Choose, once for each base commit, the branch at GitHub that holds it: the operator's own, else the default.

        Raises Refusal when none does.
        """
        key = f"github/{place.facts.full_name}/onto/{base}"
        heads = place.remote.heads(self.git)
        known = self._memory.recall(key)
        if known is not None and known in heads:
            return known
        for branch in self.candidates(place):
            if branch in heads and self._holds(place, branch, heads[branch], base):
                # What is remembered may be gone by now: renamed, as master became main.
                return self._memory.remember(key, branch) if known is None else branch
        raise Refusal(
            f"Commit {base[:12]} is not on {place.facts.full_name} at GitHub, so a pull request from it would carry "
            "your own commits that were never pushed.",
            hint="Push them first: git push; or start with GITHUB_TOKEN unset, to get pages instead.",
        )

    def fetch(self, place: Place, branch: str) -> str:
        """Bring a branch at GitHub into the mirror; return its commit. Raises ForgeRefused, ForgeUnclear."""
        with self._lock:
            return place.remote.fetch(self.git, branch, f"{REMOTE_REFS}/{branch}")

    def bring(self, place: Place, branch: str, commit: str) -> str:
        """Bring a branch at GitHub into the mirror, unless what it points at is there already; return its commit."""
        if commit and self.git.ask("cat-file", "-e", f"{commit}^{{commit}}").code == 0:
            return commit
        return self.fetch(place, branch)

    def candidates(self, place: Place) -> tuple[str, ...]:
        """List the branches that changes may go to, the likeliest first."""
        current = self._target.head_branch()
        merge = None if current is None else self._target.setting(f"branch.{current}.merge")
        upstream = None if merge is None else merge.removeprefix("refs/heads/")
        names = (upstream, current, place.facts.default_branch)
        return tuple(dict.fromkeys(name for name in names if name and not name.startswith(OURS)))

    def _reach(self) -> Place:
        address = self.address
        api = None if address is None else self.install.api(address)
        if address is None or api is None:
            raise Refusal(self.why_none)
        hub = Hub(api, address, self.install.credentials)
        facts = pulls.facts(hub)
        if not facts.full_name:
            facts = facts.model_copy(update={"full_name": address.full_name})
        if facts.full_name.lower() != address.full_name.lower():
            # It was renamed or transferred: the old name leads there for reading alone.
            owner, _, name = facts.full_name.partition("/")
            address = address.model_copy(update={"owner": owner, "name": name})
            hub = Hub(api, address, self.install.credentials)
        return Place(hub, self.install.remote(address, hub), facts)

    def _holds(self, place: Place, branch: str, head: str, base: str) -> bool:
        if head == base:
            return True
        return self.git.ask("merge-base", "--is-ancestor", base, self.fetch(place, branch)).code == 0

    @cached_property
    def _target(self) -> Target:
        return find_target(self._repository)

    @cached_property
    def _origin(self) -> RemoteAddress | None:
        url = self._target.setting("remote.origin.url")
        return None if url is None else read_address(url)
