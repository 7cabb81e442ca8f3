"""A person at a terminal: runs commands, and knows what must not change in their repository."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FRESH = str(Path(sys.executable).parent / "fresh")
OURS = "refs/heads/autonomous/"


@dataclass
class Operator:
    """Somebody with a repository and an environment."""

    repository: Path
    environment: dict[str, str]

    def fresh(
        self, *words: str, timeout: float = 300.0, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        done = subprocess.run(
            [FRESH, *words],
            cwd=self.repository,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )
        if check:
            assert done.returncode == 0, (
                f"fresh {' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
            )
        return done

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        return subprocess.Popen(
            [FRESH, *words],
            cwd=self.repository,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def git(self, *words: str) -> str:
        """Run git in the repository."""
        done = subprocess.run(
            ["git", *words], cwd=self.repository, capture_output=True, text=True, check=True
        )
        return done.stdout

    def branches(self) -> dict[str, str]:
        """The branches that agents left, by name."""
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)", OURS).splitlines()
        return {name.removeprefix("refs/heads/"): sha for name, sha in (line.split() for line in lines)}

    def status(self) -> dict[str, object]:
        """What `status` says, as JSON."""
        told: dict[str, object] = json.loads(self.fresh("auto", "status", "--format", "json").stdout)
        return told

    def report(self) -> dict[str, object]:
        """The newest JSON report."""
        newest = sorted((self.repository / ".fresh").glob("orchestration_report_*.json"))[-1]
        told: dict[str, object] = json.loads(newest.read_text())
        return told

    def pages(self) -> list[Path]:
        """The pull request pages."""
        return sorted((self.repository / ".fresh" / "pull_requests").glob("*.md"))

    def belongings(self) -> dict[str, str]:
        """Everything that is the operator's own, by hash: files, index, HEAD, configuration, hooks, stash, other refs."""
        found = {}
        for path in sorted(self.repository.rglob("*")):
            name = path.relative_to(self.repository).as_posix()
            if (
                name.startswith((".fresh/", ".git/objects/", f".git/{OURS}", ".git/logs/"))
                or not path.is_file()
            ):
                continue
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        found.pop(".git/packed-refs", None)
        refs = self.git("for-each-ref", "--format=%(refname) %(objectname)")
        found["refs"] = "\n".join(line for line in refs.splitlines() if not line.startswith(OURS))
        return found
