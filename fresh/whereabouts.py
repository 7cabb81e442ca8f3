"""Where the state of a target repository lies; without pydantic, because `status` must answer in half a second."""

from __future__ import annotations

import os
from pathlib import Path

from fresh.errors import OperatorMistake, StorageFailed

JOURNAL = "journal.db"


def state_home(repository: Path) -> Path:
    """Find the state directory of a repository: FRESH_HOME when set, else `.fresh` at its root."""
    moved = os.environ.get("FRESH_HOME")
    return Path(moved).expanduser().absolute() if moved else repository / ".fresh"


def journal_url(home: Path) -> str:
    """Find the journal: FRESH_JOURNAL_URL when set, else a SQLite file in the state directory."""
    return os.environ.get("FRESH_JOURNAL_URL") or f"sqlite:///{home / JOURNAL}"


def top_level(start: Path) -> Path | None:
    """Find the root of the git repository that holds `start`, by looking for `.git` upwards; None without one."""
    here = start.expanduser().absolute()
    for folder in (here, *here.parents):
        if (folder / ".git").exists():
            return folder
    return None


def names_address(given: str) -> bool:
    """Say whether a person means a repository by its address and not by a path."""
    return "://" in given or given.startswith("git@")


def clone_of(given: str) -> Path:
    """Find where the clone of an address lies, whether it is there or not. Raises OperatorMistake for no address."""
    from fresh.domain.remote import read_address

    address = read_address(given)
    if address is None:
        # It is not repeated: a password may stand in it.
        raise OperatorMistake(
            "That is no address of a repository.", hint="Such as https://github.com/OWNER/NAME"
        )
    moved = os.environ.get("FRESH_HOME")
    root = Path(moved).expanduser().absolute() if moved else Path.home() / ".fresh"
    host = address.host if address.port is None else f"{address.host}_{address.port}"
    return (root / "repositories" / host.replace(":", "_") / address.owner / address.name).resolve()


def repository_of(given: str) -> Path:
    """Find the root of the repository that a person means. Raises OperatorMistake when there is none."""
    if names_address(given):
        place = clone_of(given)
        if not (place / ".git").is_dir():
            raise OperatorMistake(
                "That repository has not been cloned here yet.",
                hint="Starting clones it: fresh auto start --repo URL",
            )
        return place
    try:
        folder = Path(given).expanduser().absolute()
        is_there = folder.is_dir()
    except (OSError, RuntimeError, ValueError) as trouble:
        raise OperatorMistake(
            f"{given!r} is no path: {trouble}.", hint="Give the path of a git repository."
        ) from trouble
    if not is_there:
        raise OperatorMistake(
            f"{folder} is no directory.", hint="Give the path of a git repository with --repo."
        )
    root = top_level(folder)
    if root is None and (folder / "HEAD").is_file() and (folder / "objects").is_dir():
        raise OperatorMistake(
            f"{folder} is a bare repository, and agents read a project's own files.",
            hint=f"Clone it: git clone {folder}",
        )
    if root is None:
        raise OperatorMistake(
            f"{folder} is not inside a git repository.",
            hint="Run `git init` and commit, or give another --repo.",
        )
    return root.resolve()


def make_home(home: Path) -> None:
    """Make the state directory, which ignores itself. Raises StorageFailed."""
    ignore = home / ".gitignore"
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not ignore.exists():
            ignore.write_text("*\n")
    except OSError as trouble:
        raise StorageFailed(
            f"The state directory {home} can't be written: {trouble.strerror}.",
            hint="Make room, change its owner, or set FRESH_HOME to another directory.",
        ) from trouble
