"""The rules of money, under any interleaving of what agents, providers and deaths do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from fresh.domain.budget import (
    Account,
    Bill,
    Hold,
    HoldState,
    Purpose,
    agent_account,
    close_all,
    closing,
    day_account,
    fundable_seats,
    orphaned,
    run_account,
)
from fresh.domain.conversation import Usage
from fresh.domain.host import Host
from fresh.domain.money import ZERO, Usd
from fresh.errors import BudgetExhausted
from tests.fakes.ledger import FakeLedger
from tests.fakes.story import HERE, NOON, RUN, THERE, later

AGENTS = ("a", "b", "c")
RUN_CAP, AGENT_CAP, ASIDE = 1000, 600, 30
amounts = st.integers(0, 700)


class AnyNight(RuleBasedStateMachine):
    """Agents reserve, send, get bills within what they set aside, lose replies and die, in any order."""

    holds = Bundle("holds")

    def __init__(self) -> None:
        super().__init__()
        self.dead: set[Host] = set()
        self.ledger = FakeLedger(lambda host: host not in self.dead)
        self.ledger.open_account(run_account(RUN), Usd(RUN_CAP))
        for agent in AGENTS:
            self.ledger.open_account(agent_account(agent), Usd(AGENT_CAP), aside=Usd(ASIDE))
        self.truth = dict.fromkeys(AGENTS, 0)
        self.billed: set[str] = set()

    @rule(
        target=holds, agent=st.sampled_from(AGENTS), amount=amounts, wrap=st.booleans(), owner=st.booleans()
    )
    def reserve(self, agent: str, amount: int, wrap: bool, owner: bool) -> tuple[str, str, int] | None:
        purpose = Purpose.WRAP_UP if wrap else Purpose.WORK
        name = f"h{len(self.ledger.reserved)}"
        host = HERE if owner else THERE
        hold = Hold(name, RUN, agent, Usd(amount), host, NOON, later(60), "m", purpose=purpose)
        try:
            self.ledger.reserve(hold)
        except BudgetExhausted:
            return None
        return name, agent, amount

    @rule(hold=holds, share=st.floats(0, 1))
    def send(self, hold: tuple[str, str, int] | None, share: float) -> None:
        """From the moment that it leaves, the provider may bill anything up to what was set aside."""
        if hold and self.ledger.mark_sent(hold[0]) and hold[0] not in self.billed:
            self.billed.add(hold[0])
            self.truth[hold[1]] += int(hold[2] * share)
            self.bill_of = getattr(self, "bill_of", {}) | {hold[0]: int(hold[2] * share)}

    @rule(hold=holds)
    def settle(self, hold: tuple[str, str, int] | None) -> None:
        if hold and hold[0] in self.billed:
            self.ledger.settle(hold[0], Bill(Usd(self.bill_of[hold[0]]), Usage(input=1, output=1), "default"))

    @rule(hold=holds)
    def lose_the_reply(self, hold: tuple[str, str, int] | None) -> None:
        if hold:
            self.ledger.forfeit(hold[0], "lost")

    @rule(hold=holds)
    def give_back(self, hold: tuple[str, str, int] | None) -> None:
        if hold:
            self.ledger.release(hold[0], "not sent")

    @rule(here=st.booleans())
    def die(self, here: bool) -> None:
        self.dead.add(HERE if here else THERE)
        self.ledger.reap(NOON)

    @rule()
    def rise(self) -> None:
        self.dead.clear()

    @invariant()
    def the_wall_stands(self) -> None:
        for account in self.ledger.accounts.values():
            assert account.spent + account.held <= account.cap

    @invariant()
    def the_truth_never_exceeds_what_is_counted(self) -> None:
        run = self.ledger.accounts[run_account(RUN)]
        agents = [self.ledger.accounts[agent_account(agent)] for agent in AGENTS]
        for agent, account in zip(AGENTS, agents, strict=True):
            assert self.truth[agent] <= (account.spent + account.held).micros <= AGENT_CAP
        assert sum(account.spent.micros for account in agents) == run.spent.micros
        assert sum(account.held.micros for account in agents) == run.held.micros
        assert sum(self.truth.values()) <= RUN_CAP

    @invariant()
    def accounts_are_the_sum_of_their_holds(self) -> None:
        for name, account in self.ledger.accounts.items():
            holds = self.ledger.holds(name)
            is_open = [hold.amount.micros for hold in holds if hold.state in {HoldState.HELD, HoldState.SENT}]
            closed = [
                hold.charge.micros for hold in holds if hold.state not in {HoldState.HELD, HoldState.SENT}
            ]
            assert (account.held.micros, account.spent.micros) == (sum(is_open), sum(closed))


TestAnyNight = AnyNight.TestCase
TestAnyNight.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


@given(
    cap=st.integers(0, 10**7),
    shares=st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)),
    charge=st.integers(0, 10**8),
)
def test_a_bill_of_any_size_never_breaks_the_wall_and_is_accounted_for(
    cap: int, shares: tuple[int, int], charge: int
) -> None:
    spent, held = min(shares[0], cap), 0
    held = min(shares[1], cap - spent)
    before = Account("run:x", Usd(cap), Usd(spent), Usd(held))
    after = before.close(Usd(held), Usd(charge))
    assert after.spent + after.held <= after.cap
    assert after.held == ZERO
    assert after.spent + after.shortfall == Usd(spent + charge)
    assert (after.frozen is not None) == (charge > held)


@given(
    rooms=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=3),
    amount=st.integers(0, 10**6),
    charge=st.integers(0, 10**7),
)
def test_a_bill_is_booked_alike_in_every_account_and_breaks_none(
    rooms: list[tuple[int, int]], amount: int, charge: int
) -> None:
    before = [
        Account(f"{kind}:x", Usd(spent + free + amount), Usd(spent), Usd(amount))
        for kind, (spent, free) in zip(("day", "run", "agent"), rooms, strict=False)
    ]
    after = close_all(before, Usd(amount), Usd(charge))
    booked = {late.spent.micros - early.spent.micros for early, late in zip(before, after, strict=True)}
    assert len(booked) == len({account.shortfall for account in after}) == 1
    assert booked.pop() + after[0].shortfall.micros == charge
    assert all(account.spent <= account.cap and account.held == ZERO for account in after)
    assert {account.frozen is not None for account in after} == {charge > amount}


@pytest.mark.parametrize("state", list(HoldState))
@pytest.mark.parametrize("wanted", list(HoldState))
@pytest.mark.parametrize("refused", [True, False])
def test_only_these_ways_close_a_hold(state: HoldState, wanted: HoldState, refused: bool) -> None:
    ways = {
        (HoldState.SENT, HoldState.SETTLED),
        (HoldState.SENT, HoldState.FORFEITED),
        (HoldState.HELD, HoldState.RELEASED),
    }
    ways |= {(HoldState.SENT, HoldState.RELEASED)} if refused else set()
    assert closing(state, wanted, refused=refused) == ((state, wanted) in ways)


def a_hold(state: HoldState) -> Hold:
    return Hold("h", RUN, "a", Usd(5), HERE, NOON, later(60), "m", state=state)


@pytest.mark.parametrize(
    ("state", "alive", "after", "becomes"),
    [
        (HoldState.HELD, False, 0, HoldState.RELEASED),
        (HoldState.SENT, False, 0, HoldState.FORFEITED),
        (HoldState.SENT, True, 10**6, None),
        (HoldState.SENT, None, 59, None),
        (HoldState.SENT, None, 60, HoldState.FORFEITED),
        (HoldState.HELD, None, 60, HoldState.RELEASED),
        (HoldState.SETTLED, False, 0, None),
        (HoldState.FORFEITED, False, 0, None),
        (HoldState.RELEASED, False, 0, None),
    ],
)
def test_an_orphan_is_given_back_only_when_it_was_never_sent(
    state: HoldState, alive: bool | None, after: int, becomes: HoldState | None
) -> None:
    assert orphaned(a_hold(state), alive, NOON + timedelta(seconds=after)) == becomes


def test_a_day_is_named_by_utc() -> None:
    assert day_account(NOON) == "day:2026-11-23"


@given(
    free=st.integers(0, 10**8),
    live=st.lists(st.integers(0, 10**7), max_size=12),
    needed=st.integers(0, 10**7),
    most=st.integers(1, 64),
)
def test_seats_never_need_more_than_there_is(free: int, live: list[int], needed: int, most: int) -> None:
    seats = fundable_seats(Usd(free), [Usd(share) for share in live], Usd(needed), most)
    assert 0 <= seats <= most
    if needed and len(live) < seats:
        assert sum(live) + (seats - len(live)) * needed <= free


def test_ten_agents_of_a_dollar_are_ten_on_ten_dollars_and_three_on_three() -> None:
    assert fundable_seats(Usd.of(10), [], Usd.of(1), 10) == 10
    assert fundable_seats(Usd.of(3.5), [], Usd.of(1), 10) == 3
    assert fundable_seats(Usd.of(3.5), [Usd.of(1), Usd.of(1)], Usd.of(1), 10) == 3
    assert fundable_seats(ZERO, [], ZERO, 10) == 10
