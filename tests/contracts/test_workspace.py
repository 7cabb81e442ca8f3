"""What every workspace does, the fake and the real one alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

from fresh.adapters.git_workspace import GitWorkspace
from fresh.errors import GitFailed, OperatorMistake, Refusal, TreeRefused
from fresh.ports import Tree, Workspace
from tests.fakes.repositories import make_repository
from tests.fakes.workspace import FakeWorkspace

FILES: dict[str, str | bytes] = {
    "README.md": "# Sums\n",
    "sums/__init__.py": "",
    "sums/core.py": "def add(a, b):\n    return a + b\n",
    "data/bytes.bin": b"\x00\x01\xff",
}


class Record(Protocol):
    def __call__(
        self,
        files: dict[str, str | bytes],
        message: str = ...,
        *,
        deleted: tuple[str, ...] = ...,
        when: datetime | None = ...,
        executable: tuple[str, ...] = ...,
    ) -> str: ...


@dataclass
class Given:
    """A workspace, the operator's hand, and the sandbox's hand that deletes a file of a tree."""

    workspace: Workspace
    record: Record
    delete: Callable[[Tree, str], None]


def _fake(_: Path) -> Given:
    fake = FakeWorkspace()

    def delete(tree: Tree, path: str) -> None:
        del fake.files_of(tree)[path]

    return Given(fake, fake.record, delete)


def _real(place: Path) -> Given:
    repository = make_repository(place / "repo")
    workspace = GitWorkspace(repository.path, place / "repo" / ".fresh")

    def record(
        files: dict[str, str | bytes],
        message: str = "a commit",
        *,
        deleted: tuple[str, ...] = (),
        when: datetime | None = None,
        executable: tuple[str, ...] = (),
    ) -> str:
        (place / "repo" / ".git" / "info" / "exclude").write_text(".fresh/\n")
        return repository.record(files, message, deleted=deleted, when=when, executable=executable)

    return Given(workspace, record, lambda tree, path: (tree.path / path).unlink())


@pytest.fixture(params=[_fake, _real], ids=["fake", "git"])
def given(request: pytest.FixtureRequest, tmp_path: Path) -> Given:
    made: Given = request.param(tmp_path)
    return made


def test_head_is_the_base_unless_another_revision_is_named(given: Given) -> None:
    first = given.record(FILES)
    second = given.record({"README.md": "# More sums\n"})
    assert given.workspace.take_base() == second
    assert given.workspace.take_base(first) == first
    assert given.workspace.take_base(first[:10]) == first


def test_a_repository_without_commits_is_the_operators_mistake(given: Given) -> None:
    with pytest.raises(OperatorMistake, match="no commits yet"):
        given.workspace.take_base()


@pytest.mark.parametrize("revision", ["nowhere", "-x", "--all", "0" * 40, ""])
def test_an_unknown_revision_is_the_operators_mistake(given: Given, revision: str) -> None:
    given.record(FILES)
    with pytest.raises(OperatorMistake):
        given.workspace.take_base(revision)


def test_entries_list_every_file_with_mode_hash_and_size(given: Given) -> None:
    given.record(FILES | {"run.sh": "#!/bin/sh\n"}, executable=("run.sh",))
    entries = {entry.path: entry for entry in given.workspace.entries(given.workspace.take_base())}
    assert set(entries) == {*FILES, "run.sh"}
    assert entries["run.sh"].mode == "100755"
    assert entries["README.md"].mode == "100644"
    assert entries["data/bytes.bin"].size == 3
    # The hash that `git hash-object` gives an empty file, in every SHA-1 repository.
    assert entries["sums/__init__.py"].blob == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


def test_files_are_read_from_the_commit_and_not_from_the_checkout(given: Given) -> None:
    first = given.record(FILES)
    given.record({"README.md": "# Later\n"})
    given.workspace.take_base(first)
    assert given.workspace.read(first, "README.md") == b"# Sums\n"
    assert given.workspace.read(first, "data/bytes.bin") == b"\x00\x01\xff"


@pytest.mark.parametrize("path", ["nothing.py", "sums", "../README.md", "/README.md", "sums/", ""])
def test_reading_what_is_no_file_of_the_commit_is_a_key_error(given: Given, path: str) -> None:
    given.record(FILES)
    base = given.workspace.take_base()
    with pytest.raises(KeyError):
        given.workspace.read(base, path)


def test_reading_from_an_unknown_commit_fails(given: Given) -> None:
    given.record(FILES)
    given.workspace.take_base()
    with pytest.raises(GitFailed):
        given.workspace.entries("1" * 40)


def test_many_blobs_are_read_at_once(given: Given) -> None:
    given.record(FILES)
    entries = given.workspace.entries(given.workspace.take_base())
    contents = given.workspace.read_blobs(entry.blob for entry in entries)
    expected = {path: c.encode() if isinstance(c, str) else c for path, c in FILES.items()}
    assert {entry.path: contents[entry.blob] for entry in entries} == expected
    assert given.workspace.read_blobs([]) == {}
    with pytest.raises(GitFailed):
        given.workspace.read_blobs(["1" * 40])


def test_churn_counts_commits_within_the_days_before_the_newest(given: Given) -> None:
    given.record({"old.py": "1\n", "hot.py": "1\n"}, when=datetime(2026, 1, 1, tzinfo=UTC))
    given.record({"hot.py": "2\n"}, when=datetime(2026, 5, 1, tzinfo=UTC))
    given.record({"hot.py": "3\n", "new.py": "1\n"}, when=datetime(2026, 5, 20, tzinfo=UTC))
    base = given.workspace.take_base()
    assert given.workspace.churn(base, 90) == {"hot.py": 2, "new.py": 1}
    assert given.workspace.churn(base, 365) == {"hot.py": 3, "new.py": 1, "old.py": 1}


def test_the_last_change_of_a_path_is_the_newest_commit_that_touched_it(given: Given) -> None:
    first = given.record({"a.txt": "1\n", "*.txt": "1\n"})
    second = given.record({"b.txt": "1\n"})
    third = given.record({"a.txt": "2\n"})
    given.workspace.take_base()
    assert given.workspace.last_change(third, "a.txt") == third
    assert given.workspace.last_change(second, "a.txt") == first
    assert given.workspace.last_change(third, "*.txt") == first
    assert given.workspace.last_change(third, "nowhere.txt") is None


def test_a_planted_tree_has_the_files_of_its_commit(given: Given) -> None:
    given.record(FILES)
    base = given.workspace.take_base()
    tree = given.workspace.plant("abc12345", base)
    assert (tree.name, tree.base, tree.home) == ("abc12345", base, given.workspace.home)
    assert given.workspace.read_file(tree, "sums/core.py") == b"def add(a, b):\n    return a + b\n"


def test_a_tree_is_shown_at_the_operators_path_with_a_git_directory_and_read_only_objects(
    given: Given,
) -> None:
    given.record(FILES)
    tree = given.workspace.plant("abc12345", given.workspace.take_base())
    shown = [(mount.target, mount.writable) for mount in tree.mounts]
    assert shown == [(tree.home, True), (f"{tree.home}/.git", True), ("/.objects", False)]
    assert tree.environment


def test_a_tree_stands_until_it_is_felled(given: Given) -> None:
    given.record(FILES)
    base = given.workspace.take_base()
    assert given.workspace.standing("abc12345") is None
    tree = given.workspace.plant("abc12345", base)
    given.workspace.write(tree, "mine.py", b"x = 1\n")
    found = given.workspace.standing("abc12345")
    assert found == tree
    assert given.workspace.read_file(found, "mine.py") == b"x = 1\n"
    given.workspace.fell("abc12345")
    given.workspace.fell("abc12345")
    assert given.workspace.standing("abc12345") is None


def test_planting_again_starts_afresh(given: Given) -> None:
    given.record(FILES)
    base = given.workspace.take_base()
    tree = given.workspace.plant("abc12345", base)
    given.workspace.write(tree, "README.md", b"spoilt")
    given.workspace.write(tree, "mine.py", b"x = 1\n")
    tree = given.workspace.plant("abc12345", base)
    assert given.workspace.read_file(tree, "README.md") == b"# Sums\n"
    with pytest.raises(KeyError):
        given.workspace.read_file(tree, "mine.py")


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "a b", "x" * 101, "a\n"])
def test_a_name_that_is_no_plain_name_is_refused(given: Given, name: str) -> None:
    given.record(FILES)
    base = given.workspace.take_base()
    with pytest.raises(Refusal):
        given.workspace.plant(name, base)


@pytest.mark.parametrize(
    "path", ["../out.py", "/etc/x", "a/../../b", "", "a//b", "./a", ".git/hooks/x", "sums/.GIT/x"]
)
def test_a_path_that_leaves_the_tree_is_refused(given: Given, path: str) -> None:
    given.record(FILES)
    tree = given.workspace.plant("abc12345", given.workspace.take_base())
    with pytest.raises(TreeRefused):
        given.workspace.write(tree, path, b"x")
    with pytest.raises(TreeRefused):
        given.workspace.read_file(tree, path)


@pytest.mark.parametrize("path", ["sums", "README.md/below"])
def test_a_file_is_not_written_where_a_directory_or_a_file_is_in_the_way(given: Given, path: str) -> None:
    given.record(FILES)
    tree = given.workspace.plant("abc12345", given.workspace.take_base())
    with pytest.raises(TreeRefused):
        given.workspace.write(tree, path, b"x")


def test_a_file_longer_than_asked_for_is_refused(given: Given) -> None:
    given.record(FILES)
    tree = given.workspace.plant("abc12345", given.workspace.take_base())
    assert given.workspace.read_file(tree, "README.md", longest=7) == b"# Sums\n"
    with pytest.raises(TreeRefused):
        given.workspace.read_file(tree, "README.md", longest=6)


def test_a_tree_without_differences_makes_no_commit(given: Given) -> None:
    given.record(FILES)
    base = given.workspace.take_base()
    tree = given.workspace.plant("abc12345", base)
    assert given.workspace.commit(tree, "nothing", base) is None
    given.workspace.write(tree, "README.md", b"# Sums\n")
    assert given.workspace.commit(tree, "nothing", base) is None


def test_a_commit_records_what_was_added_changed_and_removed(given: Given) -> None:
    given.record(FILES)
    base = given.workspace.take_base()
    tree = given.workspace.plant("abc12345", base)
    given.workspace.write(tree, "README.md", b"# Sums\n\nAdds numbers.\n")
    given.workspace.write(tree, "tests/test_core.py", b"def test_add():\n    assert True\n")
    given.delete(tree, "data/bytes.bin")
    commit = given.workspace.commit(tree, "docs: say what it does", base)
    assert commit is not None
    change = given.workspace.change(base, commit)
    assert [(f.status, f.path, f.added, f.removed, f.binary) for f in change.files] == [
        ("M", "README.md", 2, 0, False),
        ("D", "data/bytes.bin", 0, 0, True),
        ("A", "tests/test_core.py", 2, 0, False),
    ]
    assert [(f.old_mode, f.new_mode) for f in change.files] == [
        ("100644", "100644"),
        ("100644", "000000"),
        ("000000", "100644"),
    ]
    assert given.workspace.read(commit, "README.md") == b"# Sums\n\nAdds numbers.\n"
    assert {entry.path for entry in given.workspace.entries(commit)} == {*FILES, "tests/test_core.py"} - {
        "data/bytes.bin"
    }


def test_the_same_files_message_and_parent_give_the_same_commit(given: Given) -> None:
    given.record(FILES)
    base = given.workspace.take_base()
    shas = set()
    for name in ("first", "second"):
        tree = given.workspace.plant(name, base)
        given.workspace.write(tree, "README.md", b"# Other\n")
        shas.add(given.workspace.commit(tree, "same", base))
    assert len(shas) == 1
    tree = given.workspace.plant("third", base)
    given.workspace.write(tree, "README.md", b"# Other\n")
    assert given.workspace.commit(tree, "another message", base) not in shas


def test_a_commit_may_follow_another_commit(given: Given) -> None:
    given.record(FILES)
    base = given.workspace.take_base()
    tree = given.workspace.plant("abc12345", base)
    given.workspace.write(tree, "one.py", b"1\n")
    first = given.workspace.commit(tree, "one", base)
    assert first is not None
    given.workspace.write(tree, "two.py", b"2\n")
    second = given.workspace.commit(tree, "two", first)
    assert second is not None
    assert given.workspace.change(first, second).paths == ("two.py",)
    assert given.workspace.change(base, second).paths == ("one.py", "two.py")
    assert given.workspace.read_file(given.workspace.plant("check", second), "two.py") == b"2\n"


def test_a_written_file_keeps_its_right_to_run(given: Given) -> None:
    given.record({"run.sh": "#!/bin/sh\n"}, executable=("run.sh",))
    base = given.workspace.take_base()
    tree = given.workspace.plant("abc12345", base)
    given.workspace.write(tree, "run.sh", b"#!/bin/sh\ntrue\n")
    commit = given.workspace.commit(tree, "run", base)
    assert commit is not None
    assert [entry.mode for entry in given.workspace.entries(commit)] == ["100755"]


def test_the_diff_shows_added_and_removed_lines(given: Given) -> None:
    given.record(FILES)
    base = given.workspace.take_base()
    tree = given.workspace.plant("abc12345", base)
    given.workspace.write(tree, "README.md", b"# Products\n")
    commit = given.workspace.commit(tree, "rename", base)
    assert commit is not None
    patch = given.workspace.diff(base, commit)
    assert "diff --git a/README.md b/README.md" in patch
    assert "\n-# Sums\n+# Products\n" in patch
    assert given.workspace.diff(base, base) == ""


def test_a_kept_commit_is_found_again(given: Given) -> None:
    first = given.record(FILES)
    given.workspace.take_base()
    second = given.record({"x.py": "x\n"})
    given.workspace.take_base()
    assert given.workspace.kept("abc12345") is None
    given.workspace.keep("abc12345", first)
    given.workspace.keep("abc12345", second)
    assert given.workspace.kept("abc12345") == second
    with pytest.raises(GitFailed):
        given.workspace.keep("abc12345", "1" * 40)


def test_publishing_twice_is_publishing_once(given: Given) -> None:
    given.record(FILES)
    base = given.workspace.take_base()
    assert given.workspace.published("autonomous/abc12345-add") is None
    given.workspace.publish(base, "autonomous/abc12345-add")
    given.workspace.publish(base, "autonomous/abc12345-add")
    assert given.workspace.published("autonomous/abc12345-add") == base


def test_a_branch_that_points_elsewhere_is_refused_and_left_alone(given: Given) -> None:
    first = given.record(FILES)
    given.workspace.take_base()
    given.workspace.publish(first, "autonomous/abc12345-add")
    second = given.record({"x.py": "x\n"})
    given.workspace.take_base()
    with pytest.raises(Refusal, match="points at"):
        given.workspace.publish(second, "autonomous/abc12345-add")
    assert given.workspace.published("autonomous/abc12345-add") == first


def test_a_branch_moves_only_from_the_commit_that_it_replaces(given: Given) -> None:
    first = given.record(FILES)
    second = given.record({"x.py": "1\n"})
    third = given.record({"x.py": "2\n"})
    given.workspace.take_base()
    given.workspace.publish(first, "autonomous/abc12345-add", replaces=third)
    given.workspace.publish(second, "autonomous/abc12345-add", replaces=first)
    given.workspace.publish(second, "autonomous/abc12345-add", replaces=first)
    assert given.workspace.published("autonomous/abc12345-add") == second
    with pytest.raises(Refusal, match="points at"):
        given.workspace.publish(third, "autonomous/abc12345-add", replaces=first)
    assert given.workspace.published("autonomous/abc12345-add") == second


def test_a_commit_contains_itself_and_what_came_before(given: Given) -> None:
    first = given.record(FILES)
    second = given.record({"x.py": "1\n"})
    base = given.workspace.take_base()
    tree = given.workspace.plant("abc12345", base)
    given.workspace.write(tree, "y.py", b"1\n")
    commit = given.workspace.commit(tree, "y", base)
    assert commit is not None
    assert given.workspace.contains(second, first)
    assert given.workspace.contains(commit, first)
    assert given.workspace.contains(commit, commit)
    assert not given.workspace.contains(second, commit)
    assert not given.workspace.contains(second, "1" * 40)
    with pytest.raises(GitFailed):
        given.workspace.contains("1" * 40, second)


def test_a_published_branch_can_be_taken_as_a_base(given: Given) -> None:
    given.record(FILES)
    base = given.workspace.take_base()
    tree = given.workspace.plant("abc12345", base)
    given.workspace.write(tree, "x.py", b"x\n")
    commit = given.workspace.commit(tree, "x", base)
    assert commit is not None
    given.workspace.publish(commit, "autonomous/abc12345-x")
    assert given.workspace.take_base("autonomous/abc12345-x") == commit


def _aside(given: Given, name: str, base: str, files: dict[str, str]) -> str:
    """Commit files on a base without the operator's HEAD."""
    tree = given.workspace.plant(name, base)
    for path, text in files.items():
        given.workspace.write(tree, path, text.encode())
    commit = given.workspace.commit(tree, f"{name}\n\nby hand", base)
    assert commit is not None
    return commit


def test_a_merge_holds_both_sides_and_is_the_same_commit_again(given: Given) -> None:
    given.record(FILES)
    base = given.workspace.take_base()
    one = _aside(given, "one", base, {"sums/one.py": "ONE = 1\n"})
    two = _aside(given, "two", base, {"sums/two.py": "TWO = 2\n"})
    merged = given.workspace.merge(one, two, "both")
    assert merged.conflicts == ()
    assert merged.commit is not None
    assert given.workspace.read(merged.commit, "sums/one.py") == b"ONE = 1\n"
    assert given.workspace.read(merged.commit, "sums/two.py") == b"TWO = 2\n"
    assert given.workspace.contains(merged.commit, one)
    assert given.workspace.contains(merged.commit, two)
    assert given.workspace.merge(one, two, "both") == merged


def test_a_merge_that_conflicts_names_the_paths(given: Given) -> None:
    given.record(FILES)
    base = given.workspace.take_base()
    one = _aside(given, "one", base, {"sums/core.py": "def add(a, b):\n    return b + a\n", "x.py": "1\n"})
    two = _aside(given, "two", base, {"sums/core.py": "def add(a, b):\n    return sum((a, b))\n"})
    merged = given.workspace.merge(one, two, "both")
    assert merged.commit is None
    assert merged.conflicts == ("sums/core.py",)


def test_a_rebase_keeps_the_message_and_stands_on_the_new_base_alone(given: Given) -> None:
    given.record(FILES)
    base = given.workspace.take_base()
    mine = _aside(given, "mine", base, {"sums/mine.py": "MINE = 1\n"})
    given.record({"sums/theirs.py": "THEIRS = 1\n"})
    moved = given.workspace.take_base()
    rebased = given.workspace.rebase(mine, moved)
    assert rebased.commit is not None
    assert given.workspace.change(moved, rebased.commit).paths == ("sums/mine.py",)
    assert given.workspace.contains(rebased.commit, moved)
    assert not given.workspace.contains(rebased.commit, mine)
    assert given.workspace.rebase(mine, moved) == rebased
    assert given.workspace.fork_point(mine, moved) == base


def test_a_rebase_that_conflicts_makes_no_commit(given: Given) -> None:
    given.record(FILES)
    base = given.workspace.take_base()
    mine = _aside(given, "mine", base, {"sums/core.py": "def add(a, b):\n    return b + a\n"})
    given.record({"sums/core.py": "def add(a, b):\n    return sum((a, b))\n"})
    rebased = given.workspace.rebase(mine, given.workspace.take_base())
    assert (rebased.commit, rebased.conflicts) == (None, ("sums/core.py",))


def test_branches_are_listed_by_the_beginning_of_their_names(given: Given) -> None:
    given.record(FILES)
    base = given.workspace.take_base()
    mine = _aside(given, "mine", base, {"sums/mine.py": "MINE = 1\n"})
    given.workspace.publish(mine, "autonomous/abc12345-mine")
    given.workspace.publish(mine, "other/mine")
    assert given.workspace.branches_like("autonomous/") == {"autonomous/abc12345-mine": mine}
    assert given.workspace.head_branch() == "main"
    assert given.workspace.take_base("refs/heads/main") == base


def test_a_branch_named_like_the_folder_of_ours_is_said_before_any_work(given: Given) -> None:
    given.record(FILES)
    base = given.workspace.take_base()
    mine = _aside(given, "mine", base, {"sums/mine.py": "MINE = 1\n"})
    given.workspace.publish(mine, "autonomous/abc12345-mine")
    given.workspace.demand_branches("autonomous/")
    given.workspace.publish(mine, "robots")
    with pytest.raises(OperatorMistake, match=r"The branch 'robots'.* in the way"):
        given.workspace.demand_branches("robots/")
