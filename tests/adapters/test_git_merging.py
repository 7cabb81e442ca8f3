"""Merging in the mirror runs nobody's program, whatever a commit's attributes name."""

from __future__ import annotations

from pathlib import Path

import pytest

from fresh.adapters.git_workspace import GitWorkspace
from fresh.errors import GitFailed
from tests.fakes.repositories import make_repository


def test_no_merge_driver_runs_and_nothing_of_the_operator_changes(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repo")
    trap = tmp_path / "ran"
    repository.git("config", "merge.evil.driver", f"touch {trap}; false")
    repository.git("config", "filter.evil.clean", f"touch {trap}; cat")
    repository.record({".gitattributes": "* merge=evil filter=evil\n", "a.txt": "1\n2\n3\n4\n5\n6\n7\n"})
    workspace = GitWorkspace(repository.path, tmp_path / "state")
    base = workspace.take_base()
    repository.git("switch", "-q", "-c", "autonomous/one")
    repository.record({"a.txt": "one\n2\n3\n4\n5\n6\n7\n"})
    repository.git("switch", "-q", "-c", "autonomous/two", base)
    repository.record({"a.txt": "1\n2\n3\n4\n5\n6\nseven\n"})
    repository.git("switch", "-q", "main")
    before = repository.git("for-each-ref"), repository.git("status", "--porcelain")
    trap.unlink(missing_ok=True)  # the operator's own git ran the operator's own filter

    found = workspace.branches_like("autonomous/")
    merged = workspace.merge(found["autonomous/one"], found["autonomous/two"], "both")

    assert merged.commit is not None
    assert workspace.read(merged.commit, "a.txt") == b"one\n2\n3\n4\n5\n6\nseven\n"
    assert not trap.exists()
    assert (repository.git("for-each-ref"), repository.git("status", "--porcelain")) == before


def test_histories_without_a_common_commit_are_said_to_be_that(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repo")
    repository.record({"a.txt": "1\n"})
    workspace = GitWorkspace(repository.path, tmp_path / "state")
    base = workspace.take_base()
    repository.git("switch", "-q", "--orphan", "other")
    other = repository.record({"b.txt": "2\n"})
    workspace.take_base(other)

    assert workspace.fork_point(base, other) is None
    with pytest.raises(GitFailed, match="can't be merged"):
        workspace.merge(base, other, "both")
