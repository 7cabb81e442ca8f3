"""Real git repositories for tests: an operator's, made with the plain git binary."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_NAME": "Olga Operator",
    "GIT_AUTHOR_EMAIL": "olga@example.org",
    "GIT_COMMITTER_NAME": "Olga Operator",
    "GIT_COMMITTER_EMAIL": "olga@example.org",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
}
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class OperatorRepository:
    """A repository as its operator uses it."""

    path: Path
    day: datetime = field(default=FIRST_DAY)

    def git(self, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> bytes:
        """Run git as the operator would; fail the test when git fails."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        command = ["git", "-C", os.fspath(self.path), *arguments]
        ended = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            check=False,
            env={**inherited, **IDENTITY, **(environment or {})},
        )
        assert ended.returncode == 0, f"{' '.join(arguments)}: {ended.stderr.decode(errors='replace')}"
        return ended.stdout

    def record(
        self,
        files: Mapping[str, str | bytes],
        message: str = "a commit",
        *,
        deleted: Iterable[str] = (),
        when: datetime | None = None,
        executable: Iterable[str] = (),
    ) -> str:
        """Commit files on HEAD, as raw bytes; return the sha."""
        for path in deleted:
            self.git("rm", "-q", "--", path)
        for path, content in files.items():
            place = self.path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content.encode() if isinstance(content, str) else content)
        for path in executable:
            (self.path / path).chmod(0o755)
        # What Fresh itself has put there is nobody's commit, unless a test plants it.
        is_planted = (self.path / ".fresh").is_symlink() or any(path.startswith(".fresh/") for path in files)
        own = [] if is_planted else [":(exclude).fresh"]
        self.git("-c", "core.attributesFile=/dev/null", "add", "-A", "-f", "--", ".", *own)
        return self.record_index(message, when=when)

    def record_index(self, message: str, when: datetime | None = None) -> str:
        """Commit what is staged; a day later than the commit before unless said otherwise."""
        self.day = when or self.day + timedelta(days=1)
        date = {"GIT_AUTHOR_DATE": self.day.isoformat(), "GIT_COMMITTER_DATE": self.day.isoformat()}
        self.git("commit", "-q", "--allow-empty", "-m", message, environment=date)
        return self.head()

    def stage(self, path: str, content: bytes, mode: str = "100644") -> None:
        """Stage exact bytes under an exact mode, whatever filters and attributes say."""
        blob = self.git("hash-object", "-w", "--no-filters", "--stdin", stdin=content).decode().strip()
        self.git("update-index", "--add", "--cacheinfo", f"{mode},{blob},{path}")

    def head(self) -> str:
        """Read HEAD's sha."""
        return self.git("rev-parse", "HEAD").decode().strip()


def make_repository(path: Path, *options: str) -> OperatorRepository:
    """Make an empty repository on branch `main`."""
    path.mkdir(parents=True, exist_ok=True)
    repository = OperatorRepository(path)
    repository.git("init", "-q", "-b", "main", *options)
    return repository


def picture(root: Path, *, without: Iterable[str] = ()) -> dict[str, tuple[int, bytes]]:
    """Read every file below a directory with its mode; links as their targets."""
    skipped = {root / name for name in without}
    seen: dict[str, tuple[int, bytes]] = {}
    for place, folders, files in os.walk(root):
        folders[:] = [name for name in folders if Path(place, name) not in skipped]
        for name in (*files, *(f for f in folders if Path(place, f).is_symlink())):
            file = Path(place, name)
            content = os.readlink(file).encode() if file.is_symlink() else file.read_bytes()
            seen[os.fspath(file.relative_to(root))] = (file.lstat().st_mode, content)
    return seen


def remove_repository(repository: OperatorRepository) -> None:
    """Remove a repository and its state."""
    shutil.rmtree(repository.path)
