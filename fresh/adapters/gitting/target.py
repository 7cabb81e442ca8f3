"""The operator's repository: read everything, add objects and one branch, and nothing else."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from fresh.adapters.gitting.git import LONG, Account, Git, carry
from fresh.adapters.gitting.objects import present
from fresh.adapters.gitting.pristine import WHO
from fresh.errors import GitFailed, OperatorMistake, Refusal

STALE = 60.0
"""Seconds after which a lock file on a branch of ours belongs to nobody: git holds it for milliseconds."""


@dataclass(frozen=True)
class Target:
    """The operator's repository, wherever its git directory is."""

    top: Path
    git: Git
    shared: Path
    object_format: str

    def resolve(self, revision: str) -> str:
        """Find the commit that a revision names. Raises OperatorMistake."""
        if not revision.startswith("-") and "\0" not in revision:
            asked = self.git.ask(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
            )
            if asked.code == 0:
                return asked.output.decode().strip()
        if not self.git.run("rev-list", "-n", "1", "--all"):
            raise OperatorMistake(
                f"The repository {self.top} has no commits yet.",
                hint="Commit something: git commit --allow-empty -m start",
            )
        raise OperatorMistake(
            f"The repository {self.top} has no commit {revision!r}.",
            hint=f"See: git -C {self.top} log --oneline --all",
        )

    def branch(self, name: str) -> str | None:
        """Read where a branch points. Raises Refusal for what can't be a branch's name."""
        if (
            name.startswith("-")
            or "\0" in name
            or self.git.ask("check-ref-format", f"refs/heads/{name}").code != 0
        ):
            raise Refusal(f"{name!r} can't be the name of a branch.")
        asked = self.git.ask("rev-parse", "--verify", "--quiet", f"refs/heads/{name}")
        return asked.output.decode().strip() if asked.code == 0 else None

    def branches(self, prefix: str) -> dict[str, str]:
        """Read where the branches point whose names begin with `prefix`, in the order of their names."""
        listed = self.git.run("for-each-ref", "--format=%(objectname) %(refname)", f"refs/heads/{prefix}")
        pairs = (line.split(" ", 1) for line in os.fsdecode(listed).splitlines())
        return {name.removeprefix("refs/heads/"): sha for sha, name in pairs}

    def demand_branches(self, prefix: str) -> None:
        """Ask whether branches whose names begin so can be made, without making one. Raises OperatorMistake."""
        folders = prefix.rstrip("/").split("/")
        for name in ("/".join(folders[:end]) for end in range(1, len(folders) + 1)):
            if self.branch(name) is not None:
                raise OperatorMistake(
                    f"The branch {name!r} of {self.top} stands in the way of every branch {prefix}*.",
                    hint=f"Rename it: git -C {self.top} branch -m {name} {name}-old",
                )
        for place in (self.shared / "objects", self.shared / "refs"):
            if not os.access(place, os.W_OK):
                raise OperatorMistake(
                    f"{place} can't be written, so no branch {prefix}* can be made.",
                    hint="Run Fresh as the repository's owner, or on a clone of your own.",
                )

    def head_branch(self) -> str | None:
        """Name the branch that HEAD is on; None when it is detached."""
        asked = self.git.ask("symbolic-ref", "--quiet", "HEAD")
        name = os.fsdecode(asked.output).strip()
        return (
            name.removeprefix("refs/heads/") if asked.code == 0 and name.startswith("refs/heads/") else None
        )

    def setting(self, name: str) -> str | None:
        """Read the newest value of a setting of this very repository; None when it has none."""
        asked = self.git.ask("config", "--local", "--includes", "--null", "--get", name)
        value = os.fsdecode(asked.output).split("\0")[0]
        return value or None if asked.code == 0 else None

    def shallow_roots(self) -> frozenset[str]:
        """Read the commits whose parents a shallow clone left out."""
        file = self.shared / "shallow"
        return frozenset(file.read_text().split()) if file.exists() else frozenset()

    def misses_objects(self) -> bool:
        """Say whether this is a partial clone, which fetches files when they are needed."""
        asked = self.git.ask("config", "--get-regexp", r"^(extensions\.partialclone|remote\..*\.promisor)$")
        return asked.code == 0

    def receive(self, mirror: Git, commit: str, known: Iterable[str]) -> None:
        """Bring a commit and what it needs in as loose objects; no ref changes. Raises GitFailed."""
        there = present(self.git, known)
        carry(mirror, self._writer, commit, there, loose=True)
        if there and not self._is_whole(commit):
            carry(mirror, self._writer, commit, (), loose=True)
        if not self._is_whole(commit):
            raise GitFailed(f"{self.top} does not hold everything that commit {commit[:12]} needs.")

    def point_branch(self, name: str, commit: str, replaces: str | None) -> None:
        """Create a branch, or move it from `replaces`; whatever happens at the same time, it never loses another commit.

        Raises Refusal when it points elsewhere, or is checked out and would move.
        """
        there = self.branch(name)
        if there == commit:
            return
        if there is not None and there != replaces:
            raise self._elsewhere(name, there, commit)
        holder = self._holder(name) if there else None
        if holder:
            raise Refusal(
                f"Branch {name!r} is checked out in {holder}, so it can't move from {replaces} to {commit[:12]}.",
                hint=f"Leave it: git -C {holder} switch --detach",
            )
        # An empty old value says: it must not exist.
        request = ("update-ref", "--no-deref", f"refs/heads/{name}", commit, there or "")
        asked = self._writer.ask(*request, environment=WHO)
        if asked.code != 0 and self._drop_stale_lock(name):
            asked = self._writer.ask(*request, environment=WHO)
        there = self.branch(name)
        if there == commit:
            return
        if there is not None and there != replaces:
            raise self._elsewhere(name, there, commit)
        raise GitFailed(
            f"Branch {name!r} can't be set in {self.top}: {' '.join(asked.complaint.split())[-300:]}",
            hint="A branch whose name is a part of it stands in the way, or a lock file, or missing rights.",
        )

    def _elsewhere(self, name: str, there: str, commit: str) -> Refusal:
        return Refusal(
            f"Branch {name!r} in {self.top} points at {there[:12]}, not at {commit[:12]}.",
            hint=f"Rename or delete it: git -C {self.top} branch -m {name} {name}-old",
        )

    def _holder(self, name: str) -> str | None:
        """Find the worktree that has a branch checked out, or is in the middle of rebasing it."""
        ref = f"refs/heads/{name}"
        places: list[str] = []
        for line in os.fsdecode(self.git.run("worktree", "list", "--porcelain")).split("\n"):
            if line.startswith("worktree "):
                places.append(line.removeprefix("worktree "))
            elif line == f"branch {ref}":
                return places[-1]
        # A rebase detaches HEAD and moves the branch at its end.
        for note in (
            *self.shared.glob("rebase-*/head-name"),
            *self.shared.glob("worktrees/*/rebase-*/head-name"),
        ):
            if note.read_text(errors="replace").strip() == ref:
                linked = note.parent.parent / "gitdir"
                return os.path.dirname(linked.read_text().strip()) if linked.exists() else places[0]
        return None

    @property
    def _writer(self) -> Git:
        """Write as the repository's owner, or root would leave objects that the owner can't add to."""
        owner = self.shared.stat()
        if os.geteuid() != 0 or owner.st_uid == 0:
            return self.git
        return replace(self.git, account=Account(owner.st_uid, owner.st_gid))

    def _is_whole(self, commit: str) -> bool:
        return (
            self.git.ask("rev-list", "--objects", "--quiet", commit, "--not", "--all", seconds=LONG).code == 0
        )

    def _drop_stale_lock(self, name: str) -> bool:
        """Remove the lock file of a branch that nobody but us makes, once its owner must be dead."""
        lock = self.shared / "refs" / "heads" / f"{name}.lock"
        try:
            if time.time() - lock.lstat().st_mtime < STALE:
                return False
            lock.unlink()
        except OSError:
            return False
        return True


def find_target(path: Path) -> Target:
    """Find the repository that holds a path. Raises OperatorMistake."""
    if not path.is_dir():
        raise OperatorMistake(f"{path} is no directory.", hint="Name a git repository: --repo PATH")
    seeker = Git()
    asked = seeker.ask(
        *("-C", str(path), "rev-parse", "--path-format=absolute"),
        *("--is-bare-repository", "--is-inside-git-dir", "--absolute-git-dir", "--git-common-dir"),
        "--show-object-format",
    )
    if asked.code != 0 and ("dubious ownership" in asked.complaint or "unsafe repository" in asked.complaint):
        # git before 2.38 takes safe.directory from files only.
        raise OperatorMistake(
            f"The repository at {path} belongs to another user, and this git refuses to read it.",
            hint="Run Fresh as the repository's owner, or install git 2.38 or newer.",
        )
    if asked.code != 0:
        raise OperatorMistake(
            f"{path} is not inside a git repository that git can read: {' '.join(asked.complaint.split())[-300:]}",
            hint=f"Make it one: git init {path}",
        )
    lines = os.fsdecode(asked.output).rstrip("\n").split("\n")
    if len(lines) != 5:
        raise OperatorMistake(f"{path} has a line break in its path.", hint="Rename the directory.")
    bare, inside, directory, shared, object_format = lines
    git = Git(Path(directory))
    if bare == "true":
        return Target(Path(directory).resolve(), git, Path(shared), object_format)
    if inside == "true":
        raise OperatorMistake(
            f"{path} lies inside a .git directory.", hint="Name the repository's own directory."
        )
    top = seeker.run("-C", str(path), "rev-parse", "--path-format=absolute", "--show-toplevel")
    return Target(Path(os.fsdecode(top).rstrip("\n")), git, Path(shared), object_format)
