"""The engine's workbench on a real tree, in the real sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fresh.domain.agent import Ticket
from fresh.domain.evidence import TestRun
from fresh.domain.feature import Inventory
from fresh.ports import Command, Finished, Tree
from fresh.proving.baseline import base_run
from fresh.proving.rig import Rig
from fresh.proving.testing import limits, surroundings


@dataclass(frozen=True)
class WorkBench:
    """Implement `ports.Bench`. The tree of an agent is found again by its name, also after its process died."""

    ticket: Ticket
    inventory: Inventory
    rig: Rig

    @property
    def tree(self) -> Tree:
        """The agent's tree; planted when none stands, or one of another base."""
        standing = self.rig.workspace.standing(self.ticket.agent_id)
        if standing is not None and standing.base == self.ticket.base:
            return standing
        return self.rig.workspace.plant(self.ticket.agent_id, self.ticket.base)

    def paths(self) -> tuple[str, ...]:
        """List the files of the base commit."""
        return tuple(entry.path for entry in self.rig.workspace.entries(self.ticket.base))

    def covered_on_base(self, path: str) -> frozenset[int] | None:
        """Say which lines of a file the base commit's tests run; None when that was not measured."""
        covered = base_run(self.rig, self.ticket.base).covered
        return frozenset(covered.get(path, ())) if covered else None

    def read(self, path: str) -> str:
        """Read a file as the tree has it now."""
        return self.rig.workspace.read_file(self.tree, path).decode()

    def write(self, path: str, text: str) -> None:
        """Write a file of the tree."""
        self.rig.workspace.write(self.tree, path, text.encode())

    def reset(self) -> None:
        """Put the tree back to the base commit."""
        self.rig.workspace.plant(self.ticket.agent_id, self.ticket.base)

    def python(self, argv: Sequence[str], *, wall: float = 60.0, stdin: bytes = b"") -> Finished:
        """Run the environment's Python with these arguments in the tree."""
        tree, environment = self.tree, self.rig.environment
        return self.rig.sandbox.run(
            Command(
                (environment.python, *argv),
                tree.home,
                (*tree.mounts, *environment.mounts),
                surroundings(tree, environment),
                limits(wall),
                stdin,
            )
        )

    def run_tests(
        self, selection: Sequence[str] = (), *, coverage: bool = False, wall: float | None = None
    ) -> TestRun:
        """Run the tests on the tree as it is now."""
        return self.rig.run(self.tree, self.ticket.base, selection, coverage=coverage, wall=wall)
