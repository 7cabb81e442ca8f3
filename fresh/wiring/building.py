"""Which adapter stands behind which port, for one repository in one process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fresh.domain.feature import Inventory
from fresh.domain.order import EngineName
from fresh.domain.redaction import Redactor
from fresh.domain.room import MIB, room
from fresh.inventory.lint import Lint
from fresh.parsing import parse_in_turn
from fresh.ports import ControlRoom, Prover, Sandbox, Workspace
from fresh.roster import read_people
from fresh.settings import Settings
from fresh.whereabouts import journal_url, state_home
from fresh.wiring.box import Toolbox
from fresh.wiring.forging import forge_of
from fresh.wiring.modelling import MODELS, give_model

SANDBOXES = "fresh-sandboxes"


def bare_sandbox(home: Path, settings: Settings) -> Sandbox:
    """Make the sandbox that the settings name, and no other; it takes no turn with anybody's commands."""
    if settings.sandbox == "landlock":
        from fresh.adapters.landlock_sandbox import LandlockSandbox

        return LandlockSandbox(home, settings.sandbox_uid)
    from fresh.adapters.bwrap_sandbox import BwrapSandbox

    return BwrapSandbox(home, settings.sandbox_uid)


def bare_workspace(repository: Path, home: Path) -> Workspace:
    """Make the workspace alone, for what asks of the repository before anything is opened."""
    from fresh.adapters.git_workspace import GitWorkspace

    return GitWorkspace(repository, home)


def build_toolbox(repository: Path, settings: Settings, *, alone: bool = False) -> Toolbox:
    """Put the real adapters together. Nothing is started or touched yet.

    `alone` lets commands run without taking turns with those of other processes, which needs a Prefect server.
    """
    parse_in_turn()
    from fresh.adapters.observing import observer
    from fresh.adapters.processes import lives, this_host
    from fresh.adapters.pygal_chart import draw
    from fresh.adapters.report_files import ReportsBelow
    from fresh.adapters.ruff_lint import RuffLint
    from fresh.adapters.ruff_tidier import RuffTidier
    from fresh.adapters.sql_journal import SqlJournal
    from fresh.adapters.sqlite_coverage import read_coverage_database
    from fresh.adapters.system_clock import SystemClock
    from fresh.adapters.this_machine import free_here
    from fresh.engines.codemod.engine import CodemodEngine
    from fresh.inventory.scan import take_inventory
    from fresh.proving.limited import LimitedSandbox

    home = state_home(repository)
    redact = Redactor(settings.secrets())
    journal = SqlJournal(settings.journal_url or journal_url(home), lives, redact=redact)
    workspace = bare_workspace(repository, home)
    tools: Toolbox
    bare = bare_sandbox(home, settings)
    sandbox = (
        bare if alone else LimitedSandbox(bare, settings.sandboxes, lambda: tools.place(SANDBOXES, "sandbox"))
    )
    lint = RuffLint()

    free = free_here(home)
    forge, find_reviews, find_checks, find_issues = forge_of(settings, repository, home, journal)

    def survey(commit: str) -> Inventory:
        cache = home / "cache" / "inventory"
        return take_inventory(workspace, commit, cache, lint=lint, read_database=read_coverage_database)

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
        prover=_prover(settings, workspace, sandbox, home, lint, lambda commit: tools.survey(commit)),
        engines={EngineName.CODEMOD: CodemodEngine(tidier=RuffTidier())},
        forge=forge,
        find_reviews=find_reviews,
        find_checks=find_checks,
        find_issues=find_issues,
        ci_minutes=settings.ci_minutes,
        feedback=journal,
        reports=ReportsBelow(home, redact),
        take_inventory=survey,
        redact=redact,
        people=read_people(settings, home),
        draw=draw,
        room=lambda wanted: room(free(), wanted, settings.least_memory * MIB, settings.least_disk * MIB),
        work_pool=settings.work_pool,
    )
    if (observe := observer(settings.metrics_port is not None, settings.traces)) is not None:
        tools.observe = observe
    if settings.has_model:
        give_model(tools, settings, journal, journal)
    return tools


def _prover(
    settings: Settings,
    workspace: Workspace,
    sandbox: Sandbox,
    home: Path,
    lint: Lint,
    survey: Callable[[str], Inventory],
) -> Prover:
    from fresh.adapters.key_scan import find_keys
    from fresh.adapters.pip_environment import PipEnvironments
    from fresh.proving.prover import TargetProver

    return TargetProver(
        workspace=workspace,
        sandbox=sandbox,
        environments=PipEnvironments(workspace, sandbox, home),
        state=home,
        survey=survey,
        lint=lint,
        secrets=settings.secrets(),
        scan=find_keys,
    )


def _prefect(settings: Settings) -> ControlRoom:
    from fresh.adapters.prefect_control import PrefectControl

    return PrefectControl({MODELS: settings.models, SANDBOXES: settings.sandboxes})
