"""Messages, leases and deliveries, kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fresh.domain.cards import Card, CardKind, CardState, Claimed, Lease
from fresh.domain.host import Host

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class FakeCards:
    """`alive` says whether a process lives; None means that its beat decides."""

    alive: Callable[[Host], bool | None]
    kept: dict[tuple[CardKind, str], Card] = field(default_factory=dict)
    leases: dict[str, Lease] = field(default_factory=dict)
    deliveries: dict[str, datetime] = field(default_factory=dict)

    def claim_card(self, card: Card, *, stale_after: float) -> Claimed:
        """Claim a message."""
        standing = self.kept.setdefault((card.kind, card.subject), card)
        if standing is card:
            return Claimed(card=card, mine=True, again=False)
        waited = (card.claimed_at - standing.claimed_at).total_seconds()
        if standing.state is not CardState.CLAIMED or waited < stale_after:
            return Claimed(card=standing, mine=False, again=False)
        taken = {"owner": card.owner, "claimed_at": card.claimed_at, "claims": standing.claims + 1}
        self._change(card.kind, card.subject, True, taken)
        return Claimed(card=self.kept[card.kind, card.subject], mine=True, again=True)

    def card(self, kind: CardKind, subject: str) -> Card | None:
        """Read a message."""
        return self.kept.get((kind, subject))

    def cards(self, run_id: str | None = None, kind: CardKind | None = None) -> tuple[Card, ...]:
        """List messages, oldest first."""
        found = sorted(self.kept.values(), key=lambda card: (card.claimed_at, card.subject))
        return tuple(card for card in found if run_id in (None, card.run_id) and kind in (None, card.kind))

    def note_posted(
        self, kind: CardKind, subject: str, *, team: str, channel: str, ts: str, permalink: str | None
    ) -> bool:
        """Remember where a message is."""
        card = self.card(kind, subject)
        values = {"team": team, "channel": channel, "ts": ts, "permalink": permalink}
        is_claimed = card is not None and card.state is CardState.CLAIMED
        return self._change(kind, subject, is_claimed, {**values, "state": CardState.POSTED})

    def note_shown(self, kind: CardKind, subject: str, *, version: int, shown: str) -> bool:
        """Remember what a message shows."""
        card = self.card(kind, subject)
        is_newer = card is not None and card.version < version
        return self._change(kind, subject, is_newer, {"version": version, "shown": shown})

    def note_gone(self, kind: CardKind, subject: str, ts: str, at: datetime, *, repost: bool) -> bool:
        """Remember that a message was deleted."""
        card = self.card(kind, subject)
        values: Mapping[str, object] = {
            "state": CardState.CLAIMED if repost else CardState.GONE,
            "ts": None,
            "permalink": None,
            "claimed_at": EPOCH if repost else at,
            "version": 0,
            "shown": "",
        }
        return self._change(kind, subject, card is not None and card.ts == ts, values)

    def take_lease(self, name: str, owner: Host, release: str, at: datetime) -> Lease | None:
        """Take or renew a lease."""
        standing = self.leases.get(name)
        if standing is not None and standing.owner != owner:
            alive = self.alive(standing.owner)
            if alive or (alive is None and (at - standing.beat).total_seconds() < 15):
                return standing
        self.leases[name] = Lease(name=name, owner=owner, release=release, beat=at)
        return None

    def lease(self, name: str) -> Lease | None:
        """Read a lease."""
        return self.leases.get(name)

    def yield_lease(self, name: str, owner: Host) -> None:
        """Give a lease back."""
        if (standing := self.leases.get(name)) is not None and standing.owner == owner:
            del self.leases[name]

    def first_delivery(self, key: str, at: datetime) -> bool:
        """Say whether this is seen for the first time."""
        for old in [old for old, when in self.deliveries.items() if (at - when).total_seconds() > 7200]:
            del self.deliveries[old]
        return self.deliveries.setdefault(key, at) is at

    def _change(self, kind: CardKind, subject: str, is_right: bool, values: Mapping[str, object]) -> bool:
        if is_right:
            self.kept[kind, subject] = self.kept[kind, subject].model_copy(update=values)
        return is_right
