"""Whatever an agent leaves in its tree: nothing of it runs on the host, and nothing odd reaches a commit."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fresh.adapters.git_workspace import GitWorkspace
from fresh.adapters.gitting import commits
from fresh.errors import TreeRefused
from fresh.ports import Tree
from tests.fakes.repositories import IDENTITY, OperatorRepository, make_repository

pytestmark = pytest.mark.filterwarnings("error")


class Stage:
    """A repository, a planted tree, and a marker that a trap would leave."""

    def __init__(self, place: Path) -> None:
        self.repository: OperatorRepository = make_repository(place / "repo")
        self.repository.record({"m.py": "x = 1\n", "pkg/n.py": "y = 1\n", ".gitignore": "build/\n*.log\n"})
        self.workspace = GitWorkspace(self.repository.path, place / "state")
        self.base = self.workspace.take_base()
        self.tree: Tree = self.workspace.plant("abc12345", self.base)
        self.marker = place / "marker"
        self.trap = place / "trap.sh"
        self.trap.write_text(f"#!/bin/sh\ntouch {self.marker}\ncat\n")
        self.trap.chmod(0o755)

    def commit(self) -> str | None:
        return self.workspace.commit(self.tree, "a change", self.base)

    def refusal(self) -> str:
        with pytest.raises(TreeRefused) as refused:
            self.commit()
        return refused.value.message

    def changed(self) -> tuple[str, ...]:
        commit = self.commit()
        return () if commit is None else self.workspace.change(self.base, commit).paths

    def arm(self, directory: Path) -> None:
        """Make a git directory in which every known way to run a program is set."""
        for folder in ("hooks", "refs/heads", "objects", "info"):
            (directory / folder).mkdir(parents=True, exist_ok=True)
        (directory / "HEAD").write_text("ref: refs/heads/x\n")
        (directory / "config").write_text(
            "[core]\n\trepositoryformatversion = 0\n\tbare = false\n"
            f"\tfsmonitor = {self.trap}\n\tsshCommand = {self.trap}\n\tpager = {self.trap}\n\teditor = {self.trap}\n"
            f"\thooksPath = {directory}/hooks\n"
            f'[filter "e"]\n\tclean = {self.trap}\n\tsmudge = {self.trap}\n\tprocess = {self.trap}\n\trequired = true\n'
            f'[diff]\n\texternal = {self.trap}\n[diff "e"]\n\ttextconv = {self.trap}\n\tcommand = {self.trap}\n'
            f"[gpg]\n\tprogram = {self.trap}\n[commit]\n\tgpgsign = true\n[credential]\n\thelper = !{self.trap}\n"
        )
        for hook in (
            "pre-commit",
            "post-index-change",
            "post-checkout",
            "reference-transaction",
            "commit-msg",
            "update",
        ):
            shutil.copy(self.trap, directory / "hooks" / hook)
        (directory / "info" / "attributes").write_text("* filter=e diff=e\n")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_the_traps_of_these_tests_are_live(stage: Stage) -> None:
    shutil.rmtree(stage.tree.path / ".git")
    stage.arm(stage.tree.path / ".git")
    subprocess.run(
        ["git", "-C", stage.tree.path, "status"],
        capture_output=True,
        check=False,
        env={**os.environ, **IDENTITY},
    )
    assert stage.marker.exists()


def _replace_directory(stage: Stage) -> None:
    shutil.rmtree(stage.tree.path / ".git")
    stage.arm(stage.tree.path / ".git")


def _point_file(stage: Stage) -> None:
    shutil.rmtree(stage.tree.path / ".git")
    stage.arm(stage.tree.path.parent / "evil")
    (stage.tree.path / ".git").write_text(f"gitdir: {stage.tree.path.parent / 'evil'}\n")


def _link(stage: Stage) -> None:
    shutil.rmtree(stage.tree.path / ".git")
    stage.arm(stage.tree.path.parent / "evil")
    (stage.tree.path / ".git").symlink_to(stage.tree.path.parent / "evil")


def _spoil_private(stage: Stage) -> None:
    private = stage.tree.path.parent / "private.git"
    stage.arm(private)
    (private / "objects" / "info" / "alternates").write_text("/nonexistent\n")
    (private / "refs" / "heads" / "main").write_text("f" * 40 + "\n")
    (private / "index").write_bytes(b"DIRC nonsense")


@pytest.mark.parametrize("spoil", [_replace_directory, _point_file, _link, _spoil_private])
def test_a_hostile_git_directory_runs_nothing_and_changes_nothing(
    stage: Stage, spoil: Callable[[Stage], None]
) -> None:
    spoil(stage)
    (stage.tree.path / ".gitattributes").write_text("* filter=e diff=e merge=e text eol=crlf ident\n")
    (stage.tree.path / "m.py").write_text("x = 2\n$Id$\n")
    commit = stage.commit()
    assert commit is not None
    change = stage.workspace.change(stage.base, commit)
    stage.workspace.diff(stage.base, commit)
    assert change.paths == (".gitattributes", "m.py")
    assert stage.workspace.read(commit, "m.py") == b"x = 2\n$Id$\n"
    checkout = stage.workspace.plant("check", commit)
    stage.workspace.publish(commit, "autonomous/abc12345-m")
    assert stage.workspace.read_file(checkout, "m.py") == b"x = 2\n$Id$\n"
    assert not stage.marker.exists()


@pytest.mark.parametrize("name", [".git", ".GIT", "git~1", ".git ", ".g\u200cit"])
@pytest.mark.parametrize("where", ["sub", "pkg", "a/b/c"])
def test_a_nested_repository_is_refused(stage: Stage, name: str, where: str) -> None:
    stage.arm(stage.tree.path / where / name)
    assert "nested repository" in stage.refusal()
    assert not stage.marker.exists()


def test_a_look_alike_of_the_git_directory_at_the_top_is_refused(stage: Stage) -> None:
    stage.arm(stage.tree.path / ".Git")
    assert ".Git: it reads as a nested repository" in stage.refusal()


def test_a_hidden_repository_in_an_ignored_directory_is_left_out(stage: Stage) -> None:
    stage.arm(stage.tree.path / "build" / "sub" / ".git")
    (stage.tree.path / "m.py").write_text("x = 2\n")
    assert stage.changed() == ("m.py",)
    assert not stage.marker.exists()


def test_every_reason_is_given_at_once(stage: Stage) -> None:
    root = stage.tree.path
    os.mkfifo(root / "fifo")
    (root / "leak").symlink_to("/etc/passwd")
    (root / "new\nline").touch()
    Path(os.fsdecode(os.fsencode(root) + b"/bad\xff")).touch()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(root / "s"))
        message = stage.refusal()
    assert "5 reasons" in message
    for part in (
        "fifo: it is neither",
        "leak: it is a symbolic link that leaves",
        "control characters",
        "not UTF-8",
        "s: it is",
    ):
        assert part in message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_refused(stage: Stage) -> None:
    os.mknod(stage.tree.path / "null", 0o020666, os.makedev(1, 3))
    assert "null: it is neither" in stage.refusal()


@pytest.mark.parametrize("name", ["m.py", ".gitignore", "pkg"])
def test_a_known_path_that_turned_into_a_fifo_is_refused_without_waiting(stage: Stage, name: str) -> None:
    place = stage.tree.path / name
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    os.mkfifo(place)
    assert f"{name}: it is neither" in stage.refusal()
    if name != "pkg":
        with pytest.raises(TreeRefused):
            stage.workspace.read_file(stage.tree, name)


@pytest.mark.parametrize("target", ["/etc/passwd", "../x", "pkg/../../x", ".git/hooks", "loop"])
def test_a_link_out_of_the_tree_is_refused(stage: Stage, target: str) -> None:
    (stage.tree.path / "loop").symlink_to(target)
    assert "leaves the tree" in stage.refusal()


def test_a_link_within_the_tree_is_committed_as_a_link(stage: Stage) -> None:
    (stage.tree.path / "pkg" / "up").symlink_to("../m.py")
    commit = stage.commit()
    assert commit is not None
    (file,) = stage.workspace.change(stage.base, commit).files
    assert (file.path, file.new_mode) == ("pkg/up", "120000")
    assert stage.workspace.read_blobs([file.new_blob])[file.new_blob] == b"../m.py"


def test_an_untouched_link_that_leaves_is_the_repositorys_own_affair(stage: Stage) -> None:
    (stage.repository.path / "outside").symlink_to("/etc/hostname")
    base = stage.repository.record({"via/x": "1"})
    stage.workspace.take_base()
    tree = stage.workspace.plant("second", base)
    (tree.path / "m.py").write_text("x = 2\n")
    commit = stage.workspace.commit(tree, "x", base)
    assert commit is not None
    assert stage.workspace.change(base, commit).paths == ("m.py",)


def test_a_changed_link_may_not_lead_an_untouched_one_out(stage: Stage) -> None:
    (stage.repository.path / "a").symlink_to("step/..")
    (stage.repository.path / "step").symlink_to("pkg")
    base = stage.repository.record({})
    stage.workspace.take_base()
    tree = stage.workspace.plant("second", base)
    (tree.path / "step").unlink()
    (tree.path / "step").symlink_to(".")
    with pytest.raises(TreeRefused, match="a: it is a symbolic link that another link now leads out"):
        stage.workspace.commit(tree, "x", base)


def test_nothing_is_written_or_read_through_a_link(stage: Stage, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (stage.tree.path / "door").symlink_to(outside)
    (stage.tree.path / "key").symlink_to(outside / "secret")
    for path in ("door/secret", "key", "door/fresh"):
        with pytest.raises(TreeRefused):
            stage.workspace.write(stage.tree, path, b"overwritten")
    for path in ("door/secret", "key"):
        with pytest.raises(TreeRefused):
            stage.workspace.read_file(stage.tree, path)
    assert [file.name for file in outside.iterdir()] == ["secret"]
    assert (outside / "secret").read_text() == "secret"


def test_a_change_that_keeps_size_and_times_is_found(stage: Stage) -> None:
    file = stage.tree.path / "m.py"
    times = file.stat()
    file.write_bytes(b"x = 9\n")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert stage.changed() == ("m.py",)


def test_only_the_owners_right_to_run_counts(stage: Stage) -> None:
    (stage.tree.path / "m.py").chmod(0o666)
    (stage.tree.path / "pkg" / "n.py").chmod(0o755)
    commit = stage.commit()
    assert commit is not None
    assert [(f.path, f.old_mode, f.new_mode) for f in stage.workspace.change(stage.base, commit).files] == [
        ("pkg/n.py", "100644", "100755")
    ]


def test_a_file_may_make_way_for_a_directory_and_the_other_way_round(stage: Stage) -> None:
    (stage.tree.path / "m.py").unlink()
    (stage.tree.path / "m.py").mkdir()
    (stage.tree.path / "m.py" / "inner.py").write_text("1\n")
    shutil.rmtree(stage.tree.path / "pkg")
    (stage.tree.path / "pkg").write_text("now a file\n")
    commit = stage.commit()
    assert commit is not None
    assert {entry.path for entry in stage.workspace.entries(commit)} == {".gitignore", "m.py/inner.py", "pkg"}


def test_leftovers_of_python_and_its_tools_stay_out_of_commits(stage: Stage) -> None:
    leftovers = (
        "pkg/__pycache__/n.cpython-311.pyc .pytest_cache/v/cache/lastfailed .hypothesis/x .coverage .coverage.host.1"
        " thing.egg-info/PKG-INFO .mypy_cache/x.json .ruff_cache/x htmlcov/index.html"
    )
    for path in leftovers.split():
        stage.workspace.write(stage.tree, path, b"left over")
    assert stage.commit() is None
    stage.workspace.write(stage.tree, ".coveragerc", b"[run]\n")
    assert stage.changed() == (".coveragerc",)


def test_the_base_commits_own_ignore_rules_count_and_not_the_agents(stage: Stage) -> None:
    stage.workspace.write(stage.tree, "build/out.txt", b"1")
    stage.workspace.write(stage.tree, "pkg/run.log", b"1")
    stage.workspace.write(stage.tree, ".gitignore", b"!build/\n!*.log\n*.py\n")
    stage.workspace.write(stage.tree, "pkg/.gitignore", b"*\n")
    stage.workspace.write(stage.tree, "pkg/fresh.py", b"1\n")
    assert stage.changed() == (".gitignore", "pkg/.gitignore", "pkg/fresh.py")


def test_a_tracked_file_is_recorded_although_a_rule_ignores_it(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repo")
    base = repository.record({".gitignore": "*.log\n", "kept.log": "1\n", "lib/__pycache__/odd.pyc": "1\n"})
    workspace = GitWorkspace(repository.path, tmp_path / "state")
    workspace.take_base()
    tree = workspace.plant("abc12345", base)
    workspace.write(tree, "kept.log", b"2\n")
    (tree.path / "lib/__pycache__/odd.pyc").unlink()
    commit = workspace.commit(tree, "x", base)
    assert commit is not None
    assert workspace.change(base, commit).paths == ("kept.log", "lib/__pycache__/odd.pyc")


def test_a_repository_may_take_leftovers_back(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repo")
    base = repository.record({".gitignore": "!.coverage\n"})
    workspace = GitWorkspace(repository.path, tmp_path / "state")
    workspace.take_base()
    tree = workspace.plant("abc12345", base)
    workspace.write(tree, ".coverage", b"wanted")
    commit = workspace.commit(tree, "x", base)
    assert commit is not None
    assert workspace.change(base, commit).paths == (".coverage",)


@pytest.mark.parametrize("path", [":(top)x", ":x", "*", "a b", "-x", "[a]", "Ünïcode", "\\x", '"q"'])
def test_odd_but_honest_names_are_committed(stage: Stage, path: str) -> None:
    stage.workspace.write(stage.tree, path, b"1\n")
    assert stage.changed() == (path,)


def test_a_file_or_a_change_that_is_too_large_is_refused(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "LARGEST_FILE", 1000)
    stage.workspace.write(stage.tree, "big", b"x" * 1001)
    assert re.search("big: it has 1001 bytes, more than 1000", stage.refusal())
    (stage.tree.path / "big").unlink()
    monkeypatch.setattr(commits, "MOST_BYTES", 1500)
    stage.workspace.write(stage.tree, "one", b"x" * 900)
    stage.workspace.write(stage.tree, "two", b"x" * 900)
    assert "1800 bytes, more than 1500" in stage.refusal()


def test_a_sparse_file_that_claims_to_be_huge_is_refused_without_being_read(stage: Stage) -> None:
    with open(stage.tree.path / "huge", "wb") as file:
        file.truncate(1 << 40)
    assert "huge: it has 1099511627776 bytes" in stage.refusal()


def test_too_many_changed_files_are_refused(stage: Stage) -> None:
    for number in range(commits.MOST_FILES + 1):
        (stage.tree.path / f"f{number}").touch()
    assert f"{commits.MOST_FILES + 1} files changed" in stage.refusal()


def test_a_tree_nested_without_end_is_refused_and_removed(stage: Stage) -> None:
    descriptor = os.open(stage.tree.path, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=descriptor)
        deeper = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = deeper
    os.close(os.open("bottom", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
    os.close(descriptor)
    assert "deeper than" in stage.refusal()
    place = stage.tree.path.parent
    stage.workspace.fell(stage.tree.name)
    assert not place.exists()
    assert [entry.name for entry in place.parent.iterdir()] == [".lock"]


def test_removing_a_tree_follows_no_link(stage: Stage, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    (stage.tree.path / "door").symlink_to(outside)
    (stage.tree.path / "pkg" / "door").symlink_to(outside)
    shutil.rmtree(stage.tree.path / ".git")
    (stage.tree.path / ".git").symlink_to(outside)
    stage.workspace.fell(stage.tree.name)
    assert (outside / "kept").read_text() == "kept"


def test_a_tree_whose_owner_took_away_all_rights_is_removed_by_its_owner(stage: Stage) -> None:
    closed = stage.tree.path / "pkg"
    (closed / "n.py").chmod(0)
    closed.chmod(0)
    program = "import sys; from pathlib import Path; from fresh.adapters.gitting.beneath import remove; remove(Path(sys.argv[1]))"
    place = stage.tree.path
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "12345:12345", place], check=True)
        # Only the way down is opened; root's own rights must not do the work.
        program = f"import os; from fresh.adapters.gitting import beneath; os.chdir({str(place)!r}); " + (
            "os.setgroups([]); os.setgid(12345); os.setuid(12345); d = os.open('.', os.O_RDONLY); beneath._empty(d, d, 0)"
        )
    subprocess.run([sys.executable, "-c", program, place], check=True, cwd=Path(__file__).parents[2])
    assert not place.exists() or not list(place.iterdir())


def test_a_tree_with_closed_files_is_refused_or_read_but_never_half_committed(stage: Stage) -> None:
    (stage.tree.path / "m.py").write_text("x = 2\n")
    (stage.tree.path / "m.py").chmod(0)
    if os.geteuid() == 0:
        assert stage.changed() == ("m.py",)
    else:
        assert "can't be read" in stage.refusal()
