"""What policy says of an agent's commit, by the rules of the base commit; nothing is run for it."""

from __future__ import annotations

from dataclasses import dataclass

from fresh.domain.agent import Ticket
from fresh.domain.change import Change, PolicyVerdict, Ruling
from fresh.domain.footprint import with_strays
from fresh.domain.order import EngineName, Strategy
from fresh.domain.policy import Scan, judge
from fresh.domain.policy_rules import Rules, read_rules
from fresh.domain.test_code import is_test_path
from fresh.inventory.interface import Interface, interface_of, lost
from fresh.ports import Workspace

UNREADABLE = (KeyError, SyntaxError, ValueError, RecursionError, MemoryError)


@dataclass(frozen=True)
class Policy:
    """`secrets` are our own values, `scan` looks for those of others."""

    workspace: Workspace
    secrets: tuple[str, ...] = ()
    scan: Scan | None = None

    def rules(self, base: str) -> Rules:
        """Read the repository's own rules. Raises OperatorMistake for what is none."""
        try:
            return read_rules(self.workspace.read(base, "pyproject.toml").decode("utf-8", "replace"))
        except KeyError:
            return Rules()

    def rule(self, ticket: Ticket, commit: str, collected: tuple[int, int] | None = None) -> PolicyVerdict:
        """Apply every rule; `collected` counts the tests of base and commit, where both were run."""
        change = self.workspace.change(ticket.base, commit)
        verdict = judge(
            change,
            lambda path: self.workspace.read(ticket.base, path),
            lambda path: self.workspace.read(commit, path),
            rules=self.rules(ticket.base),
            collected=collected,
            secrets=self.secrets,
            scan=self.scan,
        )
        if ticket.order.strategy is Strategy.SAFEST:
            verdict = verdict.and_also(self._interface(change))
        return with_strays(verdict, change, ticket.footprint) if ticket.engine is EngineName.LLM else verdict

    def _interface(self, change: Change) -> PolicyVerdict:
        """Ask for a person where a change takes away, or calls otherwise, what others may use: that is not `safest`."""
        files = [file for file in change.files if file.path.endswith(".py") and not is_test_path(file.path)]
        reasons = tuple(
            f"{file.path}: safest: the public {what}"
            for file in files
            for what in lost(self._offers(change.base, file.path), self._offers(change.commit, file.path))
        )
        return PolicyVerdict(ruling=Ruling.NEEDS_HUMAN if reasons else Ruling.ALLOW, reasons=reasons)

    def _offers(self, commit: str, path: str) -> Interface:
        """Read what a file offers; nothing where it is not there or in no grammar of this Python."""
        try:
            return interface_of(self.workspace.read(commit, path))
        except UNREADABLE:
            return {}
