"""Our side of `benchmarks.engine`: some agents at once in one process, on everything that is real but Prefect.

python -m benchmarks.engine_child FOLDER URL AGENTS
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from fresh.adapters.bwrap_sandbox import BwrapSandbox
from fresh.adapters.genai_prices import GenaiPrices, OwnPrice
from fresh.adapters.git_workspace import GitWorkspace
from fresh.adapters.openai_model import OpenAIModel
from fresh.adapters.pip_environment import PipEnvironments
from fresh.adapters.processes import lives, this_host
from fresh.adapters.ruff_lint import RuffLint
from fresh.adapters.sql_journal import SqlJournal
from fresh.adapters.system_clock import SystemClock
from fresh.domain.agent import Ticket
from fresh.domain.budget import agent_account, run_account
from fresh.domain.feature import Inventory, Kind
from fresh.domain.money import Usd
from fresh.domain.order import EngineName, RunOrder
from fresh.domain.record import RunRecord
from fresh.engines.llm.asking import Asker
from fresh.engines.llm.engine import LlmEngine
from fresh.engines.llm.meter import Meter
from fresh.inventory.scan import take_inventory
from fresh.proving.limited import LimitedSandbox
from fresh.proving.prover import TargetProver
from tests.lean import lean_python

MODEL = "fake-model"
RUN = "run00001"
BROKEN = 'def add(a, b):\n    """Add two numbers."""\n    raise NotImplementedError\n'
FIXED = BROKEN.replace("raise NotImplementedError", "return a + b")
FILES = {
    "calc.py": BROKEN,
    "test_calc.py": "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n",
}


def lay_project(place: Path) -> None:
    """Make a repository with one function that is not there yet, and a test of it."""
    place.mkdir(parents=True)
    for path, text in FILES.items():
        (place / path).write_text(text)
    for words in ("init -q", "add .", "-c user.name=A -c user.email=a@example.org commit -qm calc"):
        subprocess.run(["git", *words.split()], cwd=place, check=True, capture_output=True)


@dataclass(frozen=True)
class Office:
    """Everything that the agents of one run share."""

    engine: LlmEngine
    prover: TargetProver
    workspace: GitWorkspace
    base: str
    inventory: Inventory

    def ticket(self, number: int) -> Ticket:
        """Write the ticket of one agent."""
        feature = self.inventory.feature("calc:add")
        if feature is None:
            raise SystemExit("the inventory knows no calc:add")
        agent = f"agent{number:03}"
        return Ticket(
            run_id=RUN, agent_id=agent, order=RunOrder(python=lean_python()), repository=self.workspace.home,
            base=self.base, branch=f"autonomous/{agent}-add", feature=feature, kind=Kind.STUB,
            reasons=("it is a stub",), footprint=("calc.py",), engine=EngineName.LLM, seed=1,
        )  # fmt: skip

    def work(self, ticket: Ticket) -> bool:
        """Let one agent plan, work and commit; say whether its commit holds the fix."""
        bench = self.prover.bench(ticket)
        plan = self.engine.plan(bench)
        bench.reset()
        self.engine.work(bench, plan, None, "")
        commit = self.workspace.commit(self.prover.tree(ticket), plan.summary, ticket.base)
        return commit is not None and self.workspace.read(commit, "calc.py").decode() == FIXED


def main() -> None:
    """Run the agents, and write down how many made the fix."""
    folder, url, agents = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    state, lint, clock = folder / "state", RuffLint(), SystemClock()
    workspace = GitWorkspace(folder / "work0", state)
    sandbox = LimitedSandbox(BwrapSandbox(state), max(2, os.cpu_count() or 2), nullcontext)
    journal = SqlJournal(f"sqlite:///{folder / 'journal.db'}", lives)
    prices = GenaiPrices(OwnPrice(Decimal(1), Decimal(10)))
    model = OpenAIModel(base_url=url, api_key="x")
    meter = Meter(model, journal, prices, clock, this_host(), nullcontext)
    engine = LlmEngine(Asker(meter, MODEL, max_output_tokens=4096), journal, clock)
    base = workspace.take_base()

    def survey(commit: str) -> Inventory:
        return take_inventory(workspace, commit, state / "inventory", lint=lint)

    environments = PipEnvironments(workspace, sandbox, state)
    prover = TargetProver(workspace, sandbox, environments, state, survey, lint)
    office = Office(engine, prover, workspace, base, survey(base))
    journal.open_account(run_account(RUN), Usd.of(10))
    tickets = [office.ticket(number) for number in range(agents)]
    order = RunOrder(python=lean_python())
    opened = clock.now()
    record = RunRecord(
        id=RUN, repository=workspace.home, order=order, base=base, engine=EngineName.LLM, seed=1,
        opened_at=opened, deadline=opened + timedelta(hours=1),
    )  # fmt: skip
    journal.open_run(record)
    for ticket in tickets:
        journal.add_agent(ticket, clock.now())
        journal.open_account(agent_account(ticket.agent_id), Usd.of(1), Usd.of(0.05))
    with ThreadPoolExecutor(agents) as seats:
        fixed = sum(seats.map(office.work, tickets))
    (folder / "fixed").write_text(str(fixed))


if __name__ == "__main__":
    main()
