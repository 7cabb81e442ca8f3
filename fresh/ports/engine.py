"""Who makes a change, and what it may do meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fresh.domain.agent import Ticket
from fresh.domain.evidence import Evidence, TestRun
from fresh.domain.feature import Feature, Finding, Inventory, Kind
from fresh.domain.work import Plan, Work
from fresh.ports.sandbox import Finished


class Bench(Protocol):
    """What an engine may do while it works: look at the base commit, edit its tree, run things in the sandbox."""

    @property
    def ticket(self) -> Ticket:
        """The agent's ticket."""
        ...

    @property
    def inventory(self) -> Inventory:
        """The inventory of the base commit."""
        ...

    def paths(self) -> tuple[str, ...]:
        """List the files of the base commit."""
        ...

    def covered_on_base(self, path: str) -> frozenset[int] | None:
        """Say which lines of a file the base commit's tests run; None when that was not measured."""
        ...

    def read(self, path: str) -> str:
        """Read a file as the tree has it now. Raises KeyError, UnicodeDecodeError, TreeRefused for a link."""
        ...

    def write(self, path: str, text: str) -> None:
        """Write a file of the tree."""
        ...

    def reset(self) -> None:
        """Put the tree back to the base commit."""
        ...

    def python(self, argv: Sequence[str], *, wall: float = 60.0, stdin: bytes = b"") -> Finished:
        """Run the repository's Python with these arguments in the tree, in the sandbox."""
        ...

    def run_tests(
        self, selection: Sequence[str] = (), *, coverage: bool = False, wall: float | None = None
    ) -> TestRun:
        """Run the repository's tests on the tree as it is now; `selection` holds paths or test ids, empty means all."""
        ...


@dataclass(frozen=True)
class TidyRules:
    """Which rules to apply, for which oldest Python (e.g. py310) and line length; `first_party` sorts imports."""

    select: tuple[str, ...]
    target: str = "py39"
    line_length: int = 88
    first_party: tuple[str, ...] = ()


class Tidier(Protocol):
    """Find and fix lint in one text, which is read and never run. Every method raises Mishap."""

    def find(self, path: str, text: str, rules: TidyRules) -> tuple[Finding, ...]:
        """List the findings, in the order of their lines."""
        ...

    def fix(self, path: str, text: str, rules: TidyRules) -> str:
        """Apply the fixes that are called safe, and no other."""
        ...


class Engine(Protocol):
    """How a change gets made."""

    def screen(self, feature: Feature, kind: Kind, inventory: Inventory) -> str | None:
        """Say in one sentence why this can't be done, from the inventory alone; None means: worth trying."""
        ...

    def plan(self, bench: Bench) -> Plan:
        """Look closely and say what will be done. Raises Declined with the reason."""
        ...

    def work(self, bench: Bench, plan: Plan, feedback: Evidence | None, asked: str) -> Work:
        """Make the change in the bench's tree. `feedback` holds failed checks of the last attempt, `asked` a person's
        words after "request changes". Raises Declined."""
        ...
