"""The watcher: every second it compares the journals with the messages, and has the difference delivered.

Every step of it may be done twice. Only the process that holds a journal's lease posts and edits from it; any other
one takes clicks all the same, and takes the lease over when its owner dies.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time

from bot.desk import Desk
from bot.looking import look
from bot.outbox import Outbox
from bot.served import Served
from fresh.deciding import expire_due
from fresh.domain.cards import CardKind, CardState
from fresh.errors import FreshError

log = logging.getLogger("fresh.bot")

EVERY = 1.0
FULL_EVERY = 60.0
SOON = 0.25
"""Seconds between two looks while somebody waits to see that an agent has gone on."""
SOON_FOR = 20.0
LEASE = "slack:{team}:{channel}"


class Watcher:
    """The loop, and what it remembers: what is finished for good, and when somebody last did something."""

    def __init__(self, desk: Desk, outbox: Outbox, mention: str | None) -> None:
        self._desk = desk
        self._outbox = outbox
        self._mention = mention
        self._finished: dict[str, set[str]] = {}
        self._poked = asyncio.Event()
        self._poked_at = 0.0
        self._full_at = 0.0
        self._reading: asyncio.Task[None] | None = None
        self.looked_at = 0.0
        self.owns: set[str] = set()
        desk.poke = self.poke

    def poke(self) -> None:
        """Look at once: something has just changed."""
        self._poked_at = time.monotonic()
        self._poked.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            self._poked.clear()
            undelivered = await self._look_at_all()
            hurry = undelivered and time.monotonic() - self._poked_at < SOON_FOR
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._poked.wait(), SOON if hurry else EVERY)

    async def _look_at_all(self) -> bool:
        now = time.monotonic()
        if now - self._full_at >= FULL_EVERY:
            self._full_at = now
            self._finished.clear()
        undelivered = False
        whole = True
        for served in self._desk.shelf.served:
            try:
                undelivered = await self._look_at(served) or undelivered
            except FreshError as trouble:
                whole = False
                log.warning("%s can't be watched: %s", served.name, trouble.message)
            except Exception:
                whole = False
                log.exception("The watch over %s stumbled and goes on", served.name)
        if whole:
            self.looked_at = time.monotonic()
        self._read_people()
        return undelivered

    def _read_people(self) -> None:
        """Read groups and faces beside the loop: a Slack that is away must not hold the clock back."""
        if self._desk.known.is_due(self._desk.now()) and (self._reading is None or self._reading.done()):
            people = [served.people for served in self._desk.shelf.served]
            self._reading = asyncio.create_task(self._desk.known.read(people))

    async def _look_at(self, served: Served) -> bool:
        desk = self._desk
        await desk.aside(expire_due, served.journal, served.people, desk.now())
        if not await self._hold(served):
            self._outbox.keep_only(served, ())
            return False
        finished = self._finished.setdefault(served.name, set())
        seen = await desk.aside(look, desk, served, self._mention, finished)
        for wanted in seen.wanted:
            card = await desk.aside(served.journal.card, wanted.kind, wanted.subject)
            is_posted = card is not None and card.state is CardState.POSTED
            if is_posted and wanted.kind in (CardKind.LINE, CardKind.ALERT):
                continue
            self._outbox.want(wanted, is_posted=is_posted)
        self._outbox.keep_only(served, {wanted.key for wanted in seen.wanted})
        return seen.undelivered

    async def _hold(self, served: Served) -> bool:
        """Take or renew the lease of a journal; False while another living process has it."""
        desk = self._desk
        name = LEASE.format(team=desk.team, channel=desk.channel)
        other = await desk.aside(served.journal.take_lease, name, desk.host, desk.release, desk.now())
        if other is None:
            if served.name not in self.owns:
                log.info("Messages of %s are ours to post.", served.name)
                self.owns.add(served.name)
            return True
        if served.name in self.owns or not self._finished:
            log.info("Messages of %s are posted by %s.", served.name, other.owner.name)
        self.owns.discard(served.name)
        # What was claimed and not posted is the other's to post by now.
        self._outbox.delivery.held.clear()
        return False

    async def let_go(self) -> None:
        """Give every lease back, so that the next process need not wait."""
        name = LEASE.format(team=self._desk.team, channel=self._desk.channel)
        for served in self._desk.shelf.served:
            try:
                await self._desk.aside(served.journal.yield_lease, name, self._desk.host)
            except FreshError as trouble:
                log.warning("The lease of %s was not given back: %s", served.name, trouble.message)
