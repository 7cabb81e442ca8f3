"""The trusted mirror: a bare repository whose configuration is ours, the only git directory the host believes."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fresh.adapters.gitting.git import Git, carry
from fresh.adapters.gitting.names import demand_plain, show
from fresh.adapters.gitting.objects import list_files, present, read_blobs
from fresh.adapters.gitting.storage import locked, write_whole
from fresh.adapters.gitting.target import Target
from fresh.errors import GitFailed, OperatorMistake, Refusal

BASES = "refs/fresh/base"
KEPT = "refs/fresh/kept"

# World-readable objects: a sandbox under another account reads them through a mount; the directory above is closed.
_CONFIG = """[core]
\trepositoryformatversion = {version}
\tbare = true
\tfilemode = true
\tsharedRepository = 0644
[gc]
\tauto = 0
"""
_SHA256 = "[extensions]\n\tobjectformat = sha256\n"

# What runs of Python and its tools leave behind; a repository's own .gitignore may take entries back.
LEFTOVERS = """__pycache__/
*.py[cod]
.pytest_cache/
.mypy_cache/
.ruff_cache/
.hypothesis/
.coverage
.coverage.*
htmlcov/
*.egg-info/
.eggs/
.tox/
.nox/
.venv/
.ipynb_checkpoints/
node_modules/
.DS_Store
"""

_LFS = re.compile(rb"^[ \t]*[^#\s].*[ \t]filter=lfs(?=\s|$)", re.MULTILINE)


@dataclass(frozen=True)
class Mirror:
    """Commits of one target repository, below `state`."""

    state: Path

    @property
    def directory(self) -> Path:
        """The bare repository."""
        return self.state / "mirror.git"

    @cached_property
    def git(self) -> Git:
        """git on the mirror."""
        return Git(self.directory)

    def take(self, target: Target, revision: str) -> str:
        """Bring a revision in, with its history. Raises OperatorMistake, Refusal, GitFailed."""
        sha = target.resolve(revision)
        self._refuse_planted_state(target, sha)
        with locked(self._lock) as held:
            self._stand_up(target)
            if self._read_ref(f"{BASES}/{sha}") is None:
                self._import(target, sha, held)
        self._refuse_large_files(sha)
        return sha

    def bases(self) -> tuple[str, ...]:
        """List the commits that came from the operator's repository."""
        return tuple(self.git.run("for-each-ref", "--format=%(objectname)", BASES).decode().split())

    def keep(self, name: str, commit: str) -> None:
        """Point our own ref at a commit."""
        with locked(self._lock) as held:
            self._point(f"{KEPT}/{demand_plain(name)}", commit, held)

    def kept(self, name: str) -> str | None:
        """Read our own ref."""
        return self._read_ref(f"{KEPT}/{demand_plain(name)}")

    def all_kept(self) -> frozenset[str]:
        """List the commits that our own refs point at: every one that an agent ever recorded."""
        return frozenset(self.git.run("for-each-ref", "--format=%(objectname)", KEPT).decode().split())

    def shallow_roots(self) -> str:
        """Read the mirror's own shallow file; empty when the history is whole."""
        file = self.directory / "shallow"
        return file.read_text() if file.exists() else ""

    @property
    def _lock(self) -> Path:
        return self.state / "mirror.lock"

    def _stand_up(self, target: Target) -> None:
        """Make the mirror under the lock; one that a dead process left half-made is thrown away."""
        ignore = self.state / ".gitignore"
        if target.top in self.state.resolve().parents and not ignore.exists():
            write_whole(ignore, b"*\n")
        exclude = self.directory / "info" / "exclude"
        config = self.directory / "config"
        if not self.directory.exists():
            making = self.state / "mirror.git.making"
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir(mode=0o700)
            Git(making).run(
                "init", "--bare", "--quiet", "--template=", f"--object-format={target.object_format}"
            )
            (making / "config").write_text(_config(target))
            (making / "info").mkdir(exist_ok=True)
            (making / "info" / "exclude").write_text(LEFTOVERS)
            making.chmod(0o700)
            for part in ("objects", "objects/info", "objects/pack"):
                (making / part).chmod(0o755)
            making.rename(self.directory)
        if not exclude.exists() or exclude.read_text() != LEFTOVERS:
            write_whole(exclude, LEFTOVERS.encode())
        if not config.exists() or config.read_text() != _config(target):
            write_whole(config, _config(target).encode())

    def _import(self, target: Target, sha: str, held: int) -> None:
        """Carry the objects, then the shallow roots, then the ref: what has a ref is whole."""
        # The lock is ours and git's children hold it too, so what a dead process left half-written is nobody's.
        for spare in (self.directory / "objects" / "pack").glob("tmp_*"):
            spare.unlink(missing_ok=True)
        try:
            carry(target.git, self.git, sha, present(target.git, self.bases()), loose=False, locks=(held,))
        except GitFailed as failed:
            if target.misses_objects():
                raise OperatorMistake(
                    f"{target.top} is a partial clone that lacks files of commit {sha[:12]}.",
                    hint="Complete it: git fetch --refetch --no-filter",
                ) from failed
            raise
        roots = present(self.git, sorted(target.shallow_roots() - set(self.shallow_roots().split())))
        if roots:
            write_whole(
                self.directory / "shallow", (self.shallow_roots() + "".join(f"{r}\n" for r in roots)).encode()
            )
        self._point(f"{BASES}/{sha}", sha, held)

    def _point(self, ref: str, commit: str, held: int) -> None:
        self.directory.joinpath(f"{ref}.lock").unlink(missing_ok=True)
        self.git.run("update-ref", ref, commit, locks=(held,))

    def _read_ref(self, ref: str) -> str | None:
        if not self.directory.exists():
            return None
        asked = self.git.ask("rev-parse", "--verify", "--quiet", ref)
        return asked.output.decode().strip() if asked.code == 0 else None

    def _refuse_planted_state(self, target: Target, sha: str) -> None:
        """Refuse a commit that brings a state directory: its mirror would be believed."""
        state = self.state.resolve()
        if target.top not in state.parents:
            return
        below = os.fspath(state.relative_to(target.top))
        if target.git.run("ls-tree", "-z", "--name-only", sha, "--", below):
            raise OperatorMistake(
                f"Commit {sha[:12]} brings its own {below}, and Fresh keeps its state there.",
                hint=f"Look at it, then git rm -r --cached {below} and commit; or set FRESH_HOME to another directory.",
            )

    def _refuse_large_files(self, sha: str) -> None:
        """Refuse Git LFS: its filter is a program that never runs here, so pointers would stand for the files."""
        rules = [e for e in list_files(self.git, sha) if e.path.rpartition(b"/")[2] == b".gitattributes"]
        contents = read_blobs(self.git, (entry.blob for entry in rules))
        found = [show(entry.path) for entry in rules if _LFS.search(contents[entry.blob])]
        if found:
            raise Refusal(
                f"Commit {sha[:12]} keeps files in Git LFS ({', '.join(found)}), and Fresh would see only their pointers.",
                hint="Choose a repository without filter=lfs; git lfs migrate export takes files out of LFS.",
            )


def _config(target: Target) -> str:
    sha256 = target.object_format == "sha256"
    return _CONFIG.format(version=int(sha256)) + (_SHA256 if sha256 else "")
