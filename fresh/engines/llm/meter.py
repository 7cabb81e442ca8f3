"""The one way to a model: the most that a request can cost is set aside and committed before its first byte leaves.

Every HTTP attempt is a reservation of its own. A retry that is not refused may have been worked on, and billed.
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from fresh.domain.agent import Ticket
from fresh.domain.bound import input_bound
from fresh.domain.budget import Bill, Hold, Purpose, day_account
from fresh.domain.conversation import Anchor, Reply, Request, Tier
from fresh.domain.host import Host
from fresh.domain.money import Usd
from fresh.errors import FreshError, Halted, Lacking, ModelRefused, ModelUnclear, StorageFailed
from fresh.ports import Clock, Ledger, Model, Prices

Answer = TypeVar("Answer")

MOST_REFUSALS = 8
"""Tries that the provider refuses for now; they cost nothing but time."""
MOST_REFUSALS_OF_FLEX = 20
"""The same on the cheap tier, which is full at times; at a minute each they take a part of a night."""
FLEX_TRIES = 3
"""Refusals after which the standard tier is asked, where the operator allows that."""
FLEX_REST = timedelta(minutes=15)
MOST_UNCLEAR = 3
"""Tries without a readable reply; each of them is charged in full."""
MOST_STORAGE_TRIES = 6
LONGEST_WAIT = 60.0
GRACE = timedelta(seconds=60)
"""How long after its own time limit a request of a host that can't be seen counts as alive."""


@dataclass
class Meter:
    """Ask a model, and know of every dollar before it can be spent.

    `permit` holds one of the machine's places for a model call; `halted` says why an agent should stop now, if it
    should; `day_budget` limits all runs of this journal together, for each day in UTC; `flex_fallback` lets requests of
    the flex tier go at the standard one while that has no room: what is reserved covers both. Ids begin with the time, so
    that new rows stand beside each other on disk.
    """

    model: Model
    ledger: Ledger
    prices: Prices
    clock: Clock
    host: Host
    permit: Callable[[], AbstractContextManager[None]]
    halted: Callable[[Ticket], str | None] = lambda ticket: None
    day_budget: Usd | None = None
    flex_fallback: bool = False
    make_id: Callable[[], str] = lambda: f"{time.time_ns():016x}{secrets.token_hex(8)}"
    _days: set[str] = field(default_factory=set)
    _flex_rests_until: datetime | None = None
    _opening: threading.Lock = field(default_factory=threading.Lock)

    def ask(
        self,
        ticket: Ticket,
        request: Request,
        *,
        anchor: Anchor | None = None,
        purpose: Purpose = Purpose.WORK,
    ) -> Reply:
        """Send a request until there is a reply.

        Raises BudgetExhausted when an account can't cover it (nothing was sent), ModelRefused or ModelUnclear when it
        is of no use to try on, Halted when the agent is asked to stop.
        """
        refusals = unclear = 0
        while True:
            self._demand_going(ticket)
            try:
                return self._attempt(ticket, self._at_its_tier(request), anchor, purpose)
            except ModelRefused as no:
                refusals += 1
                if self._leaves_flex(no, refusals):
                    continue
                most = MOST_REFUSALS_OF_FLEX if no.lacks is Lacking.FLEX else MOST_REFUSALS
                if not no.retryable or refusals >= most:
                    raise
                self._wait(ticket, no.wait, refusals)
            except ModelUnclear as lost:
                unclear += 1
                if not lost.retryable or unclear >= MOST_UNCLEAR:
                    raise
                self._wait(ticket, lost.wait, unclear)

    def _at_its_tier(self, request: Request) -> Request:
        if request.tier is not Tier.FLEX or self._flex_rests_until is None:
            return request
        if self.clock.now() >= self._flex_rests_until:
            return request
        return request.model_copy(update={"tier": Tier.DEFAULT})

    def _leaves_flex(self, no: ModelRefused, refusals: int) -> bool:
        """Let the flex tier rest: for good where it does not exist, for a while where it is full and that is allowed."""
        if no.lacks is not Lacking.FLEX:
            return False
        if no.retryable and (not self.flex_fallback or refusals < FLEX_TRIES):
            return False
        now = self.clock.now()
        self._flex_rests_until = now + (FLEX_REST if no.retryable else timedelta(days=365))
        return True

    def _attempt(self, ticket: Ticket, request: Request, anchor: Anchor | None, purpose: Purpose) -> Reply:
        # The place is taken first: money that waits for one would be missing elsewhere meanwhile.
        with self.permit():
            hold = self._reserve(ticket, request, anchor, purpose)
            if not self._surely(lambda: self.ledger.mark_sent(hold.id)):
                raise ModelRefused(
                    f"The reservation {hold.id} was closed before its request was sent.", retryable=True
                )
            try:
                reply = self.model.send(request, hold.id)
            except ModelRefused as no:
                reason = no.message
                self._surely(lambda: self.ledger.release(hold.id, reason, refused=True))
                raise
            except BaseException as trouble:
                reason = getattr(trouble, "message", type(trouble).__name__)
                self._surely(lambda: self.ledger.forfeit(hold.id, reason))
                raise
            self._book(hold, request, reply)
            return reply

    def _reserve(self, ticket: Ticket, request: Request, anchor: Anchor | None, purpose: Purpose) -> Hold:
        now = self.clock.now()
        hold = Hold(
            id=self.make_id(),
            run_id=ticket.run_id,
            agent_id=ticket.agent_id,
            amount=self.prices.worst(
                request.model, request.tier, input_bound(request, anchor), request.max_output_tokens
            ),
            owner=self.host,
            at=now,
            expires=now + timedelta(seconds=request.seconds) + GRACE,
            model=request.model,
            day=self._day(day_account(now)),
            purpose=purpose,
        )
        try:
            self._surely(lambda: self.ledger.reserve(hold))
        except StorageFailed:
            # It may have been written although the answer was lost, and this process lives on.
            with suppress(FreshError):
                self.ledger.release(hold.id, "the journal failed while it was reserved")
            raise
        return hold

    def _day(self, account: str) -> str | None:
        if self.day_budget is None:
            return None
        with self._opening:
            if account not in self._days:
                self.ledger.open_account(account, self.day_budget)
                self._days.add(account)
        return account

    def _book(self, hold: Hold, request: Request, reply: Reply) -> None:
        """Charge by the tokens and the tier that the reply names; what can't be priced is charged in full."""
        if reply.usage is None:
            self._surely(lambda: self.ledger.forfeit(hold.id, "the reply named no usage"))
            return
        # A server that knows no tiers names none, and its one price is the standard one.
        tier = reply.tier or Tier.DEFAULT.value
        cost = self.prices.cost(request.model, tier, reply.usage)
        if cost is None:
            self._surely(
                lambda: self.ledger.forfeit(hold.id, f"the reply named the unknown tier {tier[:40]!r}")
            )
            return
        bill = Bill(cost=cost, usage=reply.usage, tier=tier)
        self._surely(lambda: self.ledger.settle(hold.id, bill))

    def _surely(self, act: Callable[[], Answer]) -> Answer:
        """Write to the ledger, again where its store is busy or away for a moment; it counts what is said twice once."""
        for _ in range(MOST_STORAGE_TRIES - 1):
            try:
                return act()
            except StorageFailed as busy:
                if not busy.retryable:
                    raise
            self.clock.sleep(1.0)
        return act()

    def _wait(self, ticket: Ticket, asked: float | None, turn: int) -> None:
        """Wait as long as the provider asks, else twice as long each time; agents don't all come back at once."""
        seconds = min(
            LONGEST_WAIT, asked if asked is not None else 2.0 ** (turn - 1) * random.uniform(0.5, 1)
        )
        until = self.clock.now() + timedelta(seconds=seconds)
        while (left := (until - self.clock.now()).total_seconds()) > 0:
            self._demand_going(ticket)
            self.clock.sleep(min(1.0, left))

    def _demand_going(self, ticket: Ticket) -> None:
        if (why := self.halted(ticket)) is not None:
            raise Halted(f"Agent {ticket.agent_id} asks the model no more, because {why}.")
