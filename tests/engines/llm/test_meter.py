"""Every HTTP attempt is reserved, sent once and booked, whatever the provider does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from fresh.domain.agent import Ticket
from fresh.domain.bound import input_bound
from fresh.domain.budget import HoldState, Purpose, agent_account, day_account, run_account
from fresh.domain.conversation import Reply, Request, Said, Tier, Told, Usage
from fresh.domain.money import Usd
from fresh.engines.llm.meter import (
    FLEX_REST,
    FLEX_TRIES,
    MOST_REFUSALS,
    MOST_REFUSALS_OF_FLEX,
    MOST_UNCLEAR,
    Meter,
)
from fresh.errors import (
    BudgetExhausted,
    FreshError,
    Halted,
    Lacking,
    ModelRefused,
    ModelUnclear,
    StorageFailed,
)
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger
from tests.fakes.model import ScriptedModel
from tests.fakes.prices import FakePrices
from tests.fakes.story import HERE, NOON, RUN, a_ticket

AGENT = "abc12345"
ASKED = Request(model="m", instructions="i", items=(Told(text="x"),), max_output_tokens=1000)
WORST = Usd(input_bound(ASKED) + 10_000)
USAGE = Usage(input=500, output=100)
PAID = Usd(1500)


def a_reply(usage: Usage | None = USAGE, tier: str | None = "default") -> Reply:
    return Reply(items=(Said(text="yes"),), usage=usage, tier=tier)


def busy(wait: float | None = None) -> ModelRefused:
    return ModelRefused("The rate is limited (429).", retryable=True, wait=wait)


def lost() -> ModelUnclear:
    return ModelUnclear("The connection broke.", retryable=True)


@dataclass
class Desk:
    """A meter over fakes."""

    model: ScriptedModel
    ledger: FakeLedger = field(default_factory=FakeLedger)
    clock: FakeClock = field(default_factory=FakeClock)
    prices: FakePrices = field(default_factory=FakePrices)
    stop: Callable[[Ticket], str | None] = lambda ticket: None
    day: Usd | None = None
    flex_fallback: bool = False
    held_at_permit: list[Usd] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger.open_account(run_account(RUN), Usd.of(1))
        self.ledger.open_account(agent_account(AGENT), Usd.of(0.5), aside=Usd.of(0.05))
        self.meter = Meter(
            model=self.model,
            ledger=self.ledger,
            prices=self.prices,
            clock=self.clock,
            host=HERE,
            permit=self.permit,
            halted=lambda ticket: self.stop(ticket),
            day_budget=self.day,
            flex_fallback=self.flex_fallback,
        )

    @contextmanager
    def permit(self) -> Iterator[None]:
        self.held_at_permit.append(self.ledger.accounts[run_account(RUN)].held)
        yield

    def ask(self, request: Request = ASKED, purpose: Purpose = Purpose.WORK) -> Reply:
        return self.meter.ask(a_ticket(AGENT), request, purpose=purpose)

    @property
    def states(self) -> list[HoldState]:
        return [hold.state for hold in self.ledger.reserved.values()]

    @property
    def spent(self) -> Usd:
        account = self.ledger.accounts[agent_account(AGENT)]
        assert account.held == Usd(0)
        assert account.spent == self.ledger.accounts[run_account(RUN)].spent
        return account.spent


def test_a_reply_is_charged_by_its_own_tokens() -> None:
    desk = Desk(ScriptedModel([a_reply()]))
    assert desk.ask().text == "yes"
    assert (desk.states, desk.spent) == ([HoldState.SETTLED], PAID)


def test_the_worst_case_is_committed_as_sent_before_the_model_is_asked() -> None:
    seen: list[tuple[Usd, list[HoldState]]] = []

    def look(request: Request) -> Reply:
        seen.append((desk.ledger.accounts[run_account(RUN)].held, desk.states))
        return a_reply()

    desk = Desk(ScriptedModel(look))
    desk.ask()
    assert seen == [(WORST, [HoldState.SENT])]


def test_the_reservation_is_also_the_id_of_the_request() -> None:
    desk = Desk(ScriptedModel([busy(), a_reply()]))
    desk.ask()
    assert desk.model.request_ids == list(desk.ledger.reserved)
    assert len(set(desk.model.request_ids)) == 2


def test_no_money_is_held_while_a_place_is_waited_for() -> None:
    desk = Desk(ScriptedModel([lost(), a_reply()]))
    desk.ask()
    assert desk.held_at_permit == [Usd(0), Usd(0)]


def test_two_failures_and_a_reply_are_two_forfeits_and_one_bill() -> None:
    desk = Desk(ScriptedModel([lost(), lost(), a_reply()]))
    desk.ask()
    assert desk.states == [HoldState.FORFEITED, HoldState.FORFEITED, HoldState.SETTLED]
    assert desk.spent == WORST + WORST + PAID


def test_a_definite_no_costs_nothing_and_waits_as_long_as_it_was_asked_to() -> None:
    desk = Desk(ScriptedModel([busy(wait=7), a_reply()]))
    desk.ask()
    assert (desk.states, desk.spent) == ([HoldState.RELEASED, HoldState.SETTLED], PAID)
    assert sum(desk.clock.slept) == 7


def test_without_a_word_on_how_long_the_waits_grow_and_end() -> None:
    desk = Desk(ScriptedModel([busy()] * MOST_REFUSALS))
    with pytest.raises(ModelRefused):
        desk.ask()
    assert len(desk.model.requests) == MOST_REFUSALS
    assert (
        sum(2.0**turn for turn in range(7)) / 2
        <= sum(desk.clock.slept)
        <= sum(2.0**turn for turn in range(7))
    )
    assert desk.spent == Usd(0)


def test_replies_that_never_come_are_paid_and_given_up() -> None:
    desk = Desk(ScriptedModel([lost()] * MOST_UNCLEAR))
    with pytest.raises(ModelUnclear):
        desk.ask()
    assert desk.spent == Usd(WORST.micros * MOST_UNCLEAR)


@pytest.mark.parametrize("error", [ModelRefused("401"), ModelUnclear("cut off")])
def test_what_trying_again_can_not_help_is_not_tried_again(error: FreshError) -> None:
    desk = Desk(ScriptedModel([error]))
    with pytest.raises(type(error)):
        desk.ask()
    assert len(desk.model.requests) == 1


@pytest.mark.parametrize(
    ("reply", "state", "spent"),
    [
        (a_reply(usage=None), HoldState.FORFEITED, WORST),
        (a_reply(tier="nonsense"), HoldState.FORFEITED, WORST),
        (a_reply(tier=None), HoldState.SETTLED, PAID),
        (a_reply(tier="flex"), HoldState.SETTLED, Usd(750)),
        (a_reply(tier="priority"), HoldState.SETTLED, Usd(3000)),
        (a_reply(usage=Usage(input=0, output=0)), HoldState.SETTLED, Usd(0)),
    ],
)
def test_a_reply_is_charged_by_the_tier_it_names_and_in_full_where_it_can_not_be_priced(
    reply: Reply, state: HoldState, spent: Usd
) -> None:
    desk = Desk(ScriptedModel(lambda request: reply.model_copy()))
    desk.model._complete = lambda answer, request: answer  # type: ignore[method-assign, assignment, return-value]
    assert desk.ask(ASKED.model_copy(update={"tier": Tier.FLEX})).text == "yes"
    assert (desk.states, desk.spent) == ([state], spent)


def test_a_bill_above_the_bound_freezes_the_run_and_is_booked_as_far_as_the_cap_goes() -> None:
    desk = Desk(ScriptedModel([a_reply(Usage(input=10_000_000, output=1)), a_reply()]))
    desk.ask()
    assert desk.ledger.accounts[agent_account(AGENT)].spent == Usd.of(0.5)
    with pytest.raises(BudgetExhausted, match="frozen"):
        desk.ask()
    assert len(desk.model.requests) == 1


def test_nothing_is_sent_that_the_cap_can_not_cover() -> None:
    desk = Desk(ScriptedModel([a_reply()]))
    with pytest.raises(
        BudgetExhausted, match=r"can cost up to \$0\.50.*, and the cap of agent abc12345 has \$0\.45"
    ):
        desk.ask(ASKED.model_copy(update={"max_output_tokens": 50_000}))
    assert (desk.model.requests, desk.states) == ([], [])


def test_a_wrap_up_may_use_what_work_may_not() -> None:
    desk = Desk(ScriptedModel([a_reply()] * 2))
    large = ASKED.model_copy(update={"max_output_tokens": 47_000})
    with pytest.raises(BudgetExhausted):
        desk.ask(large)
    desk.ask(large, Purpose.WRAP_UP)
    assert desk.states == [HoldState.SETTLED]


def test_a_limited_day_holds_over_runs_and_ends_at_midnight() -> None:
    desk = Desk(ScriptedModel([a_reply()] * 3), day=Usd(WORST.micros + 10))
    desk.ask()
    with pytest.raises(BudgetExhausted, match="the day's budget"):
        desk.ask()
    desk.clock.at = NOON + timedelta(hours=12)
    desk.ask()
    assert {name for name in desk.ledger.accounts if name.startswith("day:")} == {
        day_account(NOON),
        "day:2026-11-24",
    }


def test_who_is_asked_to_stop_asks_no_more_and_waits_no_more() -> None:
    desk = Desk(ScriptedModel([busy(wait=60), a_reply()]))
    desk.clock.meanwhile = lambda: setattr(desk, "stop", lambda ticket: "the run was asked to stop")
    with pytest.raises(Halted, match="abc12345 asks the model no more, because the run was asked to stop"):
        desk.ask()
    assert sum(desk.clock.slept) == 1
    assert desk.spent == Usd(0)


@pytest.mark.parametrize("end", [KeyboardInterrupt(), RuntimeError("a defect")])
def test_whatever_breaks_while_a_request_is_out_it_is_charged(end: BaseException) -> None:
    def break_off(request: Request) -> Reply:
        raise end

    desk = Desk(ScriptedModel(break_off))
    with pytest.raises(type(end)):
        desk.ask()
    assert (desk.states, desk.spent) == ([HoldState.FORFEITED], WORST)


def test_a_reservation_whose_confirmation_was_lost_is_given_back() -> None:
    desk = Desk(ScriptedModel([a_reply()]))
    reserve = desk.ledger.reserve

    def reserve_and_fail(hold: object) -> None:
        reserve(hold)  # type: ignore[arg-type]
        raise StorageFailed("The database went away.")

    desk.ledger.reserve = reserve_and_fail  # type: ignore[method-assign, assignment]
    with pytest.raises(StorageFailed):
        desk.ask()
    assert (desk.states, desk.spent, desk.model.requests) == ([HoldState.RELEASED], Usd(0), [])


@pytest.mark.parametrize("step", ["reserve", "mark_sent", "settle"])
def test_a_journal_that_is_busy_for_a_moment_costs_nothing_and_asks_nothing_twice(step: str) -> None:
    desk = Desk(ScriptedModel([a_reply()]))
    act, tries = getattr(desk.ledger, step), []

    def act_and_lose_the_answer(*given: object) -> object:
        done = act(*given)
        tries.append(step)
        if len(tries) < 3:
            raise StorageFailed("The database is locked.", retryable=True)
        return done

    setattr(desk.ledger, step, act_and_lose_the_answer)
    assert desk.ask().text == "yes"
    assert (desk.states, desk.spent, len(tries)) == ([HoldState.SETTLED], PAID, 3)
    assert len(desk.model.requests) == 1


def test_a_reservation_that_was_closed_meanwhile_is_never_sent() -> None:
    desk = Desk(ScriptedModel([a_reply()]))
    reserve = desk.ledger.reserve

    def reserve_and_reap(hold: object) -> None:
        reserve(hold)  # type: ignore[arg-type]
        if len(desk.ledger.reserved) == 1:
            desk.ledger.release(next(iter(desk.ledger.reserved)), "somebody took us for dead")

    desk.ledger.reserve = reserve_and_reap  # type: ignore[method-assign, assignment]
    desk.ask()
    assert desk.states == [HoldState.RELEASED, HoldState.SETTLED]
    assert len(desk.model.requests) == 1


NIGHTLY = ASKED.model_copy(update={"tier": Tier.FLEX})


def full() -> ModelRefused:
    return ModelRefused("No room on flex (429).", retryable=True, wait=1, lacks=Lacking.FLEX)


def test_where_flex_stays_full_the_standard_tier_is_asked_for_a_while_if_the_operator_allows_it() -> None:
    model = ScriptedModel().then(*[full()] * FLEX_TRIES, a_reply(), a_reply(), a_reply())
    desk = Desk(model, flex_fallback=True)

    desk.ask(NIGHTLY)
    desk.ask(NIGHTLY)
    desk.clock.sleep(FLEX_REST.total_seconds())
    desk.ask(NIGHTLY)

    tiers = [request.tier for request in model.requests]
    assert tiers == [Tier.FLEX] * FLEX_TRIES + [Tier.DEFAULT, Tier.DEFAULT, Tier.FLEX]
    assert desk.states == [HoldState.RELEASED] * FLEX_TRIES + [HoldState.SETTLED] * 3
    assert desk.spent == Usd(3 * PAID.micros)


@pytest.mark.parametrize("allowed", [True, False])
def test_a_model_without_flex_is_asked_at_the_standard_tier_at_once_and_for_good(allowed: bool) -> None:
    absent = ModelRefused("No flex for this model (400).", lacks=Lacking.FLEX)
    model = ScriptedModel().then(absent, a_reply(), a_reply())
    desk = Desk(model, flex_fallback=allowed)

    desk.ask(NIGHTLY)
    desk.clock.sleep(2 * FLEX_REST.total_seconds())
    desk.ask(NIGHTLY)

    assert [request.tier for request in model.requests] == [Tier.FLEX, Tier.DEFAULT, Tier.DEFAULT]


def test_without_leave_to_pay_more_flex_is_waited_for_and_given_up_with_the_way_out() -> None:
    model = ScriptedModel().then(*[full()] * MOST_REFUSALS_OF_FLEX)
    desk = Desk(model)

    with pytest.raises(ModelRefused, match="No room on flex"):
        desk.ask(NIGHTLY)

    assert {request.tier for request in model.requests} == {Tier.FLEX}
    assert len(model.requests) == MOST_REFUSALS_OF_FLEX > MOST_REFUSALS
    assert desk.spent == Usd(0)


def test_a_busy_standard_tier_is_no_reason_to_leave_flex() -> None:
    model = ScriptedModel().then(busy(1), busy(1), busy(1), busy(1), a_reply())
    Desk(model, flex_fallback=True).ask(NIGHTLY)

    assert {request.tier for request in model.requests} == {Tier.FLEX}
