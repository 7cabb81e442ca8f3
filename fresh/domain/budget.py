"""Money as a wall: what is set aside before it can be spent, and what becomes of it. Pure rules; integers only.

    held --send--> sent --settle--> settled     the bill is known
     |              |---refuse---> released     the provider said a definite no; nothing was made
     `--release--> released                     nothing was sent
                    `--forfeit--> forfeited     the outcome is unknown: charged in full

Every account keeps `spent + held <= cap`. What is set aside is the most that a request can be billed, and it is
committed before the first byte leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from fresh.domain.conversation import Usage
from fresh.domain.host import Host
from fresh.domain.money import ZERO, Usd


class HoldState(StrEnum):
    """Where the money of one request stands."""

    HELD = "held"
    SENT = "sent"
    SETTLED = "settled"
    RELEASED = "released"
    FORFEITED = "forfeited"


OPEN = frozenset({HoldState.HELD, HoldState.SENT})


DAY, RUN, AGENT = "day:", "run:", "agent:"


def run_account(run_id: str) -> str:
    """Name the account of a run."""
    return RUN + run_id


def agent_account(agent_id: str) -> str:
    """Name the account of an agent."""
    return AGENT + agent_id


def day_account(now: datetime) -> str:
    """Name the account of a day, by the calendar of UTC."""
    return f"{DAY}{now.astimezone(UTC):%Y-%m-%d}"


def overrun(amount: Usd, charge: Usd) -> str:
    """Say why an account is frozen."""
    return f"a reply was billed {charge.exact}, more than the {amount.exact} set aside for it"


class Purpose(StrEnum):
    """What a request is for: only a wrap-up may use the share of a cap that is kept aside."""

    WORK = "work"
    WRAP_UP = "wrap_up"


@dataclass(frozen=True)
class Account:
    """A limit and what was taken of it. `aside` is the part of the cap that only a wrap-up may use.

    `shortfall` is what was billed beyond the cap, which only a wrong price or bound can cause; the account is frozen
    from then on, and `frozen` says why.
    """

    id: str
    cap: Usd
    spent: Usd = ZERO
    held: Usd = ZERO
    aside: Usd = ZERO
    shortfall: Usd = ZERO
    frozen: str | None = None

    def __post_init__(self) -> None:
        if min(self.spent.micros, self.held.micros, self.aside.micros) < 0:
            raise ValueError(f"account {self.id} went below zero")
        if self.spent + self.held > self.cap:
            raise ValueError(f"account {self.id} went over its cap of {self.cap}")

    def free(self, purpose: Purpose) -> Usd:
        """Say what may still be set aside."""
        left = self.cap - self.spent - self.held
        if purpose is Purpose.WORK:
            left = left - self.aside
        return ZERO if self.frozen else max(left, ZERO)

    def set_aside(self, amount: Usd, purpose: Purpose) -> Account | None:
        """Hold an amount; None when that would cross the limit."""
        return replace(self, held=self.held + amount) if amount <= self.free(purpose) else None

    def close(self, amount: Usd, charge: Usd, booked: Usd | None = None) -> Account:
        """Replace what was held by what is charged.

        A charge above the hold was never agreed to: `booked` of it, or as much as the cap allows, is spent, the rest is
        a shortfall, and the account is frozen.
        """
        held = self.held - amount
        if charge <= amount:
            return replace(self, held=held, spent=self.spent + charge)
        booked = self.room(amount, charge) if booked is None else booked
        return replace(
            self,
            held=held,
            spent=self.spent + booked,
            shortfall=self.shortfall + (charge - booked),
            frozen=self.frozen or overrun(amount, charge),
        )

    def room(self, amount: Usd, charge: Usd) -> Usd:
        """Say how much of a charge fits under the cap in place of what was held for it."""
        return min(charge, self.cap - self.spent - (self.held - amount))


def close_all(accounts: Sequence[Account], amount: Usd, charge: Usd) -> tuple[Account, ...]:
    """Close a hold in all of its accounts.

    What is booked of a charge above the hold is the same in each, as much as the fullest of them has room for: so a
    run is always the sum of its agents, and a day that of its runs, in what is spent as well as in what is short.
    """
    booked = min(account.room(amount, charge) for account in accounts)
    return tuple(account.close(amount, charge, booked) for account in accounts)


@dataclass(frozen=True)
class Bill:
    """What a reply cost, and its tokens."""

    cost: Usd
    usage: Usage
    tier: str


@dataclass(frozen=True)
class Hold:
    """Money set aside for one HTTP attempt; its id is also sent to the provider as the request's id.

    `day` is the account of a day, if days are limited. After `expires` an owner that can't be seen from here counts as
    dead: it is when the request itself must have ended.
    """

    id: str
    run_id: str
    agent_id: str
    amount: Usd
    owner: Host
    at: datetime
    expires: datetime
    model: str
    day: str | None = None
    purpose: Purpose = Purpose.WORK
    state: HoldState = HoldState.HELD
    bill: Bill | None = None
    why: str | None = None

    def __post_init__(self) -> None:
        if self.amount < ZERO:
            raise ValueError(f"hold {self.id} is below zero")

    @property
    def accounts(self) -> tuple[str, ...]:
        """What is charged, from the widest to the narrowest: the fixed order keeps two reservations from a deadlock."""
        return (*filter(None, [self.day]), run_account(self.run_id), agent_account(self.agent_id))

    @property
    def charge(self) -> Usd:
        """What this request costs as far as is known; what is open counts in full."""
        match self.state:
            case HoldState.RELEASED:
                return ZERO
            case HoldState.SETTLED if self.bill is not None:
                return self.bill.cost
            case _:
                return self.amount


def closing(state: HoldState, wanted: HoldState, *, refused: bool = False) -> bool:
    """Say whether a hold in `state` may be closed as `wanted`. Closed holds stay as they are."""
    match wanted:
        case HoldState.SETTLED | HoldState.FORFEITED:
            return state is HoldState.SENT
        case HoldState.RELEASED:
            return state is HoldState.HELD or (refused and state is HoldState.SENT)
        case _:
            return False


def orphaned(hold: Hold, alive: bool | None, now: datetime) -> HoldState | None:
    """Say what becomes of a hold whose owner is gone; None while it may still live (`alive` None: can't be seen)."""
    if hold.state not in OPEN or alive or (alive is None and now < hold.expires):
        return None
    return HoldState.RELEASED if hold.state is HoldState.HELD else HoldState.FORFEITED


def fundable_seats(free: Usd, live: Sequence[Usd], needed: Usd, most: int) -> int:
    """Count the agents that may be live at once: no more than the free money can take to their end.

    `live` holds what each living agent may still take of its cap; `needed` is what a further one needs.
    """
    left = free
    for share in live:
        left = left - share
    if needed <= ZERO:
        return most
    return min(most, len(live) + max(0, left.micros // needed.micros))
