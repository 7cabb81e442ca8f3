"""The git side of one repository: a bare repository on disk that both the API and git over HTTP look at."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

WHO = {
    "GIT_AUTHOR_NAME": "GitHub",
    "GIT_AUTHOR_EMAIL": "noreply@github.example",
    "GIT_COMMITTER_NAME": "GitHub",
    "GIT_COMMITTER_EMAIL": "noreply@github.example",
}


@dataclass
class GitStore:
    """A bare repository."""

    path: Path

    @classmethod
    def create(cls, path: Path, source: Path | None, default_branch: str) -> GitStore:
        """Make it, empty or with the branches of another one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["git", "init", "--quiet", "--bare", f"--initial-branch={default_branch}", str(path)], check=True
        )
        store = cls(path)
        # As GitHub: a force push is a matter of branch protection, not of the repository.
        store.run("config", "http.receivepack", "true")
        store.run("config", "uploadpack.allowAnySHA1InWant", "true")
        store.run("config", "gc.auto", "0")
        if source is not None:
            store.run("fetch", "--quiet", str(source), "+refs/heads/*:refs/heads/*")
        return store

    def run(self, *words: str, stdin: str | None = None) -> str:
        """Run git to its end."""
        return self.ask(*words, stdin=stdin, check=True).stdout.rstrip("\n")

    def ask(
        self, *words: str, stdin: str | None = None, check: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run git where a failure is an answer."""
        return subprocess.run(
            ["git", "--git-dir", str(self.path), *words],
            input=stdin,
            capture_output=True,
            text=True,
            check=check,
            env={"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": "/nonexistent", **WHO},
        )

    def heads(self) -> dict[str, str]:
        """The branches and where they point."""
        lines = self.run(
            "for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads"
        ).splitlines()
        return {name: sha for sha, name in (line.split(" ", 1) for line in lines)}

    def resolve(self, revision: str) -> str | None:
        """Find a commit by branch or sha."""
        for name in (f"refs/heads/{revision}", f"refs/tags/{revision}", revision):
            asked = self.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
            if asked.returncode == 0:
                return asked.stdout.strip()
        return None

    def merge_base(self, one: str, other: str) -> str | None:
        """Find where two commits part."""
        asked = self.ask("merge-base", one, other)
        return asked.stdout.strip() if asked.returncode == 0 else None

    def commits(self, base: str, head: str) -> list[str]:
        """List what head has and base has not, oldest first."""
        return self.run("rev-list", "--reverse", f"{base}..{head}").split()

    def files(self, base: str, head: str) -> list[tuple[str, str, int, int, str]]:
        """List status, path, added and removed lines and blob of what head changed since it left base."""
        start = self.merge_base(base, head) or base
        numbers: dict[str, tuple[int, int]] = {}
        for line in self.run("diff-tree", "-r", "--no-renames", "--numstat", start, head).splitlines():
            added, removed, path = line.split("\t", 2)
            numbers[path] = (0, 0) if added == "-" else (int(added), int(removed))
        found = []
        for line in self.run("diff-tree", "-r", "--no-renames", start, head).splitlines():
            facts, path = line.split("\t", 1)
            _, _, old, new, status = facts.split()
            kind = {"A": "added", "D": "removed"}.get(status, "modified")
            found.append((kind, path, *numbers.get(path, (0, 0)), old if status == "D" else new))
        return found

    def patch(self, base: str, head: str, path: str) -> str:
        """Show the hunks of one file."""
        start = self.merge_base(base, head) or base
        whole = self.run("diff", "--no-renames", start, head, "--", path)
        return "\n".join(
            whole.splitlines()[
                next((i for i, row in enumerate(whole.splitlines()) if row.startswith("@@")), 0) :
            ]
        )

    def merges_cleanly(self, base: str, head: str) -> bool:
        """Say whether there is no conflict."""
        return self.ask("merge-tree", "--write-tree", base, head).returncode == 0

    def merge(self, branch: str, head: str, message: str, method: str) -> str | None:
        """Merge a commit into a branch; None when there is a conflict."""
        base = self.heads()[branch]
        tree = self.ask("merge-tree", "--write-tree", base, head)
        if tree.returncode != 0:
            return None
        parents = ["-p", base] if method == "squash" else ["-p", base, "-p", head]
        commit = self.run("commit-tree", tree.stdout.split()[0], *parents, "-m", message)
        self.run("update-ref", f"refs/heads/{branch}", commit, base)
        return commit

    def commit(self, branch: str, files: dict[str, str], message: str = "Change by hand") -> str:
        """Commit files on a branch, which a person does behind everybody's back."""
        parent = self.heads().get(branch)
        index = self.path / "index.by-hand"
        index.unlink(missing_ok=True)
        environment = {"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": "/nonexistent", **WHO}
        environment |= {"GIT_INDEX_FILE": str(index), "GIT_DIR": str(self.path)}

        def run(*words: str, stdin: str | None = None) -> str:
            done = subprocess.run(
                ["git", *words], input=stdin, capture_output=True, text=True, check=True, env=environment
            )
            return done.stdout.strip()

        if parent is not None:
            run("read-tree", parent)
        for path, content in files.items():
            blob = run("hash-object", "-w", "--stdin", stdin=content)
            run("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
        made = run("commit-tree", run("write-tree"), *(["-p", parent] if parent else []), "-m", message)
        run("update-ref", f"refs/heads/{branch}", made)
        return made
