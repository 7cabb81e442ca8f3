"""A little target repository with everything around it that is real: git, the sandbox, this very Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fresh.adapters.bwrap_sandbox import BwrapSandbox
from fresh.adapters.git_workspace import GitWorkspace
from fresh.adapters.pip_environment import PipEnvironments
from fresh.proving.commands import find_command
from fresh.proving.rig import Rig
from tests.fakes.repositories import OperatorRepository, make_repository
from tests.lean import lean_python


@dataclass(frozen=True)
class Target:
    """One target: `record` is the operator or an agent committing, `rig` runs its tests with our own interpreter."""

    repository: OperatorRepository
    workspace: GitWorkspace
    state: Path

    @classmethod
    def make(cls, place: Path, files: Mapping[str, str | bytes]) -> tuple[Target, str]:
        """Make a repository with one commit; return it with the commit's sha."""
        repository = make_repository(place / "repository")
        repository.record(files)
        state = place / "state"
        workspace = GitWorkspace(repository.path, state)
        return cls(repository, workspace, state), workspace.take_base()

    def record(self, files: Mapping[str, str | bytes], deleted: tuple[str, ...] = ()) -> str:
        """Commit on top of HEAD and take the commit into the mirror."""
        self.repository.record(files, deleted=deleted)
        return self.workspace.take_base()

    def rig(self, base: str, command: str | None = None, wall: float = 120.0) -> Rig:
        """Find the test command of a commit and set the rig up."""
        sandbox = BwrapSandbox(self.state)
        environment = PipEnvironments(self.workspace, sandbox, self.state).prepare(base, lean_python())
        paths = tuple(entry.path for entry in self.workspace.entries(base))
        found = find_command(paths, lambda path: self.workspace.read(base, path).decode(), command)
        return Rig(self.workspace, sandbox, environment, found, self.state, wall)
