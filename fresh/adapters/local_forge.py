"""A forge for a repository without GitHub: the same page as a file, and the branch in the repository."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fresh.domain.agent import AgentReport, Ticket
from fresh.domain.identity import slug
from fresh.domain.marker import with_section
from fresh.domain.publication import Publication
from fresh.errors import StorageFailed


class LocalForge:
    """Write pull requests as Markdown below `state`/pull_requests."""

    def __init__(self, state: Path) -> None:
        self._pages = state.absolute() / "pull_requests"

    def ready(self, base: str) -> tuple[str, ...]:
        """Say nothing: a page can always be written."""
        return ()

    def waiting(self) -> int | None:
        """Count nothing: nobody closes a page."""
        return None

    def newest(self, base: str) -> str | None:
        """Leave the base to the operator's repository."""
        return None

    def standing(self) -> Mapping[str, str]:
        """List nothing: open branches are in the operator's repository."""
        return {}

    def publish(self, ticket: Ticket, report: AgentReport, title: str, page: str) -> Publication:
        """Write the page of an agent's branch once and give its path; a page that is there is left as it is.

        Raises StorageFailed.
        """
        place = self._place(ticket)
        heading = " ".join(title.split())
        text = f"# {heading}\n\nBranch `{ticket.branch}` at `{report.commit}`.\n\n{page.strip()}\n"
        try:
            self._pages.mkdir(parents=True, exist_ok=True)
            _write_once(place, text.encode("utf-8", "replace"))
        except OSError as failed:
            raise StorageFailed(f"The pull request {place} can't be written: {failed}.") from failed
        return Publication(address=os.fspath(place))

    def amend(self, ticket: Ticket, section: str) -> str | None:
        """Put a section below an agent's page, in place of the one there; None where there is no page.

        Raises StorageFailed.
        """
        place = self._place(ticket)
        try:
            return _rewrite(place, lambda text: with_section(text, section))
        except OSError as failed:
            raise StorageFailed(f"The pull request {place} can't be written: {failed}.") from failed

    def _place(self, ticket: Ticket) -> Path:
        return self._pages / f"{slug(ticket.agent_id)}-{slug(ticket.feature.name)}.md"


def _write_once(place: Path, content: bytes) -> None:
    """Write a whole file or none; two writers at once, or one after a death, make one page."""
    with _alone(place.parent) as folder:
        if not place.exists():
            _replace(place, content, folder)


def _rewrite(place: Path, change: Callable[[str], str]) -> str | None:
    """Change a file as a whole; None where there is none."""
    if not place.parent.exists():
        return None
    with _alone(place.parent) as folder:
        if not place.exists():
            return None
        before = place.read_bytes().decode("utf-8", "replace")
        after = change(before)
        if after != before:
            _replace(place, after.encode("utf-8", "replace"), folder)
        return after


@contextmanager
def _alone(where: Path) -> Iterator[int]:
    """Keep every other writer out of a folder; give its descriptor."""
    folder = os.open(where, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield folder
    finally:
        os.close(folder)


def _replace(place: Path, content: bytes, folder: int) -> None:
    spare = place.with_name(f".{place.name}.unfinished")
    with spare.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    spare.rename(place)
    os.fsync(folder)
