"""Where the target's Python comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fresh.ports.sandbox import Mount


@dataclass(frozen=True)
class Environment:
    """A Python that has the target's dependencies, as commands in the sandbox see it.

    `mounts` are read-only and come after a tree's own. `import_roots` are put before everything that is installed, so
    that the tree's code wins over an installed copy of it. `digest` changes when what is installed changes; `how` says
    in one sentence where it comes from and what it lacks.
    """

    python: str
    mounts: tuple[Mount, ...]
    how: str
    digest: str
    has_pytest: bool
    import_roots: tuple[str, ...] = ()


class Environments(Protocol):
    """Where the target's Python comes from."""

    def prepare(self, commit: str, python: str | None = None) -> Environment:
        """Find or build the environment of a commit; `python` names an interpreter that has everything already.

        Raises OperatorMistake for a `python` that can't be used, Mishap when nothing can be installed.
        """
        ...
