"""Where changes are handed over: GitHub where the repository is there, else files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from fresh.domain.stops import still_asked
from fresh.errors import OperatorMistake, StorageFailed
from fresh.ports import (
    Checks,
    Forge,
    Issues,
    Journal,
    Reviews,
)
from fresh.settings import Settings, read_settings
from fresh.whereabouts import clone_of, names_address, repository_of

if TYPE_CHECKING:
    from fresh.adapters.githubbing.places import Install


def github_install(settings: Settings) -> Install:
    """Gather what this installation knows of GitHub."""
    from fresh.adapters.githubbing.access import Credentials
    from fresh.adapters.githubbing.places import Install

    token, key = settings.github_token, settings.github_app_private_key
    return Install(
        credentials=Credentials(
            token=token.get_secret_value().strip() if token is not None else "",
            app_id=(settings.github_app_id or "").strip(),
            private_key=key.get_secret_value() if key is not None else "",
            installation=settings.github_app_installation_id,
        ),
        api_url=settings.github_api_url or None,
        hosts=settings.github_hosts,
    )


def bring(repo: str) -> Path:
    """Find the repository that an order means; one that is named by its address is cloned, or its clone refreshed.

    Raises OperatorMistake, ForgeRefused, ForgeUnclear, GitFailed, StorageFailed.
    """
    if not names_address(repo):
        return repository_of(repo)
    from fresh.adapters.githubbing.hub import Hub
    from fresh.adapters.gitting.cloning import clone
    from fresh.domain.remote import read_address

    place, address = clone_of(repo), read_address(repo)
    if address is None:
        raise OperatorMistake("That is no address of a repository.")
    install = github_install(read_settings())
    api = install.api(address)
    hub = (
        Hub(api, address, install.credentials) if api is not None and install.credentials.are_there else None
    )
    clone(install.remote(address, hub), place)
    return place


def forge_of(
    settings: Settings, repository: Path, home: Path, journal: Journal
) -> tuple[Forge, Callable[[], Reviews | None], Callable[[], Checks | None], Callable[[], Issues | None]]:
    """Give the forge, and what finds out whether reviews, checks and issues can be read: it looks at the repository."""
    from fresh.adapters.github_checks import GitHubChecks
    from fresh.adapters.github_forge import GitHubForge
    from fresh.adapters.github_issues import GitHubIssues
    from fresh.adapters.github_reviews import GitHubReviews
    from fresh.adapters.local_forge import LocalForge
    from fresh.adapters.system_clock import SystemClock

    clock = SystemClock()
    began = clock.now()

    def halted() -> bool:
        return is_asked_to_stop(journal, repository, began)

    forge = GitHubForge(
        repository,
        home,
        github_install(settings),
        local=LocalForge(home),
        clock=clock,
        memory=journal,
        halted=halted,
    )

    def is_there() -> bool:
        return forge.places.address is not None

    return (
        forge,
        lambda: GitHubReviews(forge.places, clock, halted=halted) if is_there() else None,
        lambda: GitHubChecks(forge.places, clock, halted=halted) if is_there() else None,
        lambda: GitHubIssues(forge.places, clock, halted=halted) if is_there() else None,
    )


def is_asked_to_stop(journal: Journal, repository: Path, since: datetime) -> bool:
    """Say whether somebody wanted a run of a repository to end since then: nothing is waited for any more.

    Only one run at a time works on a repository. A journal that can't be read stops nothing.
    """
    try:
        return any(
            request.agent_id is None and request.at >= since
            for record in journal.runs(str(repository))
            for request in still_asked(record, journal.stop_requests(record.id))
        )
    except StorageFailed:
        return False
