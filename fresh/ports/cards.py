"""What is shown of a run elsewhere, and by whom."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from fresh.domain.cards import Card, CardKind, Claimed, Lease
from fresh.domain.host import Host


class Cards(Protocol):
    """Messages that show questions and runs; every method is one transaction and raises StorageFailed."""

    def claim_card(self, card: Card, *, stale_after: float) -> Claimed:
        """Claim a message before it is posted; a claim that led to none is taken over after so many seconds."""
        ...

    def card(self, kind: CardKind, subject: str) -> Card | None:
        """Read a message."""
        ...

    def cards(self, run_id: str | None = None, kind: CardKind | None = None) -> tuple[Card, ...]:
        """List messages, oldest first."""
        ...

    def note_posted(
        self, kind: CardKind, subject: str, *, team: str, channel: str, ts: str, permalink: str | None
    ) -> bool:
        """Write down where a claimed message is; False when it has an address already."""
        ...

    def note_shown(self, kind: CardKind, subject: str, *, version: int, shown: str) -> bool:
        """Write down what a message shows now; False when it shows something as new or newer already."""
        ...

    def note_gone(self, kind: CardKind, subject: str, ts: str, at: datetime, *, repost: bool) -> bool:
        """Write down that a message was deleted; with `repost` it may be claimed again."""
        ...

    def take_lease(self, name: str, owner: Host, release: str, at: datetime) -> Lease | None:
        """Take or renew what only one process may own; the lease of another one that lives is returned instead."""
        ...

    def lease(self, name: str) -> Lease | None:
        """Read who owns something, whether they live or not."""
        ...

    def yield_lease(self, name: str, owner: Host) -> None:
        """Give a lease back, if this owner holds it."""
        ...

    def first_delivery(self, key: str, at: datetime) -> bool:
        """Say whether this is seen for the first time within two hours."""
        ...
