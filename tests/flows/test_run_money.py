"""What money does to a run: its seats, what goes on without it, what people hear of it and where they see it."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterTags,
)
from prefect.client.schemas.sorting import FlowRunSort

from fresh.adapters.prefect_control import PrefectControl
from fresh.adapters.processes import this_host
from fresh.domain.agent import Outcome
from fresh.domain.approval import Answer
from fresh.domain.budget import Bill, Hold, agent_account, run_account
from fresh.domain.conversation import Usage
from fresh.domain.host import Host
from fresh.domain.money import Usd
from fresh.domain.order import EngineName, RunOrder
from fresh.domain.report import RunReport
from fresh.domain.stopping import WhyStopped
from fresh.errors import BudgetExhausted, OperatorMistake
from fresh.ports import Bench, Ledger
from fresh.wiring import using
from tasks.spending import reap, watch_money
from tests.fakes.engine import ScriptedEngine, appends_a_line
from tests.fakes.story import NOON, a_run, later
from tests.fakes.toolbox import Fakes, a_toolbox
from tests.flows.test_agent_and_run import decide, somebody

pytestmark = pytest.mark.server


class Spender:
    """Pay so much for each round of work, and remember how many worked at once."""

    def __init__(self, ledger: Ledger, dollars: float, owner: Host | None = None) -> None:
        self.ledger, self.dollars, self.owner = ledger, dollars, owner
        self.loses_its_reply = False
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def __call__(self, bench: Bench, rounds: int) -> None:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            self.pay(bench)
            time.sleep(0.3)
            appends_a_line(bench, rounds)
        finally:
            with self._lock:
                self.at_once -= 1

    def pay(self, bench: Bench) -> None:
        ticket = bench.ticket
        now = datetime.now(UTC)
        hold = Hold(
            id=secrets.token_hex(8),
            run_id=ticket.run_id,
            agent_id=ticket.agent_id,
            amount=Usd.of(self.dollars),
            owner=self.owner or this_host(),
            at=now,
            expires=now + timedelta(minutes=3),
            model="gpt-5-mini",
        )
        self.ledger.reserve(hold)
        self.ledger.mark_sent(hold.id)
        if not self.loses_its_reply:
            usage = Usage(input=1000, cached=600, output=50)
            self.ledger.settle(hold.id, Bill(Usd.of(self.dollars), usage, "default"))


@pytest.fixture
def fakes(tmp_path: Path, prefect_url: str) -> Iterator[Fakes]:
    control = PrefectControl({"fresh-sandboxes": 2, "fresh-models": 2})
    made = a_toolbox(tmp_path.resolve(), control, features=8)
    (made.tools.repository / ".git").mkdir()
    with using(made.tools):
        yield made


def spending(fakes: Fakes, dollars: float) -> Spender:
    """Put an engine that costs money in the place of the llm engine."""
    spender = Spender(fakes.tools.ledger, dollars)
    fakes.tools.engines = {
        EngineName.CODEMOD: fakes.engine,
        EngineName.LLM: ScriptedEngine(act=spender),
    }
    return spender


def carry_out(fakes: Fakes, **order: object) -> RunReport:
    from flows.run import run

    wanted = {"repo": str(fakes.tools.repository), "engine": "llm", "approval": False, **order}
    return run(RunOrder.model_validate(wanted), None)


def lines(fakes: Fakes, report: RunReport) -> list[str]:
    return [event.text for event in fakes.tools.journal.events(report.run_id)]


def engines(fakes: Fakes, report: RunReport) -> list[EngineName]:
    return [ticket.engine for ticket in fakes.tools.journal.tickets(report.run_id)]


@pytest.mark.night
def test_no_more_agents_live_than_the_budget_can_take_to_their_end(fakes: Fakes) -> None:
    spender = spending(fakes, 0.9)

    report = carry_out(fakes, agents=8, budget=2.5, cap=1.0)

    assert spender.most_at_once == 2
    assert report.cost == Usd.of(1.8)
    assert any("seats shrink to 2 of 8, because $2.50 of $2.50 is left" in note for note in report.notes)


@pytest.mark.night
def test_when_the_money_is_gone_what_costs_nothing_goes_on_and_the_report_says_when_and_why(
    fakes: Fakes,
) -> None:
    spending(fakes, 0.5)

    report = carry_out(fakes, agents=6, budget=1.1, cap=0.55)

    assert engines(fakes, report) == [EngineName.LLM] * 2 + [EngineName.CODEMOD] * 4
    assert [agent.outcome for agent in report.agents] == [Outcome.COMPLETED] * 6
    assert [agent.cost for agent in report.agents] == [Usd.of(0.5)] * 2 + [Usd.of(0)] * 4
    assert report.stopped is WhyStopped.DONE
    told = [note for note in report.notes if "no further agent can be funded; codemod goes on at $0" in note]
    assert len(told) == 1
    assert "because $0.10 of $1.10 is left ($1.00 spent, $0.00 held)" in told[0]


def test_ten_agents_on_one_dollar_never_cost_more_than_it(fakes: Fakes) -> None:
    spending(fakes, 0.9)

    report = carry_out(fakes, agents=8, budget=1.0, cap=1.0)

    assert report.cost == Usd.of(0.9)
    assert engines(fakes, report).count(EngineName.LLM) == 1


def test_an_agent_whose_cap_is_spent_fails_with_the_arithmetic_and_the_others_go_on(fakes: Fakes) -> None:
    spender = spending(fakes, 0.3)
    pay = spender.pay

    def pay_twice(bench: Bench) -> None:
        pay(bench)
        if bench.ticket.feature.name == "part1":
            pay(bench)

    spender.pay = pay_twice  # type: ignore[method-assign]

    report = carry_out(fakes, agents=3, budget=5, cap=0.5)

    (failed,) = report.ended(Outcome.FAILED)
    assert failed.failure is not None
    assert "can cost up to $0.30, and the cap of agent" in failed.failure
    assert failed.cost == Usd.of(0.3)
    assert len(report.ended(Outcome.COMPLETED)) == 2


def test_alerts_are_told_once_each_in_the_log_the_status_prefect_and_the_report(
    fakes: Fakes, prefect_url: str
) -> None:
    spender = spending(fakes, 0.3)
    pause = threading.Event()
    pay = spender.pay

    def pay_and_wait(bench: Bench) -> None:
        pay(bench)
        pause.wait(6)

    spender.pay = pay_and_wait  # type: ignore[method-assign]

    report = carry_out(fakes, agents=3, budget=1.0, cap=0.32)

    for told in (
        "Budget alert: 50 % is spent, $0.90 of $1.00.",
        "Budget alert: 80 % is spent, $0.90 of $1.00.",
    ):
        assert lines(fakes, report).count(told) == 1
        assert told in report.notes
    status = fakes.tools.journal.status(report.run_id)
    assert status is not None
    assert len(status.alerts) == 2
    with get_client(sync_client=True) as client:
        whole = client.read_flow_run(fakes.tools.journal.run_flow(report.run_id))  # type: ignore[arg-type]
    assert "budget-alert:50,80" in whole.tags
    progress = httpx.get(f"{prefect_url}/artifacts/progress-{report.run_id}/latest").json()["data"]
    assert "80 % is spent" in progress


def test_people_see_the_cost_of_the_run_and_of_each_agent_in_prefect_while_they_work(fakes: Fakes) -> None:
    spender = spending(fakes, 0.25)
    pay, seen = spender.pay, []

    def pay_and_look(bench: Bench) -> None:
        pay(bench)
        run = f"run:{bench.ticket.run_id}"
        for _ in range(100):
            with get_client(sync_client=True) as client:
                found = client.read_flow_runs(
                    flow_run_filter=FlowRunFilter(tags=FlowRunFilterTags(all_=[run, "cost-usd:0.25"])),
                    sort=FlowRunSort.START_TIME_DESC,
                    limit=5,
                )
                whole = client.read_flow_run(fakes.tools.journal.run_flow(bench.ticket.run_id))  # type: ignore[arg-type]
            if found and "cost-usd:0.25" in whole.tags:
                seen.append(whole.labels.get("cost_usd"))
                return
            time.sleep(0.2)

    spender.pay = pay_and_look  # type: ignore[method-assign]

    carry_out(fakes, agents=1, budget=1.0, cap=1.0)

    assert seen == [0.25]


def test_the_report_counts_tokens_and_what_was_charged_at_worst(fakes: Fakes) -> None:
    spender = spending(fakes, 0.2)
    spender.loses_its_reply = True
    # The request of a process that is gone: its reply can't come any more.
    spender.owner = this_host().model_copy(update={"pid": 2**22 - 1})

    report = carry_out(fakes, agents=2, budget=1.0, cap=0.4)

    assert report.cost == report.spending.forfeited == Usd.of(0.4)
    assert (report.spending.requests, report.spending.input) == (2, 0)


def test_tokens_are_summed_up_for_the_run_and_each_agent(fakes: Fakes) -> None:
    spending(fakes, 0.2)

    report = carry_out(fakes, agents=2, budget=1.0, cap=0.4)

    assert (report.spending.input, report.spending.cached, report.spending.output) == (2000, 1200, 100)
    assert [agent.spending.requests for agent in report.agents] == [1, 1]
    assert sum(report.cost_by_kind.values(), start=Usd(0)) == report.cost


def test_an_order_whose_first_request_is_too_dear_is_refused_before_anything_exists(fakes: Fakes) -> None:
    spending(fakes, 0.2)
    fakes.tools.least = lambda order: Usd.of("1.61")
    fakes.tools.model_of = lambda order: "gpt-6-astra"

    with pytest.raises(
        BudgetExhausted, match=r"first request to gpt-6-astra can cost up to \$1\.61, which --cap \$1\.00"
    ):
        carry_out(fakes, agents=2, budget=10, cap=1.0)

    assert fakes.tools.journal.runs() == ()
    assert list(fakes.workspace.branches) == []


def test_who_is_asked_and_who_reviews_sees_what_the_change_cost(fakes: Fakes) -> None:
    spending(fakes, 0.25)

    with somebody(fakes, lambda question: decide(fakes, question, Answer.APPROVED)) as asked:
        carry_out(fakes, agents=1, budget=1.0, cap=0.5, approval=True)

    assert "Cost: $0.25 of $0.50" in asked[0].text
    (page,) = fakes.forge.pull_requests.values()
    assert "$0.25 of at most $0.50" in str(page)


def test_a_run_without_a_model_asks_nobody_for_a_price(fakes: Fakes) -> None:
    def unnamed(order: RunOrder) -> Usd:
        raise OperatorMistake("No model is named.")

    record = a_run(repository=str(fakes.tools.repository))
    fakes.tools.journal.open_run(record)
    fakes.tools.ledger.open_account(run_account(record.id), Usd.of(10))
    fakes.tools.least = unnamed

    watch_money(fakes.tools, record)

    assert fakes.tools.journal.events(record.id) == ()


@pytest.mark.parametrize(("is_sent", "said"), [(True, "charged in full"), (False, "given back")])
def test_it_is_told_what_became_of_a_dead_process_money(fakes: Fakes, is_sent: bool, said: str) -> None:
    record = a_run(repository=str(fakes.tools.repository))
    ledger = fakes.tools.ledger
    fakes.tools.journal.open_run(record)
    for account in (run_account(record.id), agent_account("abc12345")):
        ledger.open_account(account, Usd.of(1))
    dead = this_host().model_copy(update={"pid": 2**22 - 1})
    ledger.reserve(Hold("h", record.id, "abc12345", Usd.of(0.2), dead, NOON, later(60), "m"))
    if is_sent:
        ledger.mark_sent("h")

    reap(fakes.tools)

    (event,) = fakes.tools.journal.events(record.id)
    assert event.text == f"Agent abc12345: $0.20 of a request whose process died is {said}."
