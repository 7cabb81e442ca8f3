"""A clone of our own of a repository that was named by its address; started again, it follows the remote's default branch."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from fresh.adapters.gitting.git import Git
from fresh.adapters.gitting.remote import Remote
from fresh.adapters.gitting.storage import locked, storing
from fresh.errors import OperatorMistake


def clone(remote: Remote, place: Path) -> None:
    """Make or refresh a clone at `place`; one that a dead process left half-made is thrown away.

    Raises ForgeRefused, ForgeUnclear, GitFailed, StorageFailed; OperatorMistake for a repository without commits.
    """
    with storing(f"The clone {place} can't be written"):
        place.parent.mkdir(parents=True, exist_ok=True)
        with locked(place.parent / f".{place.name}.lock"):
            if (place / ".git").is_dir():
                _follow(remote, place)
                return
            making = place.parent / f".{place.name}.making"
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir()
            git = Git(making / ".git")
            git.run("init", "--quiet", "--template=", environment={"GIT_WORK_TREE": os.fspath(making)})
            _follow(remote, making)
            making.rename(place)


def _follow(remote: Remote, place: Path) -> None:
    """Fetch the default branch and check it out; nothing of an agent's is on it."""
    git = Git(place / ".git")
    branch = remote.default_branch(git)
    if branch is None:
        raise OperatorMistake(f"{remote.url} has no commits yet.", hint="Push something first.")
    sha = remote.fetch(git, branch, f"refs/remotes/origin/{branch}")
    settings = {
        "core.bare": "false",
        "remote.origin.url": remote.url,
        "remote.origin.fetch": "+refs/heads/*:refs/remotes/origin/*",
        f"branch.{branch}.remote": "origin",
        f"branch.{branch}.merge": f"refs/heads/{branch}",
    }
    for name, value in settings.items():
        git.run("config", name, value)
    git.run("update-ref", f"refs/heads/{branch}", sha)
    git.run("symbolic-ref", "HEAD", f"refs/heads/{branch}")
    # Smudging filters would be the repository's own choice; there is no configuration here that defines one.
    git.run("read-tree", "--reset", "-u", sha, environment={"GIT_WORK_TREE": os.fspath(place)})
