"""What a run or an agent has spent, summed up from its reservations."""

from __future__ import annotations

from collections.abc import Iterable

from fresh.domain.budget import OPEN, Hold, HoldState
from fresh.domain.conversation import Usage
from fresh.domain.money import ZERO, Usd
from fresh.domain.value import Value


class Spending(Value):
    """Money and tokens. `input` tokens include the `cached` ones, `output` tokens include reasoning.

    `held` is set aside for requests under way. `forfeited` is the part of `spent` that was charged at its worst case,
    because nobody knows what it cost: the provider's bill may be lower.
    """

    spent: Usd = ZERO
    held: Usd = ZERO
    forfeited: Usd = ZERO
    requests: int = 0
    input: int = 0
    cached: int = 0
    output: int = 0


def spending(holds: Iterable[Hold]) -> Spending:
    """Sum up reservations; what was released left no trace but a request."""
    sums = Spending()
    for hold in holds:
        usage = hold.bill.usage if hold.bill is not None else Usage(input=0, output=0)
        is_open = hold.state in OPEN
        sums = Spending(
            spent=sums.spent + (ZERO if is_open else hold.charge),
            held=sums.held + (hold.amount if is_open else ZERO),
            forfeited=sums.forfeited + (hold.amount if hold.state is HoldState.FORFEITED else ZERO),
            requests=sums.requests + (hold.state is not HoldState.HELD),
            input=sums.input + usage.input,
            cached=sums.cached + usage.cached,
            output=sums.output + usage.output,
        )
    return sums


def expected_cost(cap: Usd, budget: Usd, ended: Iterable[Usd], least: Usd) -> Usd:
    """Guess what one more agent takes to its end.

    Before any has ended that is its whole cap. Then it is half as much again as the mean of those that have ended, but
    never less than its first request and never more than its cap or the run's budget.
    """
    costs = [cost.micros for cost in ended if cost > ZERO]
    most = min(cap, budget)
    if not costs:
        return most
    return min(most, max(least, Usd(-(-3 * sum(costs) // (2 * len(costs))))))
