"""Every port of one repository, held together."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from fresh.domain.feature import Inventory
from fresh.domain.host import Host
from fresh.domain.money import ZERO, Usd
from fresh.domain.order import EngineName, RunOrder
from fresh.domain.people import People
from fresh.domain.redaction import Redactor
from fresh.domain.report import PassedOver, RunReport
from fresh.domain.room import Room
from fresh.domain.wanted import with_issues
from fresh.errors import FreshError, OperatorMistake
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
    Prover,
    ReportFiles,
    Reviews,
    Sandbox,
    Workspace,
)


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

    @contextmanager
    def place(self, limit: str, what: str) -> Iterator[None]:
        """Hold one place of the machine, and time what is done in it."""
        with self.control.permit(limit), self.observe(what, {}):
            yield
