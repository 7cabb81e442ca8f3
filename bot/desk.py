"""What every listener works with, and how it gets blocking calls off the loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ParamSpec, TypeVar

from slack_sdk.web.async_client import AsyncWebClient

from bot.acquaintances import Acquaintances
from bot.buttons import Signet
from bot.messages.pen import Pen
from bot.ordering import Orders
from bot.served import Served, Shelf
from fresh.deciding import permit, say_refused
from fresh.domain.audit import Entry
from fresh.domain.host import Host
from fresh.domain.people import Act, Actor, WhyRefused, why_refuse
from fresh.errors import FreshError

log = logging.getLogger("fresh.bot")
Given = ParamSpec("Given")
Got = TypeVar("Got")

HANDS = 24
"""Threads for what people do. A journal that is locked for a second must not hold back the click after it."""


@dataclass
class Desk:
    """Everything that listeners need. `poke` tells the watcher that something has just changed."""

    client: AsyncWebClient
    shelf: Shelf
    known: Acquaintances
    signet: Signet
    pen: Pen
    channel: str
    team: str
    host: Host
    orders: Orders
    release: str = ""
    poke: Callable[[], None] = lambda: None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    hands: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(HANDS, thread_name_prefix="hand")
    )

    async def aside(self, act: Callable[Given, Got], *args: Given.args, **named: Given.kwargs) -> Got:
        """Do something that blocks, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self.hands, lambda: act(*args, **named))

    def actor(self, user: str, team: str) -> Actor:
        """Say who acts."""
        return self.known.actor(user, team, self.now())

    def may(self, served: Served, actor: Actor, act: Act) -> WhyRefused | None:
        """Say whether somebody may do something, without a trace of it."""
        return why_refuse(served.people, actor, act, self.now(), self.known.membership)

    def look_refused(self, actor: Actor, tried: str) -> str | None:
        """Say why somebody may not look at anything; None when they may. A refusal is audited. It blocks."""
        refused = [self.may(served, actor, Act.LOOK) for served in self.shelf.served]
        if any(why is None for why in refused):
            return None
        first = self.shelf.served[0]
        permit(first.journal, first.people, actor, Act.LOOK, self.now(), self.known.membership, tried=tried)
        return say_refused(refused[0] or WhyRefused.STRANGER, Act.LOOK)

    def seen_by(self, actor: Actor) -> tuple[Served, ...]:
        """List what somebody may look at."""
        return tuple(served for served in self.shelf.served if self.may(served, actor, Act.LOOK) is None)

    def note_forged(self, actor: Actor, tried: str, value: str) -> None:
        """Audit an attempt with what is none of ours. It blocks."""
        entry = Entry(
            at=self.now(),
            door=actor.door,
            actor=actor.id,
            name=actor.name,
            team=actor.team,
            tried=tried[:200],
            words=value[:200],
            outcome="refused",
            why=WhyRefused.FORGED.value,
        )
        self.shelf.served[0].journal.audit(entry)


def said(trouble: FreshError) -> str:
    """Tell a person what went wrong, and what to do."""
    return f"{trouble.message} {trouble.hint}".strip()
