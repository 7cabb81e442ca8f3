"""A ledger in memory, made of nothing but the pure rules."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from fresh.domain.budget import (
    OPEN,
    Account,
    Bill,
    Hold,
    HoldState,
    agent_account,
    close_all,
    closing,
    orphaned,
)
from fresh.domain.host import Host
from fresh.domain.money import ZERO, Usd
from fresh.domain.refusing import unaffordable


@dataclass
class FakeLedger:
    """Keep accounts and holds by id, in the order they came."""

    alive: Callable[[Host], bool | None] = lambda host: True
    accounts: dict[str, Account] = field(default_factory=dict)
    reserved: dict[str, Hold] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def open_account(self, account: str, cap: Usd, aside: Usd = ZERO) -> Account:
        with self._lock:
            standing = self.accounts.get(account, Account(account, cap))
            taken = standing.spent + standing.held
            self.accounts[account] = replace(standing, cap=max(cap, taken), aside=aside)
            return self.accounts[account]

    def account(self, account: str) -> Account | None:
        return self.accounts.get(account)

    def agent_accounts(self, run_id: str) -> Mapping[str, Account]:
        agents = {hold.agent_id for hold in self.reserved.values() if hold.run_id == run_id}
        return {agent: self.accounts[agent_account(agent)] for agent in agents}

    def reserve(self, hold: Hold) -> None:
        with self._lock:
            if hold.id in self.reserved:
                return
            after = {}
            for name in hold.accounts:
                taken = self.accounts[name].set_aside(hold.amount, hold.purpose)
                if taken is None:
                    raise unaffordable(self.accounts[name], hold)
                after[name] = taken
            self.accounts |= after
            self.reserved[hold.id] = hold

    def mark_sent(self, hold: str) -> bool:
        with self._lock:
            if self.reserved[hold].state not in OPEN:
                return False
            self.reserved[hold] = replace(self.reserved[hold], state=HoldState.SENT)
            return True

    def settle(self, hold: str, bill: Bill) -> bool:
        return self._close(hold, HoldState.SETTLED, bill.cost, bill=bill)

    def release(self, hold: str, why: str, *, refused: bool = False) -> bool:
        return self._close(hold, HoldState.RELEASED, ZERO, why=why, refused=refused)

    def forfeit(self, hold: str, why: str) -> bool:
        return self._close(hold, HoldState.FORFEITED, self.reserved[hold].amount, why=why)

    def reap(self, now: datetime) -> tuple[Hold, ...]:
        reaped = []
        for hold in list(self.reserved.values()):
            match orphaned(hold, self.alive(hold.owner), now):
                case HoldState.RELEASED:
                    done = self.release(hold.id, "its process died before it was sent")
                case HoldState.FORFEITED:
                    done = self.forfeit(hold.id, "its process died before the reply was booked")
                case _:
                    done = False
            if done:
                reaped.append(hold)
        return tuple(reaped)

    def holds(self, account: str) -> tuple[Hold, ...]:
        return tuple(hold for hold in self.reserved.values() if account in hold.accounts)

    def _close(
        self,
        name: str,
        state: HoldState,
        charge: Usd,
        *,
        bill: Bill | None = None,
        why: str | None = None,
        refused: bool = False,
    ) -> bool:
        with self._lock:
            hold = self.reserved[name]
            if not closing(hold.state, state, refused=refused):
                return False
            self.reserved[name] = replace(hold, state=state, bill=bill, why=why)
            standing = [self.accounts[account] for account in hold.accounts if account in self.accounts]
            self.accounts |= {after.id: after for after in close_all(standing, hold.amount, charge)}
            return True
