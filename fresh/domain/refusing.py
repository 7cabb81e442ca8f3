"""The sentence on why a request is not sent: the arithmetic, and the ways out."""

from __future__ import annotations

from fresh.domain.budget import AGENT, DAY, Account, Hold, Purpose
from fresh.domain.money import Usd
from fresh.errors import BudgetExhausted

_WAYS_OUT = "set FRESH_MAX_OUTPUT_TOKENS lower, choose a cheaper --model, or raise "


def unaffordable(account: Account, hold: Hold) -> BudgetExhausted:
    """Say which account can't cover a reservation, and why."""
    aside = f", {account.aside.exact} kept for the wrap-up" if hold.purpose is Purpose.WORK else ""
    if account.frozen:
        text = f"{_whose(account)} is frozen: {account.frozen}."
        hint = "Check the model's price (FRESH_PRICE_INPUT, FRESH_PRICE_OUTPUT) before the next run."
    else:
        text = (
            f"A request to {hold.model} can cost up to {hold.amount.exact}, and {_whose(account)} has"
            f" {account.free(hold.purpose).exact} left of {account.cap.exact}"
            f" ({account.spent.exact} spent, {account.held.exact} held{aside})."
        )
        hint = f"To go further, {_WAYS_OUT}{_limit(account)}."
    return BudgetExhausted(text, hint=hint, account=account.id)


def too_dear(model: str, worst: Usd, limit: Usd, name: str) -> BudgetExhausted:
    """Say that not even the first request of a model fits a limit; `name` is the option that sets it."""
    return BudgetExhausted(
        f"The first request to {model} can cost up to {worst.exact}, which {name} {limit.exact} doesn't cover.",
        hint=f"{_WAYS_OUT[0].upper()}{_WAYS_OUT[1:]}{name}.",
        account=name,
    )


def _whose(account: Account) -> str:
    kind, _, name = account.id.partition(":")
    return f"the {kind}'s budget" if kind != "agent" else f"the cap of agent {name}"


def _limit(account: Account) -> str:
    if account.id.startswith(DAY):
        return "FRESH_DAY_BUDGET"
    return "--cap" if account.id.startswith(AGENT) else "--budget"
