"""The contract of ports.Ledger: the rules in memory, on SQLite and on a real Postgres."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from random import Random

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from fresh.adapters.sql_journal import SqlJournal
from fresh.domain.budget import Bill, Hold, HoldState, Purpose, agent_account, day_account, run_account
from fresh.domain.conversation import Usage
from fresh.domain.host import Host
from fresh.domain.money import ZERO, Usd
from fresh.errors import BudgetExhausted
from fresh.ports import Ledger
from tests.fakes.ledger import FakeLedger
from tests.fakes.story import HERE, NOON, RUN, THERE, later

ADA, BOB = "ada00000", "bob00000"
THE_RUN, THE_DAY = run_account(RUN), day_account(NOON)
ids = count()


def usd(dollars: float) -> Usd:
    return Usd.of(dollars)


def a_bill(dollars: float, tier: str = "default") -> Bill:
    return Bill(cost=usd(dollars), usage=Usage(input=100, cached=40, output=20, reasoning=5), tier=tier)


def a_hold(
    dollars: float,
    agent: str = ADA,
    *,
    owner: Host = HERE,
    expires: datetime | None = None,
    day: str | None = None,
    purpose: Purpose = Purpose.WORK,
    run: str = RUN,
) -> Hold:
    return Hold(
        id=f"hold-{next(ids)}",
        run_id=run,
        agent_id=agent,
        amount=usd(dollars),
        owner=owner,
        at=NOON,
        expires=expires or later(180),
        model="gpt-5-mini",
        day=day,
        purpose=purpose,
    )


@dataclass
class World:
    living: dict[Host, bool | None] = field(default_factory=lambda: {HERE: True, THERE: None})

    def alive(self, host: Host) -> bool | None:
        return self.living[host]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(params=["rules", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def ledger(request: pytest.FixtureRequest, world: World) -> Iterator[Ledger]:
    """A run of $1.00 whose agents may take $0.60 each."""
    if request.param == "rules":
        opened: Ledger = FakeLedger(world.alive)
    else:
        opened = SqlJournal(request.getfixturevalue(f"{request.param}_url"), world.alive)
    opened.open_account(THE_RUN, usd(1))
    for agent in (ADA, BOB):
        opened.open_account(agent_account(agent), usd(0.6))
    yield opened
    if isinstance(opened, SqlJournal):
        opened.close()


def stand(ledger: Ledger, name: str) -> tuple[float, float]:
    """What an account has spent and holds, in dollars."""
    account = ledger.account(name)
    assert account is not None
    return account.spent.dollars, account.held.dollars


def sent(ledger: Ledger, hold: Hold) -> Hold:
    ledger.reserve(hold)
    assert ledger.mark_sent(hold.id)
    return hold


def test_a_reservation_is_held_in_the_run_and_in_the_agent(ledger: Ledger) -> None:
    ledger.reserve(a_hold(0.25))
    assert stand(ledger, THE_RUN) == stand(ledger, agent_account(ADA)) == (0, 0.25)
    assert stand(ledger, agent_account(BOB)) == (0, 0)


def test_the_accounts_of_the_agents_that_asked_are_read_at_once(ledger: Ledger) -> None:
    assert ledger.agent_accounts(RUN) == {}
    sent(ledger, a_hold(0.1))
    sent(ledger, a_hold(0.2))
    assert ledger.agent_accounts(RUN) == {ADA: ledger.account(agent_account(ADA))}
    assert ledger.agent_accounts("ffffffff") == {}


def test_a_bill_takes_the_place_of_what_was_held(ledger: Ledger) -> None:
    hold = sent(ledger, a_hold(0.5))
    assert ledger.settle(hold.id, a_bill(0.12))
    assert stand(ledger, THE_RUN) == stand(ledger, agent_account(ADA)) == (0.12, 0)
    kept = ledger.holds(agent_account(ADA))[0]
    assert (kept.state, kept.bill, kept.charge) == (HoldState.SETTLED, a_bill(0.12), usd(0.12))


def test_nothing_can_be_closed_twice(ledger: Ledger) -> None:
    hold = sent(ledger, a_hold(0.5))
    assert ledger.settle(hold.id, a_bill(0.12))
    assert not ledger.settle(hold.id, a_bill(0.12))
    assert not ledger.forfeit(hold.id, "late")
    assert not ledger.release(hold.id, "late", refused=True)
    assert not ledger.mark_sent(hold.id)
    assert stand(ledger, THE_RUN) == (0.12, 0)


def test_a_reservation_repeated_after_a_lost_answer_counts_once(ledger: Ledger) -> None:
    hold = a_hold(0.5)
    ledger.reserve(hold)
    ledger.reserve(hold)
    assert stand(ledger, agent_account(ADA)) == (0, 0.5)


def test_a_reservation_that_took_the_last_money_is_found_again_too(ledger: Ledger) -> None:
    hold = a_hold(0.6)
    ledger.reserve(hold)
    ledger.reserve(hold)
    assert stand(ledger, agent_account(ADA)) == (0, 0.6)


def test_the_agents_cap_refuses_with_the_arithmetic_and_takes_nothing(ledger: Ledger) -> None:
    sent(ledger, a_hold(0.5))
    with pytest.raises(
        BudgetExhausted, match=r"up to \$0\.11, .* agent ada00000 has \$0\.10 left of \$0\.60"
    ) as no:
        ledger.reserve(a_hold(0.11))
    assert no.value.account == agent_account(ADA)
    assert "--cap" in no.value.hint
    assert stand(ledger, THE_RUN) == (0, 0.5)
    assert len(ledger.holds(THE_RUN)) == 1


def test_the_runs_budget_refuses_although_the_agent_has_money(ledger: Ledger) -> None:
    sent(ledger, a_hold(0.6, ADA))
    with pytest.raises(BudgetExhausted, match="the run's budget has") as no:
        ledger.reserve(a_hold(0.5, BOB))
    assert no.value.account == THE_RUN
    assert "--budget" in no.value.hint
    assert stand(ledger, agent_account(BOB)) == (0, 0)


def test_a_limited_day_refuses_across_runs_and_nothing_is_left_held(ledger: Ledger) -> None:
    ledger.open_account(THE_DAY, usd(0.3))
    sent(ledger, a_hold(0.2, day=THE_DAY))
    with pytest.raises(BudgetExhausted, match="the day's budget") as no:
        ledger.reserve(a_hold(0.2, BOB, day=THE_DAY))
    assert "FRESH_DAY_BUDGET" in no.value.hint
    assert stand(ledger, THE_RUN) == (0, 0.2)
    assert len(ledger.holds(THE_DAY)) == 1


def test_what_was_never_sent_is_given_back(ledger: Ledger) -> None:
    hold = a_hold(0.5)
    ledger.reserve(hold)
    assert ledger.release(hold.id, "the run stops")
    assert stand(ledger, THE_RUN) == (0, 0)
    assert ledger.holds(THE_RUN)[0].charge == ZERO


def test_what_was_sent_is_given_back_only_for_a_definite_no(ledger: Ledger) -> None:
    hold = sent(ledger, a_hold(0.5))
    assert not ledger.release(hold.id, "we would like it back")
    assert ledger.release(hold.id, "429", refused=True)
    assert stand(ledger, THE_RUN) == (0, 0)


def test_an_unknown_outcome_is_charged_in_full(ledger: Ledger) -> None:
    hold = sent(ledger, a_hold(0.5))
    assert ledger.forfeit(hold.id, "the connection broke")
    assert stand(ledger, THE_RUN) == (0.5, 0)
    kept = ledger.holds(THE_RUN)[0]
    assert (kept.state, kept.why, kept.charge) == (HoldState.FORFEITED, "the connection broke", usd(0.5))


def test_what_was_not_sent_can_be_neither_settled_nor_forfeited(ledger: Ledger) -> None:
    hold = a_hold(0.5)
    ledger.reserve(hold)
    assert not ledger.settle(hold.id, a_bill(0.1))
    assert not ledger.forfeit(hold.id, "why")
    assert stand(ledger, THE_RUN) == (0, 0.5)


def test_a_request_marked_again_after_a_lost_answer_is_still_on_its_way(ledger: Ledger) -> None:
    hold = sent(ledger, a_hold(0.5))
    assert ledger.mark_sent(hold.id)
    assert ledger.settle(hold.id, a_bill(0.1))
    assert not ledger.mark_sent(hold.id)
    assert stand(ledger, THE_RUN) == (0.1, 0)


def test_only_a_wrap_up_may_use_what_is_kept_aside(ledger: Ledger) -> None:
    ledger.open_account(agent_account(ADA), usd(0.6), aside=usd(0.05))
    with pytest.raises(BudgetExhausted, match=r"\$0\.05 kept for the wrap-up"):
        ledger.reserve(a_hold(0.58))
    sent(ledger, a_hold(0.55))
    ledger.reserve(a_hold(0.05, purpose=Purpose.WRAP_UP))
    assert stand(ledger, agent_account(ADA)) == (0, 0.6)


def test_a_bill_above_what_was_held_is_booked_truly_and_freezes_run_agent_and_day(ledger: Ledger) -> None:
    ledger.open_account(THE_DAY, usd(5))
    hold = sent(ledger, a_hold(0.2, day=THE_DAY))
    assert ledger.settle(hold.id, a_bill(0.3))
    assert stand(ledger, THE_RUN) == stand(ledger, agent_account(ADA)) == stand(ledger, THE_DAY) == (0.3, 0)
    for agent in (ADA, BOB):
        with pytest.raises(
            BudgetExhausted, match=r"frozen: a reply was billed \$0\.30, more than the \$0\.20"
        ):
            ledger.reserve(a_hold(0.01, agent))
    ledger.open_account(run_account("another"), usd(1))
    ledger.open_account(agent_account("eve"), usd(1))
    with pytest.raises(BudgetExhausted, match="frozen"):
        ledger.reserve(a_hold(0.01, "eve", day=THE_DAY, run="another"))


def test_a_bill_above_a_cap_is_booked_alike_in_all_accounts_and_the_rest_is_a_shortfall(
    ledger: Ledger,
) -> None:
    sent(ledger, a_hold(0.5, BOB))
    hold = sent(ledger, a_hold(0.4))
    ledger.settle(hold.id, a_bill(0.9))
    run, agent = ledger.account(THE_RUN), ledger.account(agent_account(ADA))
    assert run is not None
    assert agent is not None
    assert (run.spent, run.held, run.shortfall) == (usd(0.5), usd(0.5), usd(0.4))
    assert (agent.spent, agent.held, agent.shortfall) == (usd(0.5), ZERO, usd(0.4))


@pytest.mark.parametrize("seed", range(12))
def test_a_run_is_the_sum_of_its_agents_and_a_day_that_of_its_runs_whatever_is_billed(
    ledger: Ledger, seed: int
) -> None:
    dice = Random(seed)
    ledger.open_account(THE_DAY, usd(dice.choice((0.5, 0.9, 5))))
    names = (agent_account(ADA), agent_account(BOB))
    waiting = []
    for _ in range(12):
        hold = a_hold(dice.choice((0.05, 0.1, 0.3)), dice.choice((ADA, BOB)), day=THE_DAY)
        with suppress(BudgetExhausted):
            waiting.append(sent(ledger, hold))
    dice.shuffle(waiting)
    billed = ZERO
    for hold in waiting:
        bill = a_bill(round(hold.amount.dollars * dice.choice((0.2, 1, 1.5, 9)), 6))
        match dice.randrange(4):
            case 0:
                assert ledger.forfeit(hold.id, "lost")
                billed = billed + hold.amount
            case 1:
                assert ledger.release(hold.id, "refused", refused=True)
            case _:
                assert ledger.settle(hold.id, bill)
                billed = billed + bill.cost
        accounts = [ledger.account(name) for name in (*names, THE_RUN, THE_DAY)]
        ada, bob, run, day = [account for account in accounts if account is not None]
        for part in ("spent", "held", "shortfall"):
            both = getattr(ada, part) + getattr(bob, part)
            assert both == getattr(run, part) == getattr(day, part)
    assert run.spent + run.shortfall == billed
    assert run.held == ZERO


def test_the_dead_are_reaped_by_what_they_had_done(ledger: Ledger, world: World) -> None:
    held, gone = a_hold(0.1), a_hold(0.2)
    ledger.reserve(held)
    sent(ledger, gone)
    assert ledger.reap(NOON) == ()
    world.living[HERE] = False
    assert {hold.id for hold in ledger.reap(NOON)} == {held.id, gone.id}
    assert stand(ledger, THE_RUN) == stand(ledger, agent_account(ADA)) == (0.2, 0)
    assert ledger.reap(NOON) == ()


def test_an_owner_that_can_not_be_seen_is_dead_when_its_request_must_have_ended(ledger: Ledger) -> None:
    sent(ledger, a_hold(0.2, owner=THERE, expires=later(120)))
    assert ledger.reap(later(119)) == ()
    assert len(ledger.reap(later(121))) == 1
    assert stand(ledger, THE_RUN) == (0.2, 0)


def test_a_living_owner_keeps_its_hold_past_every_lease(ledger: Ledger) -> None:
    sent(ledger, a_hold(0.2, expires=later(1)))
    assert ledger.reap(later(1000)) == ()


def test_an_account_opened_again_takes_its_new_limit_but_never_less_than_was_taken(ledger: Ledger) -> None:
    sent(ledger, a_hold(0.5))
    assert ledger.open_account(THE_RUN, usd(0.2)).cap == usd(0.5)
    assert ledger.open_account(THE_RUN, usd(2)).cap == usd(2)
    assert stand(ledger, THE_RUN) == (0, 0.5)


def test_an_account_that_is_not_there_is_a_key_error(ledger: Ledger) -> None:
    assert ledger.account(agent_account("nobody")) is None
    with pytest.raises(KeyError, match="nobody"):
        ledger.reserve(a_hold(0.1, "nobody"))
    assert stand(ledger, THE_RUN) == (0, 0)


def test_a_hold_below_zero_is_a_mistake_of_the_program(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="below zero"):
        ledger.reserve(a_hold(-0.01))


def test_a_model_that_costs_nothing_runs_on_no_money(ledger: Ledger) -> None:
    ledger.open_account(THE_RUN, ZERO)
    hold = sent(ledger, a_hold(0))
    assert ledger.settle(hold.id, a_bill(0))
    assert stand(ledger, THE_RUN) == (0, 0)


def test_many_threads_at_once_never_take_more_than_there_is(ledger: Ledger) -> None:
    def try_it(turn: int) -> bool:
        try:
            hold = sent(ledger, a_hold(0.09, (ADA, BOB)[turn % 2]))
        except BudgetExhausted:
            return False
        return ledger.settle(hold.id, a_bill(0.09))

    with ThreadPoolExecutor(12) as crowd:
        done = list(crowd.map(try_it, range(48)))
    assert sum(done) == 11
    assert stand(ledger, THE_RUN) == (0.99, 0)


@pytest.fixture
def sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'journal.db'}"


@pytest.fixture
def postgres_url(empty_postgres: Callable[[], str]) -> str:
    return empty_postgres()


def test_the_wall_stands_in_the_database_itself(database: str) -> None:
    ledger = SqlJournal(database, lambda host: True)
    ledger.open_account(THE_RUN, usd(1))
    ledger.close()
    engine = create_engine(database)
    for wrong in ("spent = 1000001", "spent = 999999, held = 2", "held = -1", "spent = -1", "cap = -1"):
        with pytest.raises(IntegrityError), engine.begin() as connection:
            connection.execute(text(f"UPDATE account SET {wrong}"))
    engine.dispose()
