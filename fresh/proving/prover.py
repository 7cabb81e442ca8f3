"""The prover of one repository: it sets rigs up, gives agents their benches, and judges their commits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fresh.domain.agent import Ticket
from fresh.domain.change import PolicyVerdict
from fresh.domain.evidence import Evidence
from fresh.domain.feature import Inventory, Linted
from fresh.domain.order import RunOrder
from fresh.domain.policy import Scan
from fresh.domain.work import Work
from fresh.ports import Bench, Environments, Sandbox, Tree, Workspace
from fresh.proving.baseline import base_run, describe
from fresh.proving.bench import WorkBench
from fresh.proving.commands import find_command
from fresh.proving.measuring import as_run
from fresh.proving.policing import Policy
from fresh.proving.rig import Rig
from fresh.proving.suites import newly_failing
from fresh.proving.testing import sweep_reports
from fresh.proving.verification import Verification

_Key = tuple[str, str | None, str | None, float]


@dataclass
class TargetProver:
    """Implement `ports.Prover`.

    `survey` takes the inventory of a commit; `secrets` are our own values, `scan` looks for those of others.
    """

    workspace: Workspace
    sandbox: Sandbox
    environments: Environments
    state: Path
    survey: Callable[[str], Inventory]
    lint: Callable[[Mapping[str, bytes]], Linted]
    secrets: tuple[str, ...] = ()
    scan: Scan | None = None
    _rigs: dict[_Key, Rig] = field(default_factory=dict, repr=False)
    _setting_up: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def ready(self, order: RunOrder, base: str) -> tuple[str, ...]:
        """Build the environment and run the base commit's tests once.

        Raises OperatorMistake for rules of the repository that can't be read, before any agent begins.
        """
        self._policy.rules(base)
        rig = self.rig(order, base)
        sweep_reports(rig.scratch)
        run = base_run(rig, base)
        return (
            f"Environment: {rig.environment.how}.",
            f"Test command: {' '.join(rig.command.shown)} ({rig.command.why}).",
            describe(run),
        )

    def measured(self, order: RunOrder, base: str) -> Inventory:
        """Take the inventory of the base commit, with what its tests really run."""
        run = base_run(self.rig(order, base), base)
        return as_run(self.survey(base), run, lambda path: self.workspace.read(base, path).decode())

    def rig(self, order: RunOrder, base: str) -> Rig:
        """Set up everything that a test run of a commit needs; once for each process."""
        key = (base, order.test_command, order.python, order.test_timeout)
        with self._setting_up:
            if key not in self._rigs:
                paths = tuple(entry.path for entry in self.workspace.entries(base))
                command = find_command(
                    paths, lambda path: self.workspace.read(base, path).decode(), order.test_command
                )
                environment = self.environments.prepare(base, order.python)
                self._rigs[key] = Rig(
                    self.workspace, self.sandbox, environment, command, self.state, order.test_timeout
                )
            return self._rigs[key]

    def bench(self, ticket: Ticket) -> Bench:
        """Give an agent its workbench."""
        return self._bench(ticket)

    def tree(self, ticket: Ticket) -> Tree:
        """Give the tree of an agent's bench."""
        return self._bench(ticket).tree

    def verify(self, ticket: Ticket, commit: str, work: Work) -> Evidence:
        """Judge a commit on a fresh checkout in a fresh sandbox. Raises Refusal when the base can't be tested."""
        rig = self.rig(ticket.order, ticket.base)
        base = base_run(rig, ticket.base)
        return Verification(
            rig,
            ticket,
            commit,
            work,
            base,
            self.survey,
            self.lint,
            self._policy,
        ).judge()

    def newly_failing(self, order: RunOrder, base: str, commit: str) -> tuple[str, ...]:
        """Run a commit's whole suite on a fresh checkout; list what fails there and not on `base`."""
        rig = self.rig(order, base)
        return newly_failing(rig, base_run(rig, base), commit)

    def rule(self, ticket: Ticket, commit: str) -> PolicyVerdict:
        """Say what policy says of a commit as things are now."""
        return self._policy.rule(ticket, commit)

    def clear(self, ticket: Ticket) -> None:
        """Remove the trees of an agent that has ended."""
        for name in (ticket.agent_id, f"verify-{ticket.agent_id}", f"verify-{ticket.agent_id}-base"):
            self.workspace.fell(name)

    @property
    def _policy(self) -> Policy:
        return Policy(self.workspace, self.secrets, self.scan)

    def _bench(self, ticket: Ticket) -> WorkBench:
        return WorkBench(ticket, self.survey(ticket.base), self.rig(ticket.order, ticket.base))
