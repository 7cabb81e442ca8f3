"""Where a command works: the repository, its state directory, its journal."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from cli.asking_git import ask_git
from fresh.errors import OperatorMistake
from fresh.whereabouts import journal_url, repository_of, state_home

if TYPE_CHECKING:
    from fresh.adapters.sql_journal import SqlJournal

Command = TypeVar("Command", bound=Callable[..., None])
SQLITE = "sqlite:///"


@dataclass(frozen=True)
class Place:
    """One repository and where its state lies."""

    repository: Path
    home: Path

    @property
    def url(self) -> str:
        """The URL of the journal."""
        return journal_url(self.home)

    @property
    def journal_file(self) -> Path | None:
        """The journal's file; None when the journal is no SQLite database."""
        return Path(self.url.removeprefix(SQLITE)) if self.url.startswith(SQLITE) else None

    @property
    def is_blank(self) -> bool:
        """Say whether no run can have worked here yet."""
        return self.journal_file is not None and not self.journal_file.exists()


def find_place(repo: str) -> Place:
    """Find the repository that was typed. Raises OperatorMistake."""
    repository = repository_of(repo)
    place = Place(repository, state_home(repository))
    _refuse_planted_state(place)
    return place


def _refuse_planted_state(place: Place) -> None:
    """Refuse a state directory that came with the repository: who wrote it could answer our questions for us."""
    if not place.home.is_relative_to(place.repository):
        return
    below = os.fspath(place.home.relative_to(place.repository))
    planted = ask_git(place.repository, "ls-files", "-z", "--", f":(top,literal,icase){below}")
    if planted or place.home.is_symlink():
        first = planted.split("\0")[0] if planted else below
        raise OperatorMistake(
            f"The repository brings its own {first}, and Fresh keeps its state there.",
            hint=f"Look at it, then git rm -r --cached {below}; or set FRESH_HOME to another directory.",
        )


@contextmanager
def opened_journal(place: Place) -> Iterator[SqlJournal]:
    """Open the journal of a repository. Raises OperatorMistake where no run has worked yet."""
    if place.is_blank:
        raise OperatorMistake(
            f"No run has worked on {place.repository} yet.", hint="Start one: fresh auto start"
        )
    from fresh.adapters.processes import lives
    from fresh.adapters.sql_journal import SqlJournal

    journal = SqlJournal(place.url, lives)
    try:
        yield journal
    finally:
        journal.close()


def with_repo(command: Command) -> Command:
    """Add the option that says which repository is meant."""
    return click.option(
        "--repo", metavar="PATH|URL", default=".", help="Repository to work on. [default: here]"
    )(command)
