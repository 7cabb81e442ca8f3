"""Twenty agents on two workers, while workers, Redis and API servers are killed: each ends once, and the money is right."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterTags
from prefect.settings import PREFECT_API_URL, temporary_settings
from sqlalchemy import create_engine, text

from fresh.adapters.processes import lives
from fresh.adapters.sql_journal import SqlJournal
from fresh.deciding import decide
from fresh.domain.agent import Outcome
from fresh.domain.answering import Attempt
from fresh.domain.approval import Answer
from fresh.domain.budget import HoldState, agent_account, run_account
from fresh.domain.money import Usd
from fresh.domain.people import Actor, Door, People
from fresh.errors import FreshError
from tests.e2e.departments import MODEL, able, lay_out_shop
from tests.e2e.fleet import Fleet, Machine, Service, until
from tests.e2e.operator import Operator
from tests.fakes.databases import postgres  # noqa: F401 - a fixture
from tests.fakes.openai_server import OpenAIServer, Rates, Rules, serving
from tests.fakes.redis_server import RedisServer, redis_program

pytestmark = [pytest.mark.slow, pytest.mark.night, pytest.mark.timeout(1800)]

SEED = 20261130
AGENTS = 20
SEATS = 2
ADA = Actor(door=Door.TERMINAL, id="ada", name="Ada")
KILLS = ("a machine", "a worker", "Redis", "an API server")
ROUNDS = 2
"""How often each of them is killed; for ever, on a slow machine no agent would come to its end."""


@pytest.fixture
def provider() -> Iterator[OpenAIServer]:
    # Prices of one's own know no cheaper cached tokens.
    with serving(Rules(answer=able, rates=Rates(cached=Decimal(1)))) as server:
        yield server


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A shop of twenty departments, with a bare remote."""
    place = tmp_path.resolve() / "shop"
    somebody = lay_out_shop(place, AGENTS)
    somebody.git("clone", "-q", "--bare", str(place), str(place.with_suffix(".git")))
    somebody.git("remote", "add", "origin", place.with_suffix(".git").as_uri())
    return place


@pytest.fixture
def fleet(tmp_path: Path, repository: Path, provider: OpenAIServer, postgres: str) -> Iterator[Fleet]:  # noqa: F811
    program = redis_program()
    if program is None:
        pytest.skip("Redis is not installed: make redis")
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in ("prefect", "journal"):
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    base = postgres.rpartition("/")[0]
    urls = (f"{base}/prefect".replace("+psycopg", "+asyncpg"), f"{base}/journal")
    keys = {**MODEL, "OPENAI_BASE_URL": provider.url}
    folder = tmp_path.resolve() / "fleet"
    folder.mkdir()
    redis = RedisServer(program, folder / "redis")
    made = Fleet(folder, redis, urls[1])
    try:
        made.begin(repository, urls[0], SEATS, keys)
        yield made
    finally:
        made.end()
        redis.kill()


class Ada:
    """Approve every question soon after it was asked, and note where agents live."""

    def __init__(self, url: str, seed: int) -> None:
        self.journal = SqlJournal(url, lives)
        self.asked: set[str] = set()
        self.hosts: dict[str, set[str]] = {}
        self._draw, self._over = random.Random(seed), threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join(10)

    def _look(self) -> None:
        while not self._over.wait(0.5):
            with suppress(FreshError):
                for record in self.journal.runs():
                    for ticket in self.journal.tickets(record.id):
                        host = self.journal.hosting(ticket.agent_id).host
                        if host is not None:
                            self.hosts.setdefault(host.machine.partition("/")[0], set()).add(ticket.agent_id)
                    for question in self.journal.questions(record.id, undecided=True):
                        self.asked.add(question.agent_id)
                        if self._draw.random() < 0.3:
                            attempt = Attempt(
                                question=question.id, answer=Answer.APPROVED, seal=question.seal
                            )
                            decide(self.journal, People(), ADA, attempt, datetime.now(UTC))


class Fate:
    """Kill at random moments, and let what was killed come back a little later."""

    def __init__(self, fleet: Fleet, seed: int) -> None:
        self.killed: Counter[str] = Counter()
        self._fleet, self._draw = fleet, random.Random(seed)
        self._due: list[str] = []

    def strike(self) -> None:
        """Kill one thing, each kind as often as the others, and bring it back."""
        if not self._due:
            self._due = self._draw.sample(KILLS, len(KILLS))
        kind = self._due.pop()
        kill, restore, pause = self._choose(kind)
        print(f"{time.strftime('%H:%M:%S')} {kind} is killed", flush=True)
        kill()
        self.killed[kind] += 1
        time.sleep(pause)
        restore()

    def _choose(self, kind: str) -> tuple[Callable[[], None], Callable[[], None], float]:
        draw = self._draw
        machine: Machine = draw.choice(self._fleet.machines)
        server: Service = draw.choice(self._fleet.servers)
        match kind:
            case "a machine":
                return machine.cut_power, machine.boot, draw.uniform(2, 20)
            case "a worker":
                return machine.kill_worker, lambda: None, 0.0
            case "Redis":
                return self._fleet.redis.kill, self._fleet.redis.start, draw.uniform(1, 6)
            case _:
                return server.kill, server.start, draw.uniform(1, 10)


def test_twenty_agents_over_two_workers_end_once_whatever_is_killed(
    fleet: Fleet, repository: Path, provider: OpenAIServer
) -> None:
    draw = random.Random(SEED)
    somebody = Operator(repository, {**fleet.environment, "FRESH_HOME": str(fleet.folder / "operator")})
    until("the deployments are there", lambda: _is_deployed(fleet.url), 180)
    before = somebody.belongings()
    words = ["--agents", str(AGENTS), "--budget", "60", "--cap", "3", "--kind", "tests"]
    somebody.fresh("auto", "start", "--detach", *words, "--approval-timeout", "600")
    ada, fate = Ada(fleet.journal_url, SEED), Fate(fleet, SEED)
    journal = ada.journal
    until("agents live on both machines", lambda: len(ada.hosts) >= 2, 300)

    deadline = time.monotonic() + 1500
    while not _is_closed(journal):
        assert time.monotonic() < deadline, _standing(journal)
        time.sleep(draw.uniform(5, 25))
        if fate.killed.total() < ROUNDS * len(KILLS) and not _is_closed(journal):
            fate.strike()
    ada.end()

    print(dict(fate.killed), {name: len(agents) for name, agents in ada.hosts.items()})
    assert set(fate.killed) == set(KILLS)
    (record,) = journal.runs()
    _every_agent_ended_once(journal, record.id, somebody, fleet)
    assert ada.asked == {report.agent_id for report in journal.reports(record.id)}
    _the_money_is_right(journal, record.id, provider)
    _nobody_is_left(fleet, record.id)
    assert somebody.belongings() == before


def _is_deployed(url: str) -> bool:
    with temporary_settings({PREFECT_API_URL: url}), get_client(sync_client=True) as client:
        try:
            return bool(
                client.read_deployment_by_name("run/interactive")
                and client.read_deployment_by_name("agent/worker")
            )
        except Exception:  # noqa: BLE001 - the servers have only just started
            return False


def _is_closed(journal: SqlJournal) -> bool:
    return all(record.closed_at is not None for record in journal.runs()) and bool(journal.runs())


def _standing(journal: SqlJournal) -> str:
    (record,) = journal.runs()
    status = journal.status(record.id)
    lines = [event.text for event in journal.events(record.id)][-60:]
    return "\n".join([*(f"{agent.id} {agent.phase}" for agent in status.agents), *lines]) if status else ""


def _every_agent_ended_once(journal: SqlJournal, run: str, somebody: Operator, fleet: Fleet) -> None:
    tickets, reports = journal.tickets(run), journal.reports(run)
    assert len(tickets) == AGENTS
    assert [report.agent_id for report in reports] == [ticket.agent_id for ticket in tickets]
    assert {report.outcome for report in reports} == {Outcome.COMPLETED}, _standing(journal)
    ends = Counter(event.agent_id for event in journal.events(run) if " completed " in event.text)
    assert ends == Counter({ticket.agent_id: 1 for ticket in tickets})
    assert {report.reviewed_by for report in reports} == {"Ada (through terminal)"}
    assert somebody.branches() == {str(report.branch): str(report.commit) for report in reports}
    merged = f"Integration of {AGENTS} branches: The tests pass on the merge of {AGENTS} branches."
    assert merged in [event.text for event in journal.events(run)]
    pages = {page.name for page in fleet.folder.glob("*/state/pull_requests/*.md")}
    assert len(pages) == AGENTS


def _the_money_is_right(journal: SqlJournal, run: str, provider: OpenAIServer) -> None:
    """What was settled is what was billed; what was lost is charged in full, and never less than was billed."""
    journal.reap(datetime.now(UTC))
    account = journal.account(run_account(run))
    assert account is not None
    holds = {hold.id: hold for hold in journal.holds(run_account(run))}
    billed = Counter[str]()
    for entry in provider.seen:
        billed[entry.request_id] += entry.billed
    assert set(billed) <= set(holds)
    for name, hold in holds.items():
        if hold.state is HoldState.SETTLED:
            assert hold.charge.micros == billed[name]
        else:
            assert hold.charge.micros >= billed[name]
    assert account.spent == sum((hold.charge for hold in holds.values()), Usd(0))
    agents = [journal.account(agent_account(ticket.agent_id)) for ticket in journal.tickets(run)]
    assert account.spent == sum((agent.spent for agent in agents if agent is not None), Usd(0))
    assert account.held == Usd(0)
    assert sum(billed.values()) <= account.spent.micros <= 60_000_000
    lost = [hold for hold in holds.values() if hold.state is HoldState.FORFEITED]
    print(
        f"{len(holds)} requests, {len(lost)} of them lost, {account.spent.exact} spent, {sum(billed.values()) / 1e6} billed"
    )


def _nobody_is_left(fleet: Fleet, run: str) -> None:
    """No process hosts anything, and no flow run is left that nobody works on."""
    deadline = time.monotonic() + 90
    while left := [(one.name, one.processes("deployments.hosted")) for one in fleet.machines]:
        if not any(pids for _, pids in left):
            break
        assert time.monotonic() < deadline, f"these processes host something: {left}"
        time.sleep(0.5)

    def unfinished() -> list[UUID]:
        wanted = FlowRunFilter(tags=FlowRunFilterTags(all_=[f"run:{run}"]))
        with temporary_settings({PREFECT_API_URL: fleet.url}), get_client(sync_client=True) as client:
            runs = client.read_flow_runs(flow_run_filter=wanted, limit=200)
        return [one.id for one in runs if one.state is None or not one.state.is_final()]

    until("every flow run has ended", lambda: not unfinished(), 120)
