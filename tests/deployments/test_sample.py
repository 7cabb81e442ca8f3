"""The sample project: laid out once, whatever stands in the way, and sound by itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from deployments.sample import SOURCE, is_laid_out, lay_out, main
from fresh.errors import OperatorMistake


def git(where: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=where, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_it_is_a_clean_repository_with_everything_committed(tmp_path: Path) -> None:
    assert lay_out(tmp_path / "sample") is True
    assert git(tmp_path / "sample", "status", "--porcelain") == ""
    committed = set(git(tmp_path / "sample", "ls-files").splitlines())
    assert {"pyproject.toml", ".gitignore", "pocket/cli.py", "tests/test_money.py"} <= committed
    assert git(tmp_path / "sample", "branch", "--show-current") == "main"


def test_the_same_commit_is_made_on_every_machine(tmp_path: Path) -> None:
    lay_out(tmp_path / "one")
    lay_out(tmp_path / "two")
    assert git(tmp_path / "one", "rev-parse", "HEAD") == git(tmp_path / "two", "rev-parse", "HEAD")


def test_what_agents_and_people_did_in_it_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "sample"
    lay_out(target)
    git(target, "branch", "autonomous/abc12345-split-bill")
    (target / "notes.txt").write_text("mine")
    assert lay_out(target) is False
    assert git(target, "branch", "--list", "autonomous/*") == "autonomous/abc12345-split-bill"
    assert (target / "notes.txt").read_text() == "mine"


def test_an_empty_directory_is_filled(tmp_path: Path) -> None:
    (tmp_path / "sample").mkdir()
    assert lay_out(tmp_path / "sample") is True


def test_something_else_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "thesis.txt").write_text("three years")
    with pytest.raises(OperatorMistake, match="is not the sample project"):
        lay_out(tmp_path / "sample")
    assert [path.name for path in tmp_path.iterdir()] == ["sample"]
    assert main([str(tmp_path / "sample")]) == 2


def test_of_two_at_once_one_makes_it(tmp_path: Path) -> None:
    made: list[bool] = []
    both = threading.Barrier(2)

    def make() -> None:
        both.wait()
        made.append(lay_out(tmp_path / "sample"))

    threads = [threading.Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False, True]
    assert [path.name for path in tmp_path.iterdir()] == ["sample"]


def test_a_maker_that_was_killed_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    slow_git = tmp_path / "bin" / "git"
    slow_git.parent.mkdir()
    slow_git.write_text("#!/bin/sh\nkill -9 $PPID\n")
    slow_git.chmod(0o755)
    target = tmp_path / "place" / "sample"
    killed = subprocess.run(
        [sys.executable, "-m", "deployments.sample", str(target)],
        env=os.environ | {"PATH": f"{slow_git.parent}:{os.environ['PATH']}"},
        check=False,
    )
    assert killed.returncode == -9
    assert not target.exists()
    assert lay_out(target) is True


def test_neither_the_users_configuration_nor_a_calling_hook_gets_in_its_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[commit]\n\tgpgsign = true\n[core]\n\thooksPath = /nowhere\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other.git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "other.index"))
    assert lay_out(tmp_path / "sample") is True
    assert is_laid_out(tmp_path / "sample")


def test_its_own_tests_pass(tmp_path: Path) -> None:
    lay_out(tmp_path / "sample")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path / "sample",
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    assert re.search(r"^\d\d passed in ", ended.stdout, re.MULTILINE)


def test_it_runs_as_a_program(tmp_path: Path) -> None:
    lay_out(tmp_path / "sample")
    ended = subprocess.run(
        [sys.executable, "-m", "pocket", "add", "3,20", "Food", "--day", "2024-05-03"],
        cwd=tmp_path / "sample",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, "2024-05-03 3.20 food\n")


def test_one_file_of_it_has_lint_that_can_be_fixed_safely() -> None:
    ruff = shutil.which("ruff") or str(Path(sys.executable).with_name("ruff"))
    found = json.loads(
        subprocess.run(
            [ruff, "check", "--isolated", "--no-cache", "--output-format=json", "pocket"],
            cwd=SOURCE,
            capture_output=True,
            text=True,
            check=False,
        ).stdout
    )
    safe = Counter(
        Path(finding["filename"]).name
        for finding in found
        if finding["fix"] and finding["fix"]["applicability"] == "safe"
    )
    assert [name for name, count in safe.items() if count >= 3] == ["importing.py"]
