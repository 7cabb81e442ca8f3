"""The outbox: what should be shown, newest state only, the urgent first, within Slack's limits.

It holds nothing that must not be lost: the journal says what is decided and what each message shows, and the watcher
puts the difference in here again.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import Callable, Container
from dataclasses import dataclass, field

from bot.delivery import Barred, Delivery, Later, Wanted
from bot.served import Served
from fresh.domain.cards import CardState
from fresh.errors import FreshError

log = logging.getLogger("fresh.bot")

POST_PACE = 1.05
"""Seconds between two posts: Slack takes one message a second in a channel."""
EDIT_PACE = 1.25
"""Seconds between two edits: Slack takes about fifty a minute."""
LONGEST_REST = 30.0


@dataclass
class Item:
    """One message that waits. `number` keeps the order of arrival, `rests_until` how long it is left alone."""

    wanted: Wanted
    number: int
    rests_until: float = 0.0
    failures: int = 0


@dataclass
class Lane:
    """One kind of call with a limit of its own, and what waits for it."""

    name: str
    pace: float
    items: dict[tuple[str, str], Item] = field(default_factory=dict)
    free_at: float = 0.0
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def next(self, now: float) -> Item | None:
        """Choose the most urgent item that may go now."""
        ready = [item for item in self.items.values() if item.rests_until <= now]
        return min(ready, key=lambda item: (item.wanted.urgency, item.number), default=None)

    def wait(self, now: float) -> float:
        """Say after how many seconds something may go."""
        rests = [item.rests_until for item in self.items.values()]
        return max(0.01, min(5.0, max(self.free_at, min(rests)) - now)) if rests else 5.0


class Outbox:
    """Two lanes, posts and edits, so that a slow one never holds back the other."""

    def __init__(self, delivery: Delivery, on_done: Callable[[], None] = lambda: None) -> None:
        self.delivery = delivery
        self.posts = Lane("post", POST_PACE)
        self.edits = Lane("edit", EDIT_PACE)
        self.barred: str | None = None
        self.on_done = on_done
        self._numbers = itertools.count()

    def want(self, wanted: Wanted, *, is_posted: bool) -> None:
        """Let a message show this; what was wanted of it before is forgotten."""
        lane, other = (self.edits, self.posts) if is_posted else (self.posts, self.edits)
        other.items.pop(wanted.key, None)
        standing = lane.items.get(wanted.key)
        if standing is not None:
            standing.wanted = wanted
        else:
            lane.items[wanted.key] = Item(wanted, next(self._numbers))
            lane.woken.set()

    def keep_only(self, served: Served, keys: Container[tuple[str, str]]) -> None:
        """Forget what is not wanted of a journal any more, so that nothing is said after it is over."""
        for lane in (self.posts, self.edits):
            for key, item in list(lane.items.items()):
                if item.wanted.served is served and key not in keys:
                    del lane.items[key]

    @property
    def waiting(self) -> int:
        """Count what waits."""
        return len(self.posts.items) + len(self.edits.items)

    async def run(self) -> None:
        """Deliver until cancelled."""
        await asyncio.gather(self._serve(self.posts), self._serve(self.edits))

    async def flush(self, seconds: float) -> None:
        """Wait until everything that waits is delivered, but not for long."""
        until = time.monotonic() + seconds
        while self.waiting and time.monotonic() < until:
            await asyncio.sleep(0.05)

    async def _serve(self, lane: Lane) -> None:
        while True:
            now = time.monotonic()
            item = lane.next(now) if lane.free_at <= now else None
            if item is None:
                lane.woken.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(lane.woken.wait(), lane.wait(now))
                continue
            await self._deliver(lane, item)

    async def _deliver(self, lane: Lane, item: Item) -> None:
        wanted = item.wanted
        lane.free_at = time.monotonic() + lane.pace
        try:
            await self._send(lane, wanted)
        except Later as later:
            self._rest(lane, item, later.seconds, everything=later.everything, why=later.why)
        except Barred as barred:
            self.barred = str(barred)
            self._rest(lane, item, LONGEST_REST, everything=True, why=str(barred))
        except FreshError as trouble:
            self._rest(lane, item, 1.0, everything=False, why=trouble.message)
        except Exception:
            log.exception("The message of %s %s stumbled", *wanted.key)
            self._rest(lane, item, LONGEST_REST, everything=False, why="a defect")
        else:
            # Something newer may have been wanted meanwhile: then it stays, and goes next.
            if lane.items.get(wanted.key) is item and item.wanted is wanted:
                del lane.items[wanted.key]
            item.failures = 0
            self.on_done()

    async def _send(self, lane: Lane, wanted: Wanted) -> None:
        journal = wanted.served.journal
        card = await self.delivery.desk.aside(journal.card, wanted.kind, wanted.subject)
        if card is None or card.state is CardState.CLAIMED:
            if lane is self.edits:
                return
            await self.delivery.post(wanted)
        elif (
            card.state is CardState.POSTED
            and card.shown != wanted.digest
            and card.channel == self.delivery.desk.channel
        ):
            if lane is self.posts:
                # Somebody has posted it; what it should show by now is an edit.
                self.want(wanted, is_posted=True)
                return
            await self.delivery.edit(wanted, card)

    def _rest(self, lane: Lane, item: Item, seconds: float, *, everything: bool, why: str) -> None:
        item.failures += 1
        rest = min(
            LONGEST_REST, max(seconds, 0.0) * (1.0 if everything else 1.5 ** min(item.failures - 1, 8))
        )
        now = time.monotonic()
        if everything:
            lane.free_at = now + rest
        else:
            item.rests_until = now + rest
        if item.failures in (1, 5) or item.failures % 50 == 0:
            log.warning("The message of %s %s waits %.0f s: %s", *item.wanted.key, rest, why)
