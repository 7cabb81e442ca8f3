"""The composition root: which adapter stands behind which port, for one repository in one process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fresh.domain.agent import Ticket
from fresh.domain.bound import input_bound
from fresh.domain.conversation import Request, Told
from fresh.domain.feature import Inventory
from fresh.domain.host import Host
from fresh.domain.money import ZERO, Usd
from fresh.domain.order import EngineName, RunOrder
from fresh.domain.people import People
from fresh.domain.redaction import Redactor
from fresh.domain.report import PassedOver, RunReport
from fresh.domain.room import MIB, Room, room
from fresh.domain.stops import still_asked, why_stop_agent
from fresh.domain.wanted import with_issues
from fresh.errors import FreshError, OperatorMistake, StorageFailed
from fresh.parsing import parse_in_turn
from fresh.ports import (
    Checks,
    Clock,
    ControlRoom,
    Engine,
    Feedback,
    Forge,
    Issues,
    Journal,
    Ledger,
    Lessons,
    Prices,
    Prover,
    ReportFiles,
    Reviews,
    Sandbox,
    Transcripts,
    Workspace,
)
from fresh.roster import read_people
from fresh.settings import Settings, read_settings
from fresh.whereabouts import clone_of, journal_url, names_address, repository_of, state_home

if TYPE_CHECKING:
    from fresh.adapters.githubbing.places import Install
    from fresh.engines.llm.meter import Meter

MODELS = "fresh-models"
SANDBOXES = "fresh-sandboxes"
SHORT_BRIEF = 6000
"""Bytes of a brief about a feature of some thirty lines."""


@dataclass
class Toolbox:
    """Every port of one repository, ready to use.

    `least` says the most that an order's first request can cost. `redact` hides our own secrets in a text on its way
    out. `endings` are called before a forced end of the process.
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
    feedback: Feedback
    reports: ReportFiles
    take_inventory: Callable[[str], Inventory]
    find_reviews: Callable[[], Reviews | None] = lambda: None
    find_checks: Callable[[], Checks | None] = lambda: None
    find_issues: Callable[[], Issues | None] = lambda: None
    ci_minutes: float = 0.0
    people: People = field(default_factory=People)
    draw: Callable[[RunReport], str] = lambda report: ""
    room: Callable[[int], Room] = Room
    work_pool: str | None = None
    observe: Callable[[str, Mapping[str, str]], AbstractContextManager[None]] = lambda what, labels: (
        nullcontext()
    )
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("fresh.run"))
    least: Callable[[RunOrder], Usd] = lambda order: ZERO
    model_of: Callable[[RunOrder], str] = lambda order: order.model or ""
    redact: Redactor = field(default_factory=Redactor)
    endings: list[Callable[[], None]] = field(default_factory=list)
    passed_over: dict[str, tuple[PassedOver, ...]] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)
    _inventories: dict[str, Inventory] = field(default_factory=dict)
    _surveying: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def control(self) -> ControlRoom:
        """Prefect, on first use: it reads its settings when it is imported, and the server's address must stand then."""
        return self.make_control()

    @cached_property
    def reviews(self) -> Reviews | None:
        """What people say of pull requests; None where there is no GitHub to ask."""
        return self.find_reviews()

    @cached_property
    def checks(self) -> Checks | None:
        """The project's own checks; None where there is no GitHub to ask."""
        return self.find_checks()

    @cached_property
    def issues(self) -> Issues | None:
        """What people want done; None where there is no GitHub to ask."""
        return self.find_issues()

    def survey(self, commit: str) -> Inventory:
        """Take the inventory of a commit once for each process."""
        with self._surveying:
            if commit not in self._inventories:
                self._inventories[commit] = self.take_inventory(commit)
            return self._inventories[commit]

    def with_issues(self, inventory: Inventory) -> Inventory:
        """Add what people ask for in open issues; where they can't be read now, the inventory says so and stands."""
        try:
            return inventory if self.issues is None else with_issues(inventory, self.issues.open())
        except FreshError as trouble:
            self.log.warning("The open issues can't be read now: %s", trouble.message)
            limit = f"no issue counts as need: they can't be read now: {trouble.message.rstrip('.')}"
            return inventory.model_copy(update={"limits": (*inventory.limits, limit)})

    def engine(self, name: EngineName) -> Engine:
        """Find an engine. Raises OperatorMistake for one that this version does not have."""
        try:
            return self.engines[name]
        except KeyError:
            there = ", ".join(sorted(self.engines))
            raise OperatorMistake(
                f"The {name} engine has no model to ask.",
                hint=f"Set OPENAI_API_KEY, or OPENAI_BASE_URL and FRESH_MODEL, or use --engine with one of: {there}.",
            ) from None

    def engine_for(self, order: RunOrder) -> EngineName:
        """Choose the engine of an order: the one it names, else the model's where one is configured."""
        if order.engine is not None:
            self.engine(order.engine)
            return order.engine
        return EngineName.LLM if EngineName.LLM in self.engines else EngineName.CODEMOD


_standing: dict[Path, Toolbox] = {}
_building = threading.RLock()


def bare_sandbox(home: Path, settings: Settings) -> Sandbox:
    """Make the sandbox that the settings name, and no other; it takes no turn with anybody's commands."""
    if settings.sandbox == "landlock":
        from fresh.adapters.landlock_sandbox import LandlockSandbox

        return LandlockSandbox(home, settings.sandbox_uid)
    from fresh.adapters.bwrap_sandbox import BwrapSandbox

    return BwrapSandbox(home, settings.sandbox_uid)


def build_toolbox(repository: Path, settings: Settings, *, alone: bool = False) -> Toolbox:
    """Put the real adapters together. Nothing is started or touched yet.

    `alone` lets commands run without taking turns with those of other processes, which needs a Prefect server.
    """
    parse_in_turn()
    from fresh.adapters.git_workspace import GitWorkspace
    from fresh.adapters.key_scan import find_keys
    from fresh.adapters.observing import observer
    from fresh.adapters.pip_environment import PipEnvironments
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
    from fresh.proving.prover import TargetProver

    home = state_home(repository)
    redact = Redactor(settings.secrets())
    journal = SqlJournal(settings.journal_url or journal_url(home), lives, redact=redact)
    workspace = GitWorkspace(repository, home)
    tools: Toolbox
    bare = bare_sandbox(home, settings)
    sandbox = (
        bare
        if alone
        else LimitedSandbox(bare, settings.sandboxes, lambda: _place(tools, SANDBOXES, "sandbox"))
    )
    lint = RuffLint()

    free = free_here(home)
    forge, find_reviews, find_checks, find_issues = _forge(settings, repository, home, journal)

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
        prover=TargetProver(
            workspace=workspace,
            sandbox=sandbox,
            environments=PipEnvironments(workspace, sandbox, home),
            state=home,
            survey=lambda commit: tools.survey(commit),
            lint=lint,
            secrets=settings.secrets(),
            scan=find_keys,
        ),
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
        _give_model(tools, settings, journal, journal)
    return tools


@contextmanager
def _place(tools: Toolbox, limit: str, what: str) -> Iterator[None]:
    """Hold one place of the machine, and time what is done in it."""
    with tools.control.permit(limit), tools.observe(what, {}):
        yield


def _give_model(tools: Toolbox, settings: Settings, transcripts: Transcripts, taught: Lessons) -> None:
    """Give a toolbox the engine that asks a language model."""
    from fresh.engines.llm.asking import Asker
    from fresh.engines.llm.engine import LlmEngine

    prices = _prices(settings)
    asker = Asker(
        _meter(settings, tools, prices),
        settings.default_model,
        settings.max_output_tokens,
        calls_tools=None if settings.tools is None else settings.tools == "called",
        seconds=settings.reply_seconds,
    )
    engine = LlmEngine(asker, transcripts, tools.clock, secrets=settings.secrets(), taught=taught)

    tools.engines = {**tools.engines, EngineName.LLM: engine}
    tools.least = lambda order: cost_of_first_request(settings, settings.model_of(order.model))
    tools.model_of = lambda order: settings.model_of(order.model)


def cost_of_first_request(settings: Settings, model: str) -> Usd:
    """Say the most that an agent's first request can cost. Raises OperatorMistake for a model without a price."""
    from fresh.engines.llm.asking import instructions
    from fresh.engines.llm.tools import shape, tools

    called = settings.tools != "spoken"
    first = Request(
        model=model,
        instructions=instructions(called),
        tools=tools() if called else (),
        shape=None if called else shape(),
        items=(Told(text="x" * SHORT_BRIEF),),
        max_output_tokens=settings.max_output_tokens,
    )
    return _prices(settings).worst(model, first.tier, input_bound(first), first.max_output_tokens)


def _meter(settings: Settings, tools: Toolbox, prices: Prices) -> Meter:
    """Put the way to the model together; the key stays in it."""
    from fresh.adapters.openai_model import OpenAIModel, Wire
    from fresh.engines.llm.meter import Meter

    def halted(ticket: Ticket) -> str | None:
        record, requests = tools.journal.run(ticket.run_id), tools.journal.stop_requests(ticket.run_id)
        return why_stop_agent(record, requests, tools.clock.now(), ticket.agent_id)

    key = settings.openai_api_key
    return Meter(
        model=OpenAIModel(
            base_url=settings.openai_base_url,
            api_key=key.get_secret_value() if key is not None else "",
            wire=Wire(settings.wire) if settings.wire is not None else None,
            is_openai=settings.knows_openai,
        ),
        ledger=tools.ledger,
        prices=prices,
        clock=tools.clock,
        host=tools.host,
        permit=lambda: _place(tools, MODELS, "model"),
        halted=halted,
        flex_fallback=settings.flex_fallback,
        day_budget=None if settings.day_budget is None else Usd.of(settings.day_budget),
    )


def github_install(settings: Settings) -> Install:
    """Gather what this installation knows of GitHub."""
    from fresh.adapters.githubbing.access import Credentials
    from fresh.adapters.githubbing.places import Install

    token, key = settings.github_token, settings.github_app_private_key
    return Install(
        credentials=Credentials(
            token=token.get_secret_value().strip() if token is not None else "",
            app_id=(settings.github_app_id or "").strip(),
            private_key=key.get_secret_value() if key is not None else "",
            installation=settings.github_app_installation_id,
        ),
        api_url=settings.github_api_url or None,
        hosts=settings.github_hosts,
    )


def bring(repo: str) -> Path:
    """Find the repository that an order means; one that is named by its address is cloned, or its clone refreshed.

    Raises OperatorMistake, ForgeRefused, ForgeUnclear, GitFailed, StorageFailed.
    """
    if not names_address(repo):
        return repository_of(repo)
    from fresh.adapters.githubbing.hub import Hub
    from fresh.adapters.gitting.cloning import clone
    from fresh.domain.remote import read_address

    place, address = clone_of(repo), read_address(repo)
    if address is None:
        raise OperatorMistake("That is no address of a repository.")
    install = github_install(read_settings())
    api = install.api(address)
    hub = (
        Hub(api, address, install.credentials) if api is not None and install.credentials.are_there else None
    )
    clone(install.remote(address, hub), place)
    return place


def _forge(
    settings: Settings, repository: Path, home: Path, journal: Journal
) -> tuple[Forge, Callable[[], Reviews | None], Callable[[], Checks | None], Callable[[], Issues | None]]:
    """Give the forge, and what finds out whether reviews, checks and issues can be read: it looks at the repository."""
    from fresh.adapters.github_checks import GitHubChecks
    from fresh.adapters.github_forge import GitHubForge
    from fresh.adapters.github_issues import GitHubIssues
    from fresh.adapters.github_reviews import GitHubReviews
    from fresh.adapters.local_forge import LocalForge
    from fresh.adapters.system_clock import SystemClock

    clock = SystemClock()
    began = clock.now()

    def halted() -> bool:
        return is_asked_to_stop(journal, repository, began)

    forge = GitHubForge(
        repository,
        home,
        github_install(settings),
        local=LocalForge(home),
        clock=clock,
        memory=journal,
        halted=halted,
    )

    def is_there() -> bool:
        return forge.places.address is not None

    return (
        forge,
        lambda: GitHubReviews(forge.places, clock, halted=halted) if is_there() else None,
        lambda: GitHubChecks(forge.places, clock, halted=halted) if is_there() else None,
        lambda: GitHubIssues(forge.places, clock, halted=halted) if is_there() else None,
    )


def is_asked_to_stop(journal: Journal, repository: Path, since: datetime) -> bool:
    """Say whether somebody wanted a run of a repository to end since then: nothing is waited for any more.

    Only one run at a time works on a repository. A journal that can't be read stops nothing.
    """
    try:
        return any(
            request.agent_id is None and request.at >= since
            for record in journal.runs(str(repository))
            for request in still_asked(record, journal.stop_requests(record.id))
        )
    except StorageFailed:
        return False


def _prices(settings: Settings) -> Prices:
    from fresh.adapters.genai_prices import GenaiPrices, OwnPrice

    own = settings.own_price()
    return GenaiPrices(None if own is None else OwnPrice(*own))


def _prefect(settings: Settings) -> ControlRoom:
    from fresh.adapters.prefect_control import PrefectControl

    return PrefectControl({MODELS: settings.models, SANDBOXES: settings.sandboxes})


def toolbox(repository: Path) -> Toolbox:
    """Give the toolbox of a repository, built on first use."""
    with _building:
        if repository not in _standing:
            _standing[repository] = build_toolbox(repository, read_settings())
        return _standing[repository]


def standing_toolboxes() -> tuple[Toolbox, ...]:
    """List the toolboxes that this process has built so far."""
    with _building:
        return tuple(_standing.values())


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
