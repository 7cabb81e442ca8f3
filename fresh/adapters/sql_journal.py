"""The journal on SQLAlchemy: SQLite by default, Postgres by URL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from fresh.adapters.journal.agents import Agents
from fresh.adapters.journal.audits import Audits
from fresh.adapters.journal.cards import Cards
from fresh.adapters.journal.claims import Claims
from fresh.adapters.journal.feedback import Feedback
from fresh.adapters.journal.ledger import Ledger
from fresh.adapters.journal.questions import Questions
from fresh.adapters.journal.runs import Runs
from fresh.adapters.journal.store import Store
from fresh.adapters.journal.trail import Trail
from fresh.adapters.journal.turns import Turns
from fresh.domain.host import Host
from fresh.domain.redaction import Redactor


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SqlJournal(Runs, Claims, Agents, Questions, Audits, Cards, Trail, Ledger, Turns, Feedback):
    """Every promise of `ports.Journal`, `Ledger`, `Transcripts`, `Cards` and `Feedback`, on one database.

    `alive` says whether a host's process lives (None: can't be seen from here, its beat decides). `redact` hides our
    own secrets in whatever is written.
    """

    def __init__(
        self,
        url: str,
        alive: Callable[[Host], bool | None],
        now: Callable[[], datetime] = _utc_now,
        *,
        redact: Redactor | None = None,
    ) -> None:
        store = Store(url, redact or Redactor())
        Runs.__init__(self, store, alive, now)
        Claims.__init__(self, store, alive)
        Cards.__init__(self, store, alive)
        Ledger.__init__(self, store, alive)
        self._store = store

    def close(self) -> None:
        """Close every connection."""
        self._store.dispose()
