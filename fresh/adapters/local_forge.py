"""A forge for a repository without GitHub: the same page as a file, and the branch in the repository."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from fresh.domain.agent import AgentReport, Ticket
from fresh.domain.identity import slug
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

    def publish(self, ticket: Ticket, report: AgentReport, title: str, page: str) -> Publication:
        """Write the page of an agent's branch once and give its path; a page that is there is left as it is.

        Raises StorageFailed.
        """
        place = self._pages / f"{slug(ticket.agent_id)}-{slug(ticket.feature.name)}.md"
        heading = " ".join(title.split())
        text = f"# {heading}\n\nBranch `{ticket.branch}` at `{report.commit}`.\n\n{page.strip()}\n"
        try:
            self._pages.mkdir(parents=True, exist_ok=True)
            _write_once(place, text.encode("utf-8", "replace"))
        except OSError as failed:
            raise StorageFailed(f"The pull request {place} can't be written: {failed}.") from failed
        return Publication(address=os.fspath(place))


def _write_once(place: Path, content: bytes) -> None:
    """Write a whole file or none; two writers at once, or one after a death, make one page."""
    folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if place.exists():
            return
        spare = place.with_name(f".{place.name}.unfinished")
        with spare.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        spare.rename(place)
        os.fsync(folder)
    finally:
        os.close(folder)
