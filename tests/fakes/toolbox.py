"""A toolbox for tests: fakes behind every port but the journal, which is a real one on SQLite."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fresh.adapters.processes import lives, this_host
from fresh.adapters.report_files import ReportsBelow
from fresh.adapters.sql_journal import SqlJournal
from fresh.adapters.system_clock import SystemClock
from fresh.domain.feature import Feature, Inventory, Reachability
from fresh.domain.order import EngineName
from fresh.domain.redaction import Redactor
from fresh.ports import ControlRoom
from fresh.wiring import Toolbox
from tests.fakes.engine import ScriptedEngine
from tests.fakes.forge import FakeForge
from tests.fakes.prover import FakeProver
from tests.fakes.sandbox import FakeSandbox
from tests.fakes.workspace import FakeWorkspace


@dataclass
class Fakes:
    """A toolbox and the fakes inside it."""

    tools: Toolbox
    workspace: FakeWorkspace
    engine: ScriptedEngine
    forge: FakeForge
    prover: FakeProver
    sandbox: FakeSandbox
    inventory: Inventory


def unhooked(number: int) -> Feature:
    """A feature in a file of its own that nothing reaches."""
    return Feature(
        key=f"shop.part{number}:part{number}",
        module=f"shop.part{number}",
        qualname=f"part{number}",
        path=f"shop/part{number}.py",
        line=1,
        end_line=2,
        reachability=Reachability.UNHOOKED,
        necessity=0.5,
        tested=1.0,
    )


def a_toolbox(
    folder: Path, control: ControlRoom, *, features: int = 3, secrets: tuple[str, ...] = ()
) -> Fakes:
    """Build a toolbox for a repository with so many unhooked features; its state lies in `folder`."""
    redact = Redactor(secrets)
    repository = folder / "repo"
    repository.mkdir(parents=True, exist_ok=True)
    home = folder / "state"
    home.mkdir(exist_ok=True)
    workspace = FakeWorkspace(home=str(repository))
    commit = workspace.record(
        {f"shop/part{n}.py": f"def part{n}():\n    return {n}\n" for n in range(features)}
    )
    inventory = Inventory(
        commit=commit, digest="d" * 12, features=tuple(unhooked(n) for n in range(features)), files=features
    )
    engine, forge, sandbox = ScriptedEngine(), FakeForge(), FakeSandbox()
    prover = FakeProver(workspace, inventory)
    journal = SqlJournal(f"sqlite:///{home}/journal.db", lives, redact=redact)
    tools = Toolbox(
        repository=repository,
        home=home,
        host=this_host(),
        clock=SystemClock(),
        journal=journal,
        ledger=journal,
        make_control=lambda: control,
        workspace=workspace,
        sandbox=sandbox,
        prover=prover,
        engines={EngineName.CODEMOD: engine},
        forge=forge,
        feedback=journal,
        reports=ReportsBelow(home, redact),
        take_inventory=lambda _: inventory,
        redact=redact,
    )
    return Fakes(tools, workspace, engine, forge, prover, sandbox, inventory)
