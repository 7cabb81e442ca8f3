"""What policy says of an agent's commit, by the rules of the base commit; nothing is run for it."""

from __future__ import annotations

from dataclasses import dataclass

from fresh.domain.agent import Ticket
from fresh.domain.change import PolicyVerdict
from fresh.domain.footprint import with_strays
from fresh.domain.order import EngineName
from fresh.domain.policy import Scan, judge
from fresh.domain.policy_rules import Rules, read_rules
from fresh.ports import Workspace


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
        return with_strays(verdict, change, ticket.footprint) if ticket.engine is EngineName.LLM else verdict
