"""The composition root: which adapter stands behind which port, for one repository in one process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from fresh.domain.feature import Inventory
from fresh.domain.money import ZERO, Usd
from fresh.domain.order import EngineName, RunOrder
from fresh.domain.record import Host
from fresh.domain.report import PassedOver
from fresh.errors import OperatorMistake
from fresh.parsing import parse_in_turn
from fresh.ports import (
    Clock,
    ControlRoom,
    Engine,
    Forge,
    Journal,
    Ledger,
    Prover,
    ReportFiles,
    Sandbox,
    Workspace,
)
from fresh.settings import Settings, read_settings
from fresh.whereabouts import journal_url, state_home

MODELS = "fresh-models"
SANDBOXES = "fresh-sandboxes"


@dataclass
class Toolbox:
    """Every port of one repository, ready to use.

    `least` says the most that an order's first request can cost. `endings` are called before a forced end of the process.
    """

    repository: Path
    home: Path
    host: Host
    clock: Clock
    journal: Journal
    ledger: Ledger
    make_control: Callable[[], ControlRoom]
    workspace: Workspace
    sandbox: Sandbox
    prover: Prover
    engines: Mapping[EngineName, Engine]
    forge: Forge
    reports: ReportFiles
    take_inventory: Callable[[str], Inventory]
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("fresh.run"))
    least: Callable[[RunOrder], Usd] = lambda order: ZERO
    model_of: Callable[[RunOrder], str] = lambda order: order.model or ""
    endings: list[Callable[[], None]] = field(default_factory=list)
    passed_over: dict[str, tuple[PassedOver, ...]] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)
    _inventories: dict[str, Inventory] = field(default_factory=dict)
    _surveying: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def control(self) -> ControlRoom:
        """Prefect, on first use: it reads its settings when it is imported, and the server's address must stand then."""
        return self.make_control()

    def survey(self, commit: str) -> Inventory:
        """Take the inventory of a commit once for each process."""
        with self._surveying:
            if commit not in self._inventories:
                self._inventories[commit] = self.take_inventory(commit)
            return self._inventories[commit]

    def engine(self, name: EngineName) -> Engine:
        """Find an engine. Raises OperatorMistake for one that this version does not have."""
        try:
            return self.engines[name]
        except KeyError:
            there = ", ".join(sorted(self.engines))
            raise OperatorMistake(
                f"The {name} engine is not part of this version.", hint=f"Use --engine with one of: {there}."
            ) from None

    def engine_for(self, order: RunOrder) -> EngineName:
        """Choose the engine of an order: the one it names, else the one that is there."""
        chosen = order.engine or EngineName.CODEMOD
        self.engine(chosen)
        return chosen


_standing: dict[Path, Toolbox] = {}
_building = threading.RLock()


def build_toolbox(repository: Path, settings: Settings) -> Toolbox:
    """Put the real adapters together. Nothing is started or touched yet."""
    parse_in_turn()
    from fresh.adapters.bwrap_sandbox import BwrapSandbox
    from fresh.adapters.git_workspace import GitWorkspace
    from fresh.adapters.local_forge import LocalForge
    from fresh.adapters.pip_environment import PipEnvironments
    from fresh.adapters.processes import lives, this_host
    from fresh.adapters.report_files import ReportsBelow
    from fresh.adapters.ruff_lint import RuffLint
    from fresh.adapters.ruff_tidier import RuffTidier
    from fresh.adapters.sql_journal import SqlJournal
    from fresh.adapters.system_clock import SystemClock
    from fresh.engines.codemod.engine import CodemodEngine
    from fresh.inventory.scan import take_inventory
    from fresh.proving.limited import LimitedSandbox
    from fresh.proving.prover import TargetProver

    home = state_home(repository)
    journal = SqlJournal(settings.journal_url or journal_url(home), lives)
    workspace = GitWorkspace(repository, home)
    tools: Toolbox
    sandbox = LimitedSandbox(
        BwrapSandbox(home, settings.sandbox_uid), settings.sandboxes, lambda: tools.control.permit(SANDBOXES)
    )
    lint = RuffLint()

    def survey(commit: str) -> Inventory:
        return take_inventory(workspace, commit, home / "cache" / "inventory", lint=lint)

    tools = Toolbox(
        repository=repository,
        home=home,
        host=this_host(),
        clock=SystemClock(),
        journal=journal,
        ledger=journal,
        make_control=lambda: _prefect(settings),
        workspace=workspace,
        sandbox=sandbox,
        prover=TargetProver(
            workspace=workspace,
            sandbox=sandbox,
            environments=PipEnvironments(workspace, sandbox, home),
            state=home,
            survey=lambda commit: tools.survey(commit),
            lint=lint,
            secrets=settings.secrets(),
        ),
        engines={EngineName.CODEMOD: CodemodEngine(tidier=RuffTidier())},
        forge=LocalForge(home),
        reports=ReportsBelow(home),
        take_inventory=survey,
    )
    return tools


def _prefect(settings: Settings) -> ControlRoom:
    from fresh.adapters.prefect_control import PrefectControl

    return PrefectControl({MODELS: settings.models, SANDBOXES: settings.sandboxes})


def toolbox(repository: Path) -> Toolbox:
    """Give the toolbox of a repository, built on first use."""
    with _building:
        if repository not in _standing:
            _standing[repository] = build_toolbox(repository, read_settings())
        return _standing[repository]


@contextmanager
def using(tools: Toolbox) -> Iterator[Toolbox]:
    """Put a toolbox, with fakes in it, in place of the real one for as long as the context is open."""
    with _building:
        before = _standing.get(tools.repository)
        _standing[tools.repository] = tools
    try:
        yield tools
    finally:
        with _building:
            if before is None:
                del _standing[tools.repository]
            else:
                _standing[tools.repository] = before
