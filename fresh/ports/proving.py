"""Who judges a change, and where reports lie."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from fresh.domain.agent import Ticket
from fresh.domain.change import PolicyVerdict
from fresh.domain.evidence import Evidence
from fresh.domain.feature import Inventory
from fresh.domain.order import RunOrder
from fresh.domain.record import RunRecord
from fresh.domain.report import RunReport
from fresh.domain.work import Work
from fresh.ports.engine import Bench
from fresh.ports.workspace import Tree


class Prover(Protocol):
    """Run the target's own tests and judge commits; one for each repository."""

    def ready(self, order: RunOrder, base: str) -> tuple[str, ...]:
        """Build the environment and run the base commit's tests once; return sentences that people should know.

        Raises Refusal when the tests of the base commit can't be run, with the way out.
        """
        ...

    def measured(self, order: RunOrder, base: str) -> Inventory:
        """Take the inventory of the base commit, with what its tests really run."""
        ...

    def bench(self, ticket: Ticket) -> Bench:
        """Give an agent its workbench; its tree stands or is planted."""
        ...

    def tree(self, ticket: Ticket) -> Tree:
        """Give the tree of an agent's bench."""
        ...

    def verify(self, ticket: Ticket, commit: str, work: Work) -> Evidence:
        """Judge a commit on a fresh checkout in a fresh sandbox."""
        ...

    def newly_failing(self, order: RunOrder, base: str, commit: str) -> tuple[str, ...]:
        """Run a commit's whole suite on a fresh checkout; list what fails there and not on `base`, flaky tests left out.

        A suite that does not come to its end gives one sentence that says so.
        """
        ...

    def rule(self, ticket: Ticket, commit: str) -> PolicyVerdict:
        """Say what policy says of a commit as things are now, without running anything."""
        ...

    def clear(self, ticket: Ticket) -> None:
        """Remove the trees of an agent that has ended."""
        ...


class ReportFiles(Protocol):
    """Where a run's report and log lie."""

    def write(self, report: RunReport, markdown: str, chart: str = "") -> Path:
        """Write the report as JSON and Markdown, and its chart as SVG where there is one; return the path of the JSON.

        The same run has one report.
        """
        ...

    def logging(self, record: RunRecord) -> AbstractContextManager[Path]:
        """Send the log lines of a run to its file while the context is open."""
        ...
