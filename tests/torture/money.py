"""Ten processes spend from one run while they are killed at random; told at the end is what became of the money.

    python -m tests.torture.money URL [--kills 300] [--seed 1]

Prints one JSON object. The workers are forked from a process that never opens the database: no connection may cross a
fork.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from fresh.adapters.genai_prices import GenaiPrices
from fresh.adapters.openai_model import OpenAIModel, Wire
from fresh.adapters.processes import lives, this_host
from fresh.adapters.sql_journal import SqlJournal
from fresh.domain.budget import HoldState, agent_account, run_account
from fresh.domain.conversation import Request, Tier, Told
from fresh.domain.money import Usd
from fresh.engines.llm.meter import Meter
from fresh.errors import BudgetExhausted, ModelRefused, ModelUnclear
from tests.fakes.story import RUN, a_ticket
from tests.torture.billing import Provider

AGENTS = tuple(f"agent{number:03}" for number in range(10))
RUN_CAP, AGENT_CAP = Usd.of(30), Usd.of(4)
"""Ten agents could take $40 of $30, so both walls are run against."""
MODELS = ("gpt-5-mini", "gpt-6.1-sol", "gpt-6-luna")
LONG = 700_000
"""Bytes that can come to more tokens than where a long context costs more (272,000)."""
LIVES_FOR = 0.12
"""Seconds between two kills, at most."""


@dataclass
class HastyClock:
    """The real time, but waits take a hundredth of what they should."""

    ahead: float = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def sleep(self, seconds: float) -> None:
        self.ahead += seconds
        time.sleep(seconds / 100)


def spend(url: str, server: str, agent: str, refusals: int) -> None:
    """Ask one request after the other until killed; note every refusal of the budget."""
    chance = random.Random()
    ticket = a_ticket(agent)
    meter = Meter(
        model=OpenAIModel(base_url=server, api_key=agent, wire=Wire.RESPONSES, is_openai=True),
        ledger=SqlJournal(url, lives),
        prices=GenaiPrices(),
        clock=HastyClock(),
        host=this_host(),
        permit=nullcontext,
    )
    while True:
        length = LONG if chance.random() < 0.02 else chance.randint(1, 60_000)
        request = Request(
            model=chance.choice(MODELS),
            instructions="Spend.",
            items=(Told(text="x " * (length // 2)),),
            max_output_tokens=chance.randint(16, 60_000),
            tier=chance.choice(list(Tier)),
            seconds=20,
        )
        try:
            meter.ask(ticket, request)
        except BudgetExhausted:
            os.write(refusals, b".")
            time.sleep(0.02)
        except (ModelRefused, ModelUnclear):
            continue


def reap_for_ever(url: str) -> None:
    """Be the reaper that every run has."""
    journal = SqlJournal(url, lives)
    while True:
        journal.reap(datetime.now(UTC))
        time.sleep(0.2)


def forked(errors: int, work: Callable[[], None]) -> int:
    """Start a process; whatever it raises is noted."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    except BaseException:  # noqa: BLE001 - a worker that breaks for any reason must be told
        os.write(errors, traceback.format_exc().encode())
    finally:
        os._exit(3)


def prepare(url: str) -> None:
    """Open the accounts, in a process of its own."""
    journal = SqlJournal(url, lives)
    journal.open_account(run_account(RUN), RUN_CAP)
    for agent in AGENTS:
        journal.open_account(agent_account(agent), AGENT_CAP)
    journal.close()


def end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def torture(url: str, kills: int, seed: int, folder: Path) -> dict[str, object]:
    """Kill so many processes; return what stands in the provider's books and in ours."""
    chance = random.Random(seed)
    errors = os.open(folder / "errors", os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    refusals = os.open(folder / "refusals", os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    os.waitpid(forked(errors, lambda: (prepare(url), os._exit(0))[0]), 0)  # type: ignore[func-returns-value]
    provider = Provider(folder / "books", seed)
    serving = forked(errors, provider.serve_forever)
    reaping = forked(errors, lambda: reap_for_ever(url))

    def start(agent: str) -> int:
        return forked(errors, lambda: spend(url, provider.url, agent, refusals))

    workers = {agent: start(agent) for agent in AGENTS}
    for _ in range(kills):
        time.sleep(chance.uniform(0, LIVES_FOR))
        agent = chance.choice(AGENTS)
        end(workers[agent])
        workers[agent] = start(agent)
    time.sleep(1.0)
    for pid in (*workers.values(), serving, reaping):
        end(pid)
    return outcome(url, folder, kills)


def outcome(url: str, folder: Path, kills: int) -> dict[str, object]:
    """Compare the provider's books with ours."""
    billed = dict.fromkeys(AGENTS, Decimal(0))
    lines = (folder / "books").read_text().splitlines()
    for line in lines:
        agent, micros, _ = line.split()
        billed[agent] += Decimal(micros)
    journal = SqlJournal(url, lives)
    open_before = len([hold for hold in journal.holds(run_account(RUN)) if hold.state is HoldState.SENT])
    journal.reap(datetime.now(UTC))
    run = journal.account(run_account(RUN))
    accounts = {agent: journal.account(agent_account(agent)) for agent in AGENTS}
    assert run is not None
    spent = {agent: account.spent.micros for agent, account in accounts.items() if account is not None}
    holds = journal.holds(run_account(RUN))
    known = {hold.id for hold in holds}
    return {
        "kills": kills,
        "requests_billed": len(lines),
        "billed": float(sum(billed.values())) / 1e6,
        "spent": run.spent.dollars,
        "overspend": max(0.0, float(sum(billed.values()) - RUN_CAP.micros)),
        "agent_overspend": max(max(0.0, float(cost) - AGENT_CAP.micros) for cost in billed.values()),
        "undercount": sum(max(0.0, float(billed[agent]) - spent[agent]) for agent in AGENTS),
        "tree_mismatch": abs(sum(spent.values()) - run.spent.micros),
        "still_held": run.held.micros + sum(account.held.micros for account in accounts.values() if account),
        "frozen": run.frozen,
        "unknown_requests": len([line for line in lines if line.split()[2] not in known]),
        "refusals": (folder / "refusals").stat().st_size,
        "left_open_by_the_last_kills": open_before,
        "forfeited": len([hold for hold in holds if hold.state is HoldState.FORFEITED]),
        "settled": len([hold for hold in holds if hold.state is HoldState.SETTLED]),
        "errors": (folder / "errors").read_text()[:2000],
    }


def main() -> None:
    """Read the arguments, torture, and print what became of the money."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fresh-torture-") as folder:
        json.dump(torture(given.url, given.kills, given.seed, Path(folder)), sys.stdout)


if __name__ == "__main__":
    main()
