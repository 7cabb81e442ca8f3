"""The workspace on real git: the operator's repository is read, a trusted mirror is believed, agents' trees are not."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from fresh.adapters.gitting import beneath, merging, objects
from fresh.adapters.gitting.commits import Recorder
from fresh.adapters.gitting.mirror import Mirror
from fresh.adapters.gitting.names import show
from fresh.adapters.gitting.storage import storing
from fresh.adapters.gitting.target import Target, find_target
from fresh.adapters.gitting.trees import Trees
from fresh.domain.change import Change, TreeEntry
from fresh.domain.fitting import Merged
from fresh.ports import Tree


class GitWorkspace:
    """One target repository with its mirror and trees below `state`; safe to use from many threads and processes.

    Making it touches nothing; the first use finds the repository that holds `repository`.
    """

    def __init__(self, repository: Path, state: Path) -> None:
        self._repository = repository.absolute()
        self._mirror = Mirror(state.absolute())
        self._trees = Trees(self._mirror, state.absolute() / "worktrees")

    @property
    def home(self) -> str:
        """Absolute path of the operator's repository. Raises OperatorMistake when there is none."""
        return os.fspath(self._target.top)

    def take_base(self, revision: str = "HEAD") -> str:
        """Bring a revision into the mirror; return its sha.

        Raises OperatorMistake for no repository, no commits, an unknown revision, a partial clone that lacks files;
        Refusal for a commit that keeps files in Git LFS.
        """
        return self._mirror.take(self._target, revision)

    def entries(self, commit: str) -> tuple[TreeEntry, ...]:
        """List every file of a commit; bytes of a path that are no UTF-8 are shown escaped."""
        return tuple(
            TreeEntry(path=show(entry.path), mode=entry.mode, blob=entry.blob, size=entry.size)
            for entry in objects.list_files(self._mirror.git, commit)
        )

    def read(self, commit: str, path: str) -> bytes:
        """Read one file of a commit. Raises KeyError for nothing, a directory, a link."""
        entry = objects.find_file(self._mirror.git, commit, path)
        if entry is None:
            raise KeyError(path)
        return objects.read_blobs(self._mirror.git, (entry.blob,))[entry.blob]

    def read_blobs(self, blobs: Iterable[str]) -> dict[str, bytes]:
        """Read many blobs by hash in one git process."""
        return objects.read_blobs(self._mirror.git, blobs)

    def churn(self, commit: str, days: int) -> dict[str, int]:
        """Count the commits that touched each path in the `days` before `commit`."""
        return objects.count_touches(self._mirror.git, commit, days)

    def last_change(self, commit: str, path: str) -> str | None:
        """Find the newest commit, in the history of `commit`, that changed a path; None where none did."""
        return objects.last_change(self._mirror.git, commit, path)

    def plant(self, name: str, commit: str) -> Tree:
        """Lay a fresh private tree; whatever stood under that name before is gone."""
        return self._trees.plant(name, commit, self.home)

    def standing(self, name: str) -> Tree | None:
        """Find a tree planted earlier, also by a process that died; None after a reboot, which may have torn files."""
        return self._trees.standing(name, self.home)

    def write(self, tree: Tree, path: str, content: bytes) -> None:
        """Write one file of a tree without following links. Raises TreeRefused."""
        beneath.write(tree.path, path, content, beside=tree.path.parent)

    def read_file(self, tree: Tree, path: str, longest: int = 1 << 20) -> bytes:
        """Read one file of a tree without following links. Raises KeyError, TreeRefused."""
        return beneath.read(tree.path, path, longest)

    def fell(self, name: str) -> None:
        """Remove a tree; no error when there is none."""
        self._trees.fell(name)

    def commit(self, tree: Tree, message: str, parent: str) -> str | None:
        """Record the tree's files as a commit on `parent`; None when nothing differs. Raises TreeRefused."""
        with storing(f"The tree {tree.name!r} can't be committed"):
            return Recorder(self._mirror.git, tree.path.parent).record(tree.name, tree.path, message, parent)

    def keep(self, name: str, commit: str) -> None:
        """Point the mirror's own ref for `name` at a commit."""
        self._mirror.keep(name, commit)

    def kept(self, name: str) -> str | None:
        """Read the mirror's own ref for `name`."""
        return self._mirror.kept(name)

    def change(self, base: str, commit: str) -> Change:
        """Compare two commits by raw diff."""
        return Change(base=base, commit=commit, files=objects.compare(self._mirror.git, base, commit))

    def diff(self, base: str, commit: str) -> str:
        """Show the difference as a patch, for people."""
        return objects.show_patch(self._mirror.git, base, commit)

    def publish(self, commit: str, branch: str, *, replaces: str | None = None) -> None:
        """Point `refs/heads/<branch>` of the operator's repository at the commit, where it is absent or `replaces`.

        Raises Refusal when it points elsewhere, and when it is checked out there and would move.
        """
        if self._target.branch(branch) in (None, replaces):
            self._target.receive(self._mirror.git, commit, self._mirror.bases())
        self._target.point_branch(branch, commit, replaces)

    def contains(self, commit: str, earlier: str) -> bool:
        """Say whether `earlier` is an ancestor of `commit`, or the same; what the mirror never met is none."""
        return objects.is_ancestor(self._mirror.git, earlier, commit)

    def published(self, branch: str) -> str | None:
        """Read that branch in the operator's repository."""
        return self._target.branch(branch)

    def branches_like(self, prefix: str) -> Mapping[str, str]:
        """Read the branches whose names begin so; each is brought into the mirror with its history."""
        found = self._target.branches(prefix)
        for sha in dict.fromkeys(found.values()):
            if not objects.present(self._mirror.git, (sha,)):
                self._mirror.take(self._target, sha)
        return found

    def demand_branches(self, prefix: str) -> None:
        """Look for a branch in the way, and for the right to write."""
        self._target.demand_branches(prefix)

    def head_branch(self) -> str | None:
        """Name the branch that HEAD is on."""
        return self._target.head_branch()

    def fork_point(self, one: str, other: str) -> str | None:
        """Find the newest common ancestor."""
        return objects.merge_base(self._mirror.git, one, other)

    def merge(self, ours: str, theirs: str, message: str) -> Merged:
        """Merge two commits in the mirror."""
        return merging.merge(self._mirror.git, ours, theirs, message)

    def rebase(self, commit: str, base: str) -> Merged:
        """Put what a commit changes on another base, in the mirror."""
        return merging.rebase(self._mirror.git, commit, base)

    @cached_property
    def _target(self) -> Target:
        return find_target(self._repository)
