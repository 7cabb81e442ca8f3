"""Messages that show questions and runs, leases, and what was delivered already."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Row

from fresh.adapters.journal import card_schema
from fresh.adapters.journal.cells import moment, seconds
from fresh.adapters.journal.status import is_living
from fresh.adapters.journal.store import Store, Writable
from fresh.domain.cards import Card, CardKind, CardState, Claimed, Lease
from fresh.domain.host import Host

DELIVERIES_KEPT = timedelta(hours=2)


class Cards:
    """What the journal holds of messages."""

    def __init__(self, store: Store, alive: Callable[[Host], bool | None]) -> None:
        self._store = store
        self._alive = alive

    def claim_card(self, card: Card, *, stale_after: float) -> Claimed:
        """Claim a message to post it; a claim that led to no message is taken over after so many seconds."""
        table = card_schema.card
        key = (table.c.kind == card.kind.value, table.c.subject == card.subject)
        with self._store.writing() as connection:
            if self._store.insert_once(connection, table, **_values(card)):
                return Claimed(card=card, mine=True, again=False)
            row = connection.execute(table.select().where(*key).with_for_update()).one()
            standing = _card(row)
            waited = (card.claimed_at - standing.claimed_at).total_seconds()
            if standing.state is not CardState.CLAIMED or waited < stale_after:
                return Claimed(card=standing, mine=False, again=False)
            taken = standing.model_copy(
                update={
                    "owner": card.owner,
                    "claimed_at": card.claimed_at,
                    "claims": standing.claims + 1,
                }
            )
            connection.execute(table.update().where(*key).values(**_values(taken)))
            return Claimed(card=taken, mine=True, again=True)

    def card(self, kind: CardKind, subject: str) -> Card | None:
        """Read a message."""
        table = card_schema.card
        with self._store.reading() as connection:
            row = connection.execute(
                table.select().where(table.c.kind == kind.value, table.c.subject == subject)
            ).first()
        return None if row is None else _card(row)

    def cards(self, run_id: str | None = None, kind: CardKind | None = None) -> tuple[Card, ...]:
        """List messages, oldest first."""
        table = card_schema.card
        wanted = table.select().order_by(table.c.claimed_at, table.c.subject)
        if run_id is not None:
            wanted = wanted.where(table.c.run_id == run_id)
        if kind is not None:
            wanted = wanted.where(table.c.kind == kind.value)
        with self._store.reading() as connection:
            return tuple(_card(row) for row in connection.execute(wanted))

    def note_posted(
        self, kind: CardKind, subject: str, *, team: str, channel: str, ts: str, permalink: str | None
    ) -> bool:
        """Write down where a claimed message is; False when it has an address already."""
        values = {"team": team, "channel": channel, "ts": ts, "permalink": permalink}
        table = card_schema.card
        return self._change(
            kind,
            subject,
            table.c.state == CardState.CLAIMED.value,
            {**values, "state": CardState.POSTED.value},
        )

    def note_shown(self, kind: CardKind, subject: str, *, version: int, shown: str) -> bool:
        """Write down what a message shows now; False when it shows something as new or newer already."""
        newer = card_schema.card.c.version < version
        return self._change(kind, subject, newer, {"version": version, "shown": shown})

    def note_gone(self, kind: CardKind, subject: str, ts: str, at: datetime, *, repost: bool) -> bool:
        """Write down that a message was deleted: it is claimed once more to be posted, or gone for good."""
        table = card_schema.card
        state = CardState.CLAIMED if repost else CardState.GONE
        # A claim of long ago: whoever comes first may take it over at once.
        values: dict[str, Writable] = {"state": state.value, "ts": None, "permalink": None}
        return self._change(
            kind,
            subject,
            table.c.ts == ts,
            {**values, "claimed_at": 0.0 if repost else seconds(at), "version": 0, "shown": ""},
        )

    def take_lease(self, name: str, owner: Host, release: str, at: datetime) -> Lease | None:
        """Take or renew what only one process may own; the lease of another one that lives is returned instead."""
        table = card_schema.lease
        taken: dict[str, Writable] = {"owner": owner.name, "release_id": release, "beat": seconds(at)}
        with self._store.writing() as connection:
            if self._store.insert_once(connection, table, name=name, **taken):
                return None
            row = connection.execute(table.select().where(table.c.name == name).with_for_update()).one()
            if row.owner != owner.name and is_living(
                row.beat, seconds(at), self._alive(Host.parse(row.owner))
            ):
                return _lease(row)
            connection.execute(table.update().where(table.c.name == name).values(**taken))
        return None

    def lease(self, name: str) -> Lease | None:
        """Read who owns something, whether they live or not."""
        table = card_schema.lease
        with self._store.reading() as connection:
            row = connection.execute(table.select().where(table.c.name == name)).first()
        return None if row is None else _lease(row)

    def yield_lease(self, name: str, owner: Host) -> None:
        """Give a lease back, if this owner holds it."""
        table = card_schema.lease
        with self._store.writing() as connection:
            connection.execute(table.delete().where(table.c.name == name, table.c.owner == owner.name))

    def first_delivery(self, key: str, at: datetime) -> bool:
        """Say whether this is seen for the first time; what is older than two hours is forgotten."""
        table = card_schema.delivery
        with self._store.writing() as connection:
            connection.execute(table.delete().where(table.c.at < seconds(at - DELIVERIES_KEPT)))
            return self._store.insert_once(connection, table, key=key, at=seconds(at))

    def _change(self, kind: CardKind, subject: str, only_if: object, values: dict[str, Writable]) -> bool:
        table = card_schema.card
        with self._store.writing() as connection:
            changed = connection.execute(
                table.update()
                .where(table.c.kind == kind.value, table.c.subject == subject, only_if)  # type: ignore[arg-type]
                .values(**values)
            )
            return changed.rowcount == 1


def _values(card: Card) -> dict[str, Writable]:
    return {
        "kind": card.kind.value,
        "subject": card.subject,
        "run_id": card.run_id,
        "team": card.team,
        "channel": card.channel,
        "ts": card.ts,
        "permalink": card.permalink,
        "state": card.state.value,
        "version": card.version,
        "shown": card.shown,
        "owner": card.owner,
        "claims": card.claims,
        "claimed_at": seconds(card.claimed_at),
    }


def _card(row: Row[tuple[object, ...]]) -> Card:
    return Card(
        kind=CardKind(row.kind),
        subject=row.subject,
        run_id=row.run_id,
        team=row.team,
        channel=row.channel,
        ts=row.ts,
        permalink=row.permalink,
        state=CardState(row.state),
        version=row.version,
        shown=row.shown,
        owner=row.owner,
        claims=row.claims,
        claimed_at=moment(row.claimed_at),
    )


def _lease(row: Row[tuple[object, ...]]) -> Lease:
    return Lease(name=row.name, owner=Host.parse(row.owner), release=row.release_id, beat=moment(row.beat))
