"""A whole night at a hundred times its speed: eight hours, forty features, a scripted model that loses replies, people who
answer early, late or never, an outage of Prefect, and a budget that ends. The report must add up to the cent.
"""

from __future__ import annotations

import json
import random
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fresh.adapters.prefect_control import PrefectControl
from fresh.adapters.processes import this_host
from fresh.domain.agent import Outcome
from fresh.domain.approval import Answer, Decision, Question
from fresh.domain.budget import Bill, Hold, agent_account, run_account
from fresh.domain.conversation import Usage
from fresh.domain.money import ZERO, Usd
from fresh.domain.order import EngineName, RunOrder
from fresh.errors import ServerUnreachable
from fresh.ports import Bench
from fresh.wiring import using
from tests.fakes.engine import ScriptedEngine, appends_a_line
from tests.fakes.toolbox import Fakes, a_toolbox

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.night, pytest.mark.timeout(1200)]

SPEED = 100.0
HOURS = 8.0
FEATURES = 40
BUDGET = Usd.of("2.00")
SEED = 20261125
OUTAGE = (timedelta(hours=1), timedelta(hours=1, minutes=40))
LOST = 0.15
"""Share of the requests whose reply never comes."""


@dataclass
class FastClock:
    """Time that passes a hundred times as fast."""

    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    _real: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        return self.began + timedelta(seconds=(time.monotonic() - self._real) * SPEED)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / SPEED)

    def within(self, window: tuple[timedelta, timedelta]) -> bool:
        return window[0] <= self.now() - self.began < window[1]


class AwayAtTimes(PrefectControl):
    """Prefect as seen from outside a flow, which does not answer for a while."""

    def __init__(self, limits: Mapping[str, int], clock: FastClock) -> None:
        super().__init__(limits)
        self._clock = clock
        self.refused = 0

    def _fail(self) -> None:
        if self._clock.within(OUTAGE):
            self.refused += 1
            raise ServerUnreachable("The Prefect server does not answer: away.", retryable=True)

    def state(self, flow_run_id: str) -> str | None:
        self._fail()
        return super().state(flow_run_id)


class ScriptedModel:
    """Charge odd amounts for each round of work, and keep a book of its own."""

    def __init__(self, fakes: Fakes, clock: FastClock) -> None:
        self.fakes, self.clock = fakes, clock
        self.book: dict[str, Usd] = defaultdict(lambda: ZERO)
        self.lost = ZERO
        self._draw, self._lock = random.Random(SEED), threading.Lock()

    def __call__(self, bench: Bench, rounds: int) -> None:
        for _ in range(3):
            self.clock.sleep(self._uniform(60, 400))
            self._ask(bench)
        appends_a_line(bench, rounds)

    def _uniform(self, least: float, most: float) -> float:
        with self._lock:
            return self._draw.uniform(least, most)

    def _ask(self, bench: Bench) -> None:
        ticket, ledger = bench.ticket, self.fakes.tools.ledger
        amount = Usd(int(self._uniform(60_000, 110_000)))
        bill = Usd(int(amount.micros * self._uniform(0.3, 1.0)))
        now = self.clock.now()
        hold = Hold(
            id=secrets.token_hex(8),
            run_id=ticket.run_id,
            agent_id=ticket.agent_id,
            amount=amount,
            owner=this_host(),
            at=now,
            expires=now + timedelta(hours=9),
            model="gpt-5-mini",
        )
        ledger.reserve(hold)
        ledger.mark_sent(hold.id)
        if self._uniform(0, 1) < LOST:
            ledger.forfeit(hold.id, "no reply came")
            charged = amount
        else:
            ledger.settle(hold.id, Bill(bill, Usage(input=1000, cached=0, output=50), "default"))
            charged = bill
        with self._lock:
            self.book[ticket.agent_id] += charged
            self.lost += charged if charged is amount else ZERO


class Person:
    """Answer some questions at once, some late, some never."""

    def __init__(self, fakes: Fakes, clock: FastClock) -> None:
        self.fakes, self.clock = fakes, clock
        self.over = threading.Event()
        self.seen: dict[str, datetime] = {}
        self.thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self.over.wait(0.2):
            journal = self.fakes.tools.journal
            for record in journal.runs():
                for question in journal.questions(record.id, undecided=True):
                    self._consider(question)

    def _consider(self, question: Question) -> None:
        first = self.seen.setdefault(question.id, self.clock.now())
        kind = int(question.agent_id[:2], 16) % 5
        patience = {0: 0.0, 1: 20.0, 2: 45.0, 3: 2.0}.get(kind)
        if patience is None or self.clock.now() - first < timedelta(minutes=patience):
            return
        answer = Answer.REJECTED if kind == 3 else Answer.APPROVED
        decision = Decision(answer=answer, by="ada", through="slack", text="", at=self.clock.now())
        self.fakes.tools.journal.decide(question.id, decision)


def test_the_report_of_a_night_adds_up_to_the_cent(tmp_path: Path, prefect_url: str) -> None:
    from flows.run import run

    clock = FastClock()
    control = AwayAtTimes({"fresh-sandboxes": 2, "fresh-models": 2}, clock)
    fakes = a_toolbox(tmp_path.resolve(), control, features=FEATURES)
    (fakes.tools.repository / ".git").mkdir()
    fakes.tools.clock = clock
    model = ScriptedModel(fakes, clock)
    fakes.tools.engines = {
        EngineName.CODEMOD: ScriptedEngine(
            act=lambda bench, rounds: (clock.sleep(300), appends_a_line(bench, rounds))
        ),  # type: ignore[arg-type,return-value]
        EngineName.LLM: ScriptedEngine(act=model),
    }
    order = RunOrder(
        repo=str(fakes.tools.repository),
        agents=6,
        budget=BUDGET,
        cap=Usd.of("0.40"),
        overnight=True,
        hours=HOURS,
        engine=EngineName.LLM,
    )
    person = Person(fakes, clock)
    person.thread.start()
    began = time.monotonic()
    with using(fakes.tools):
        report = run(order, None)
    taken = time.monotonic() - began
    person.over.set()

    names = [agent.agent_id for agent in report.agents]
    assert len(names) == len(set(names)) == len(fakes.tools.journal.tickets(report.run_id)) <= FEATURES
    assert {agent.agent_id: agent.cost for agent in report.agents if agent.cost > ZERO} == dict(model.book)
    account = fakes.tools.ledger.account(run_account(report.run_id))
    assert account is not None
    total = sum(model.book.values(), start=ZERO)
    assert report.cost == total == account.spent == report.spending.spent
    assert account.held == ZERO
    assert report.spending.forfeited == model.lost > ZERO
    assert report.cost <= BUDGET
    assert any("codemod goes on at $0" in note for note in report.notes)
    for agent in report.agents:
        own = fakes.tools.ledger.account(agent_account(agent.agent_id))
        assert own is None or own.spent == agent.cost
    outcomes = [agent.outcome for agent in report.agents]
    assert {Outcome.COMPLETED, Outcome.REJECTED} <= set(outcomes)
    published = {agent.branch for agent in report.agents if agent.outcome is Outcome.COMPLETED}
    assert len(fakes.forge.pull_requests) == len(published)
    assert control.refused > 0
    assert report.runtime_seconds <= HOURS * 3600 * 1.1
    written = json.loads(next((tmp_path / "state").glob("orchestration_report_*.json")).read_text())
    assert round(sum(agent["cost"] for agent in written["agents"]), 6) == written["cost"] == total.dollars
    print(
        f"{len(names)} agents in {report.runtime_seconds / 3600:.2f} h of the night ({taken:.0f} s), {report.cost.exact}"
        f" of {BUDGET}, {report.spending.forfeited.exact} forfeited, ended because {report.stopped};"
        f" { ({outcome.value: outcomes.count(outcome) for outcome in set(outcomes)}) }"
    )
