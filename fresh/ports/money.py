"""Who answers for money, what an answer costs, and the books of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from fresh.domain.budget import Account, Bill, Hold
from fresh.domain.conversation import Reply, Request, Tier, Usage
from fresh.domain.money import ZERO, Usd


class Model(Protocol):
    """A language model behind a wire."""

    def send(self, request: Request, request_id: str) -> Reply:
        """Make exactly one HTTP attempt; nothing is retried here.

        Raises ModelRefused for a definite no, ModelUnclear when a reply may have been made and billed.
        """
        ...


class Prices(Protocol):
    """What a model costs. Both raise OperatorMistake for a model without a price."""

    def worst(self, model: str, tier: Tier, input_tokens: int, output_tokens: int) -> Usd:
        """Give the most that a request of at most so many tokens can be billed, at the dearest tier of its reply."""
        ...

    def cost(self, model: str, tier: str, usage: Usage) -> Usd | None:
        """Give the price of a reply by the tier it names; None for a tier that is not known."""
        ...


class Ledger(Protocol):
    """Every account and every reservation. Each method is one transaction, safe to repeat; all raise StorageFailed."""

    def open_account(self, account: str, cap: Usd, aside: Usd = ZERO) -> Account:
        """Open an account once; one that is open gets the new limits, but never less than was already taken."""
        ...

    def account(self, account: str) -> Account | None:
        """Read an account."""
        ...

    def agent_accounts(self, run_id: str) -> Mapping[str, Account]:
        """Read the accounts of a run's agents that ever reserved something, by agent id."""
        ...

    def reserve(self, hold: Hold) -> None:
        """Set the amount aside in all of the hold's accounts, or in none.

        Raises BudgetExhausted with the account that can't cover it.
        """
        ...

    def mark_sent(self, hold: str) -> bool:
        """Write down that the request leaves now; False when the hold was closed meanwhile. Said twice it counts once."""
        ...

    def settle(self, hold: str, bill: Bill) -> bool:
        """Charge the bill of a sent request; False when it was closed before."""
        ...

    def release(self, hold: str, why: str, *, refused: bool = False) -> bool:
        """Give everything back: nothing was sent or, if `refused`, the provider made nothing of it."""
        ...

    def forfeit(self, hold: str, why: str) -> bool:
        """Charge a sent request in full, because nobody knows what it cost."""
        ...

    def reap(self, now: datetime) -> tuple[Hold, ...]:
        """Close what dead owners left open, and return it as it stood before: what was sent is charged in full."""
        ...

    def holds(self, account: str) -> tuple[Hold, ...]:
        """List the reservations that an account was part of, oldest first."""
        ...
