"""A repository with a journal, and a terminal that runs commands in this process."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.main import main
from fresh.adapters.processes import lives
from fresh.adapters.sql_journal import SqlJournal


@dataclass(frozen=True)
class Shown:
    """What a command left: its exit code and what it wrote."""

    code: int
    out: str
    err: str


@dataclass
class Terminal:
    """Type commands in a repository."""

    repository: Path
    capture: pytest.CaptureFixture[str]

    @property
    def home(self) -> Path:
        return self.repository / ".fresh"

    def type(self, *words: str) -> Shown:
        self.capture.readouterr()
        code = main(words)
        out, err = self.capture.readouterr()
        return Shown(code, out, err)

    def journal(self) -> SqlJournal:
        self.home.mkdir(exist_ok=True)
        return SqlJournal(f"sqlite:///{self.home / 'journal.db'}", lives)


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    repository = tmp_path / "pocket"
    repository.mkdir()
    git(repository, "init", "-q")
    git(repository, "config", "user.name", "Ada Lovelace")
    git(repository, "config", "user.email", "ada@example.com")
    (repository / "pocket.py").write_text("def add(a: int, b: int) -> int:\n    return a + b\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "first")
    monkeypatch.chdir(repository)
    monkeypatch.delenv("FRESH_DEBUG", raising=False)
    return Terminal(repository.resolve(), capsys)


def git(repository: Path, *words: str) -> str:
    """Run git there."""
    ended = subprocess.run(["git", *words], cwd=repository, check=True, capture_output=True, text=True)
    return ended.stdout.strip()
