"""Everything that a test run of one target needs, held together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fresh.domain.evidence import TestRun
from fresh.ports import Environment, Sandbox, Tree, Workspace
from fresh.proving.commands import TestCommand
from fresh.proving.testing import run_tests


@dataclass(frozen=True)
class Rig:
    """One target's workspace, sandbox, environment and test command; `wall` is how long one test run may take.

    `state` is the state directory; reports lie in it while commands run.
    """

    workspace: Workspace
    sandbox: Sandbox
    environment: Environment
    command: TestCommand
    state: Path
    wall: float

    @property
    def scratch(self) -> Path:
        """Where reports lie while commands run."""
        return self.state / "scratch"

    def run(
        self,
        tree: Tree,
        commit: str,
        selection: Sequence[str] = (),
        *,
        coverage: bool = False,
        wall: float | None = None,
    ) -> TestRun:
        """Run the tests of a tree as it stands."""
        return run_tests(
            self.sandbox,
            self.environment,
            self.command,
            tree,
            self.scratch,
            selection=selection,
            coverage=coverage,
            wall=min(wall or self.wall, self.wall),
            commit=commit,
        )

    def run_fresh(
        self,
        name: str,
        commit: str,
        selection: Sequence[str] = (),
        *,
        coverage: bool = False,
        beside: Mapping[str, bytes] | None = None,
    ) -> TestRun:
        """Run the tests of a commit on a checkout that nothing else has touched; `beside` adds or replaces files."""
        with self.planted(name, commit) as tree:
            for path, content in (beside or {}).items():
                self.workspace.write(tree, path, content)
            return self.run(tree, commit, selection, coverage=coverage)

    @contextmanager
    def planted(self, name: str, commit: str) -> Iterator[Tree]:
        """Lay a fresh tree under a name, and remove it afterwards."""
        tree = self.workspace.plant(name, commit)
        try:
            yield tree
        finally:
            self.workspace.fell(name)
