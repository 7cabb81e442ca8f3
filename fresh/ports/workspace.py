"""The target repository: commits, agents' private trees, branches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fresh.domain.change import Change, TreeEntry
from fresh.domain.fitting import Merged
from fresh.ports.sandbox import Mount


@dataclass(frozen=True)
class Tree:
    """A private checkout on the host. `path` is what untrusted commands see at `home`; the host never follows links in it.

    `environment` is what git inside the sandbox needs to accept the mounted repository.
    """

    name: str
    base: str
    path: Path
    home: str
    mounts: tuple[Mount, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


class Workspace(Protocol):
    """One target repository: its commits through a trusted mirror, and private trees for agents.

    The operator's checkout, index, stash, branches and untracked files are never touched; `publish` adds one ref.
    Every method raises GitFailed when git itself fails.
    """

    @property
    def home(self) -> str:
        """Absolute path of the operator's repository; trees appear at this path inside the sandbox."""
        ...

    def take_base(self, revision: str = "HEAD") -> str:
        """Bring a revision of the operator's repository into the mirror; return its sha.

        Raises OperatorMistake for no repository, no commits, an unknown revision.
        """
        ...

    def entries(self, commit: str) -> tuple[TreeEntry, ...]:
        """List every file of a commit."""
        ...

    def read(self, commit: str, path: str) -> bytes:
        """Read one file of a commit. Raises KeyError when the commit has no such file."""
        ...

    def read_blobs(self, blobs: Iterable[str]) -> dict[str, bytes]:
        """Read many blobs by hash in one git process."""
        ...

    def churn(self, commit: str, days: int) -> dict[str, int]:
        """Count the commits that touched each path in the `days` before the newest commit."""
        ...

    def last_change(self, commit: str, path: str) -> str | None:
        """Find the newest commit, in the history of `commit`, that changed a path; None where none did."""
        ...

    def plant(self, name: str, commit: str) -> Tree:
        """Lay a fresh private tree of `commit`; whatever stood under that name before is gone."""
        ...

    def standing(self, name: str) -> Tree | None:
        """Find a tree planted earlier under this name, also by a process that died."""
        ...

    def write(self, tree: Tree, path: str, content: bytes) -> None:
        """Write one file of a tree without following links. Raises TreeRefused for a path that leaves it."""
        ...

    def read_file(self, tree: Tree, path: str, longest: int = 1 << 20) -> bytes:
        """Read one file of a tree without following links. Raises KeyError or TreeRefused."""
        ...

    def fell(self, name: str) -> None:
        """Remove a tree; no error when there is none."""
        ...

    def commit(self, tree: Tree, message: str, parent: str) -> str | None:
        """Record the state of the tree's files as a commit on `parent`; None when nothing differs from it.

        The same tree, message and parent give the same sha. Raises TreeRefused with every reason.
        """
        ...

    def keep(self, name: str, commit: str) -> None:
        """Point the mirror's own ref for `name` at a commit, so that it survives."""
        ...

    def kept(self, name: str) -> str | None:
        """Read the mirror's own ref for `name`."""
        ...

    def change(self, base: str, commit: str) -> Change:
        """Compare two commits by raw diff."""
        ...

    def diff(self, base: str, commit: str) -> str:
        """Show the difference as a patch, for people."""
        ...

    def publish(self, commit: str, branch: str, *, replaces: str | None = None) -> None:
        """Make the commit appear in the operator's repository as `refs/heads/<branch>`, and nothing else.

        Doing it again is fine. Raises Refusal when that branch exists there and points at neither the commit nor
        `replaces`, and when it is checked out there and would move.
        """
        ...

    def contains(self, commit: str, earlier: str) -> bool:
        """Say whether `earlier` is an ancestor of `commit`, or the same."""
        ...

    def published(self, branch: str) -> str | None:
        """Read that branch in the operator's repository."""
        ...

    def branches_like(self, prefix: str) -> Mapping[str, str]:
        """Read every branch of the operator's repository whose name begins so, with its sha; they are in the mirror then."""
        ...

    def demand_branches(self, prefix: str) -> None:
        """Say before any work is done that branches whose names begin so could not be made in the operator's repository.

        `prefix` ends with a slash. Raises OperatorMistake.
        """
        ...

    def head_branch(self) -> str | None:
        """Name the branch that HEAD of the operator's repository is on; None when it is detached."""
        ...

    def fork_point(self, one: str, other: str) -> str | None:
        """Find the newest commit that both have in their history; None for histories without one."""
        ...

    def merge(self, ours: str, theirs: str, message: str) -> Merged:
        """Merge two commits in the mirror, where nothing is checked out; the same merge gives the same sha."""
        ...

    def rebase(self, commit: str, base: str) -> Merged:
        """Put what a commit changes on another base, in the mirror, as one commit with the same message."""
        ...
