"""A workspace that keeps everything in memory: the operator's repository, the mirror and the agents' trees."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

from fresh.domain.change import Change, FileChange, TreeEntry
from fresh.domain.fitting import Merged
from fresh.errors import FreshError, GitFailed, OperatorMistake, Refusal, TreeRefused
from fresh.ports import Mount, Tree

ABSENT = "0" * 40
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Stored:
    """One file: its bytes and git's mode."""

    content: bytes
    mode: str = "100644"

    @property
    def blob(self) -> str:
        """The hash that git gives these bytes."""
        return hashlib.sha1(b"blob %d\0" % len(self.content) + self.content).hexdigest()


@dataclass(frozen=True)
class Recorded:
    """One commit of the fake."""

    files: Mapping[str, Stored]
    parent: str | None
    message: str
    when: datetime
    also: str | None = None

    @property
    def sha(self) -> str:
        """A hash of everything in the commit."""
        lines = [f"{file.mode} {file.blob} {path}" for path, file in sorted(self.files.items())]
        text = "\n".join((*lines, str(self.parent), str(self.also), self.message, self.when.isoformat()))
        return hashlib.sha1(text.encode()).hexdigest()


@dataclass
class FakeWorkspace:
    """Imitate one target repository.

    `record` is the operator committing; `files_of` is the inside of a tree, to be edited as a sandbox would edit it.
    `refusals` maps a method's name to the error that it raises until the entry is taken out.
    `calls` counts what was asked for.
    """

    home: str = "/repo"
    trees: dict[str, dict[str, Stored]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    refusals: dict[str, FreshError] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    detached: bool = False

    def __post_init__(self) -> None:
        self._commits: dict[str, Recorded] = {}
        self._planted: dict[str, Tree] = {}
        self._kept: dict[str, str] = {}
        self._head: str | None = None

    # what the operator and the sandbox do

    def record(
        self,
        files: Mapping[str, str | bytes],
        message: str = "a commit",
        *,
        deleted: Iterable[str] = (),
        when: datetime | None = None,
        executable: Iterable[str] = (),
    ) -> str:
        """Commit files on top of the operator's HEAD; return the sha."""
        before = self._commits[self._head] if self._head else None
        merged = dict(before.files) if before else {}
        runnable = set(executable)
        for path, content in files.items():
            stored = content.encode() if isinstance(content, str) else content
            merged[path] = Stored(stored, "100755" if path in runnable else "100644")
        for path in deleted:
            del merged[path]
        moment = when or (before.when + timedelta(days=1) if before else FIRST_DAY)
        self._head = self._store(Recorded(merged, self._head, message, moment))
        return self._head

    def files_of(self, tree: Tree) -> dict[str, Stored]:
        """The files of a standing tree; change them in place to play the sandbox."""
        if self._planted.get(tree.name) is None:
            raise GitFailed(f"No tree named {tree.name!r} stands.")
        return self.trees[tree.name]

    # ports.Workspace

    def take_base(self, revision: str = "HEAD") -> str:
        """Resolve HEAD, a branch, or a full or shortened sha."""
        self._enter("take_base")
        if self._head is None:
            raise OperatorMistake(f"{self.home} has no commits yet.", hint="Commit something first.")
        if revision in ("HEAD", "refs/heads/main"):
            return self._head
        if revision in self.branches:
            return self.branches[revision]
        found = [sha for sha in self._commits if len(revision) >= 4 and sha.startswith(revision)]
        if len(found) != 1:
            raise OperatorMistake(f"{self.home} has no commit {revision!r}.", hint="See: git log --oneline")
        return found[0]

    def entries(self, commit: str) -> tuple[TreeEntry, ...]:
        """List the files of a commit, sorted by path."""
        self._enter("entries")
        return tuple(
            TreeEntry(path=path, mode=file.mode, blob=file.blob, size=len(file.content))
            for path, file in sorted(self._commit(commit).files.items())
        )

    def read(self, commit: str, path: str) -> bytes:
        """Read one file of a commit."""
        self._enter("read")
        return self._commit(commit).files[path].content

    def read_blobs(self, blobs: Iterable[str]) -> dict[str, bytes]:
        """Read blobs by hash."""
        self._enter("read_blobs")
        known = {
            file.blob: file.content for commit in self._commits.values() for file in commit.files.values()
        }
        wanted = tuple(blobs)
        missing = [blob for blob in wanted if blob not in known]
        if missing:
            raise GitFailed(f"{len(missing)} blobs are not in the repository, the first is {missing[0]}.")
        return {blob: known[blob] for blob in wanted}

    def churn(self, commit: str, days: int) -> dict[str, int]:
        """Count the commits that touched each path in the `days` before `commit`."""
        self._enter("churn")
        newest = self._commit(commit)
        counts: Counter[str] = Counter()
        sha: str | None = commit
        while sha is not None:
            recorded = self._commit(sha)
            if recorded.when < newest.when - timedelta(days=days):
                break
            before = self._commit(recorded.parent).files if recorded.parent else {}
            counts.update(_touched(before, recorded.files))
            sha = recorded.parent
        return dict(counts)

    def last_change(self, commit: str, path: str) -> str | None:
        """Find the newest commit that changed a path."""
        self._enter("last_change")
        sha: str | None = commit
        while sha is not None:
            recorded = self._commit(sha)
            before = self._commit(recorded.parent).files if recorded.parent else {}
            if before.get(path) != recorded.files.get(path):
                return sha
            sha = recorded.parent
        return None

    def plant(self, name: str, commit: str) -> Tree:
        """Lay a fresh tree of `commit` in memory; `path` exists nowhere."""
        self._enter("plant")
        _demand_plain(name)
        path = Path("/nonexistent") / name
        mounts = (
            Mount(path / "tree", self.home, writable=True),
            Mount(path / "private.git", f"{self.home}/.git", writable=True),
            Mount(Path("/nonexistent/objects"), "/.objects"),
        )
        tree = Tree(
            name,
            commit,
            path / "tree",
            self.home,
            mounts,
            {"GIT_CONFIG_SYSTEM": f"{self.home}/.git/system", "GIT_CONFIG_NOSYSTEM": "0"},
        )
        self.trees[name] = dict(self._commit(commit).files)
        self._planted[name] = tree
        return tree

    def standing(self, name: str) -> Tree | None:
        """Find a planted tree."""
        self._enter("standing")
        return self._planted.get(name)

    def write(self, tree: Tree, path: str, content: bytes) -> None:
        """Write a file; an existing one keeps its mode."""
        self._enter("write")
        files = self.files_of(tree)
        _demand_beneath(path)
        _demand_free(files, path)
        old = files.get(path)
        files[path] = Stored(content, old.mode if old else "100644")

    def read_file(self, tree: Tree, path: str, longest: int = 1 << 20) -> bytes:
        """Read a file of a tree."""
        self._enter("read_file")
        files = self.files_of(tree)
        _demand_beneath(path)
        if path not in files:
            raise KeyError(path)
        if len(files[path].content) > longest:
            raise TreeRefused(
                f"{path!r} has {len(files[path].content)} bytes, more than the {longest} allowed."
            )
        return files[path].content

    def fell(self, name: str) -> None:
        """Forget a tree."""
        self._enter("fell")
        self.trees.pop(name, None)
        self._planted.pop(name, None)

    def commit(self, tree: Tree, message: str, parent: str) -> str | None:
        """Record a tree on `parent`."""
        self._enter("commit")
        files = dict(self.files_of(tree))
        before = self._commit(parent)
        if not _touched(before.files, files):
            return None
        return self._store(Recorded(files, parent, message, before.when))

    def keep(self, name: str, commit: str) -> None:
        """Remember a commit under a name."""
        self._enter("keep")
        _demand_plain(name)
        self._commit(commit)
        self._kept[name] = commit

    def kept(self, name: str) -> str | None:
        """Recall the commit kept under a name."""
        self._enter("kept")
        return self._kept.get(name)

    def change(self, base: str, commit: str) -> Change:
        """Compare two commits."""
        self._enter("change")
        old, new = self._commit(base).files, self._commit(commit).files
        files = tuple(_compare(path, old.get(path), new.get(path)) for path in sorted(_touched(old, new)))
        return Change(base=base, commit=commit, files=files)

    def diff(self, base: str, commit: str) -> str:
        """Show the difference as a patch."""
        self._enter("diff")
        old, new = self._commit(base).files, self._commit(commit).files
        parts: list[str] = []
        for path in sorted(_touched(old, new)):
            parts.append(f"diff --git a/{path} b/{path}\n")
            parts.extend(
                difflib.unified_diff(_lines(old.get(path)), _lines(new.get(path)), f"a/{path}", f"b/{path}")
            )
        return "".join(parts)

    def publish(self, commit: str, branch: str, *, replaces: str | None = None) -> None:
        """Add one branch to the operator's repository."""
        self._enter("publish")
        self._commit(commit)
        there = self.branches.setdefault(branch, commit)
        if there == replaces:
            self.branches[branch] = there = commit
        if there != commit:
            raise Refusal(
                f"Branch {branch!r} in {self.home} points at {there[:12]}, not at {commit[:12]}.",
                hint=f"Rename or delete it: git branch -m {branch} {branch}-old",
            )

    def contains(self, commit: str, earlier: str) -> bool:
        """Walk the parents."""
        self._enter("contains")
        return earlier in self._ancestry(commit)

    def published(self, branch: str) -> str | None:
        """Read a branch of the operator's repository."""
        self._enter("published")
        return self.branches.get(branch)

    def branches_like(self, prefix: str) -> dict[str, str]:
        """Read the branches whose names begin so."""
        return {name: sha for name, sha in sorted(self.branches.items()) if name.startswith(prefix)}

    def demand_branches(self, prefix: str) -> None:
        """Refuse where a branch has the name of the folder."""
        if prefix.rstrip("/") in self.branches:
            raise OperatorMistake(f"The branch {prefix.rstrip('/')!r} stands in the way.")

    def head_branch(self) -> str | None:
        """The fake's HEAD is on main."""
        self._enter("head_branch")
        return None if self.detached else "main"

    def fork_point(self, one: str, other: str) -> str | None:
        """Find the first common ancestor."""
        self._enter("fork_point")
        known = set(self._ancestry(one))
        return next((sha for sha in self._ancestry(other) if sha in known), None)

    def merge(self, ours: str, theirs: str, message: str) -> Merged:
        """Merge file by file; a file that both changed differently conflicts."""
        self._enter("merge")
        files, conflicts = self._three_way(ours, theirs)
        if conflicts:
            return Merged(conflicts=conflicts)
        when = max(self._commit(ours).when, self._commit(theirs).when)
        return Merged(commit=self._store(Recorded(files, ours, message, when, theirs)))

    def rebase(self, commit: str, base: str) -> Merged:
        """Put a commit's files on another base."""
        self._enter("rebase")
        files, conflicts = self._three_way(base, commit)
        if conflicts:
            return Merged(conflicts=conflicts)
        message = self._commit(commit).message
        return Merged(commit=self._store(Recorded(files, base, message, self._commit(base).when)))

    # inside

    def _ancestry(self, commit: str) -> list[str]:
        seen: dict[str, None] = {}
        ahead = [commit]
        while ahead:
            sha = ahead.pop(0)
            if sha not in seen:
                seen[sha] = None
                recorded = self._commit(sha)
                ahead += [parent for parent in (recorded.parent, recorded.also) if parent]
        return list(seen)

    def _three_way(self, ours: str, theirs: str) -> tuple[dict[str, Stored], tuple[str, ...]]:
        shared = self.fork_point(ours, theirs)
        if shared is None:
            raise GitFailed(
                f"{theirs[:12]} can't be merged with {ours[:12]}: refusing to merge unrelated histories"
            )
        before, here, there = (self._commit(sha).files for sha in (shared, ours, theirs))
        merged = dict(here)
        conflicts = []
        for path in sorted(_touched(before, there)):
            if here.get(path) not in (before.get(path), there.get(path)):
                conflicts.append(path)
            elif path in there:
                merged[path] = there[path]
            else:
                merged.pop(path, None)
        return merged, tuple(conflicts)

    def _enter(self, method: str) -> None:
        self.calls[method] += 1
        if method in self.refusals:
            raise self.refusals[method]

    def _commit(self, sha: str) -> Recorded:
        if sha not in self._commits:
            raise GitFailed(f"The mirror has no commit {sha}.")
        return self._commits[sha]

    def _store(self, commit: Recorded) -> str:
        self._commits[commit.sha] = commit
        return commit.sha


def standing_on(files: Mapping[str, str | bytes], home: str = "/repo") -> tuple[FakeWorkspace, str]:
    """Make a workspace with one commit of these files; return it with the commit's sha."""
    workspace = FakeWorkspace(home=home)
    return workspace, workspace.record(files)


def _touched(old: Mapping[str, Stored], new: Mapping[str, Stored]) -> set[str]:
    return {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}


def _lines(file: Stored | None) -> list[str]:
    return file.content.decode("utf-8", "replace").splitlines(keepends=True) if file else []


def _compare(path: str, old: Stored | None, new: Stored | None) -> FileChange:
    binary = any(b"\0" in file.content for file in (old, new) if file)
    marks = [] if binary else list(difflib.unified_diff(_lines(old), _lines(new), n=0))[2:]
    return FileChange(
        path=path,
        status="A" if old is None else "D" if new is None else "M",
        old_mode=old.mode if old else "000000",
        new_mode=new.mode if new else "000000",
        old_blob=old.blob if old else ABSENT,
        new_blob=new.blob if new else ABSENT,
        added=sum(mark.startswith("+") for mark in marks),
        removed=sum(mark.startswith("-") for mark in marks),
        binary=binary,
    )


def _demand_plain(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
        raise Refusal(f"{name!r} can't name a tree.")


def _demand_beneath(path: str) -> None:
    parts = path.split("/")
    if PurePosixPath(path).is_absolute() or any(
        part in ("", ".", "..") or part.lower() == ".git" for part in parts
    ):
        raise TreeRefused(f"{path!r} is no path below the tree.")


def _demand_free(files: Mapping[str, Stored], path: str) -> None:
    parents = {str(parent) for parent in PurePosixPath(path).parents}
    if parents & files.keys() or any(other.startswith(f"{path}/") for other in files):
        raise TreeRefused(f"{path!r} crosses a file or is a directory.")
