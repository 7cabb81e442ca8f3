"""A stand-in for GitHub on loopback: its REST API as PyGithub speaks it, and git over HTTP on the same repositories.

    with github() as server:
        repository = server.world.add_repository("acme/shop", source=path)
        token = server.world.add_token("ada", scopes={"repo"})

`server.api` is what GITHUB_API_URL wants, `server.clone_url(repository)` a remote. What GitHub refuses is refused with
GitHub's own sentences; `server.world.faults` makes it fail in the ways in which networks do.
"""

from tests.fakes.github.faults import Fate, Fault
from tests.fakes.github.server import GitHubServer, github
from tests.fakes.github.world import Repository, World

__all__ = ["Fate", "Fault", "GitHubServer", "Repository", "World", "github"]
