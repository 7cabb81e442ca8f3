"""What keeps agents from starting although there are seats: people have enough to review."""

from __future__ import annotations

from dataclasses import dataclass

from fresh.domain.publication import review_key
from fresh.domain.record import RunRecord
from fresh.domain.stopping import WhyStopped
from fresh.errors import ForgeRefused, ForgeUnclear
from fresh.wiring import Toolbox
from tasks.durable import narrate


@dataclass
class Reviewers:
    """Say how many further agents may start, so that no more than `--max-open` pull requests ever wait.

    `why` says why none may, after the last time that somebody asked.
    """

    tools: Toolbox
    record: RunRecord
    why: WhyStopped | None = None

    def seats(self, wanted: int, live: int) -> int:
        """Allow at most the wanted seats; each of the `live` agents may open one more pull request itself."""
        most = self.record.order.max_open
        try:
            waiting = self.tools.forge.waiting()
        except (ForgeRefused, ForgeUnclear) as trouble:
            self._tell(f"No further agent starts: open pull requests can't be counted. {trouble.message}")
            self.why = WhyStopped.UNCOUNTED
            return 0
        if waiting is None:
            self.why = None
            return wanted
        allowed = min(wanted, max(0, most - waiting - live))
        self.why = WhyStopped.REVIEW if waiting >= most else None
        if self.why is not None:
            self._tell(
                f"No further agent starts: {waiting} pull requests of agents wait for review, "
                f"and --max-open is {most}."
            )
        return allowed

    def _tell(self, text: str) -> None:
        """Say it once, in the log, in the status and in the report."""
        if self.tools.journal.remember(review_key(self.record.id), text) != text:
            return
        if all(event.text != text for event in self.tools.journal.events(self.record.id)):
            narrate(self.tools, self.record.id, text)
