"""The operator's repository, in every shape: read whole, given one branch, and otherwise untouched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fresh.adapters.git_workspace import GitWorkspace
from fresh.adapters.gitting import target
from fresh.errors import GitFailed, OperatorMistake, Refusal
from tests.fakes.repositories import OperatorRepository, make_repository, picture

BRANCH = "autonomous/abc12345-x"
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes owners")


def work(
    workspace: GitWorkspace, revision: str = "HEAD", content: bytes = b"made by an agent\n"
) -> tuple[str, str]:
    """Do what an agent does, from base to branch; return base and commit."""
    base = workspace.take_base(revision)
    tree = workspace.plant("abc12345", base)
    workspace.write(tree, "made.txt", content)
    commit = workspace.commit(tree, "make a file", base)
    assert commit is not None
    workspace.publish(commit, BRANCH)
    workspace.fell("abc12345")
    return base, commit


@pytest.fixture
def repository(tmp_path: Path) -> OperatorRepository:
    made = make_repository(tmp_path / "repo")
    made.record({"a.txt": "1\n", "sub/b.txt": "1\n"})
    made.record({"a.txt": "2\n"})
    return made


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def is_whole(repository: OperatorRepository) -> bool:
    return b"missing" not in repository.git("fsck", "--full", "--strict")


def test_publishing_adds_one_ref_and_objects_and_changes_no_other_byte(
    repository: OperatorRepository, state: Path
) -> None:
    (repository.path / "a.txt").write_text("stashed\n")
    repository.git("stash")
    (repository.path / "a.txt").write_text("staged\n")
    repository.git("add", "a.txt")
    (repository.path / "a.txt").write_text("dirty\n")
    (repository.path / "untracked.txt").write_text("mine\n")
    (repository.path / ".git" / "hooks" / "pre-commit").write_text("#!/bin/sh\nexit 1\n")
    before, status = (
        picture(repository.path),
        repository.git("status", "--porcelain=v2", "--branch", "--show-stash"),
    )
    before = picture(repository.path)
    _, commit = work(GitWorkspace(repository.path, state))
    after = picture(repository.path)
    added = {path for path in after.keys() - before.keys() if not path.startswith(".git/objects/")}
    assert added == {f".git/refs/heads/{BRANCH}"}
    assert {path: after.get(path) for path in before} == before
    assert repository.git("status", "--porcelain=v2", "--branch", "--show-stash") == status
    assert repository.git("rev-parse", BRANCH).decode().strip() == commit
    assert is_whole(repository)


def test_reading_changes_nothing_at_all(repository: OperatorRepository, state: Path) -> None:
    before = picture(repository.path)
    workspace = GitWorkspace(repository.path, state)
    base = workspace.take_base()
    workspace.churn(base, 30)
    workspace.plant("abc12345", base)
    assert picture(repository.path) == before


def test_the_state_directory_ignores_itself(repository: OperatorRepository) -> None:
    work(GitWorkspace(repository.path, repository.path / ".fresh"))
    assert repository.git("status", "--porcelain") == b""


def test_a_state_directory_elsewhere_gets_no_ignore_file(repository: OperatorRepository, state: Path) -> None:
    work(GitWorkspace(repository.path, state))
    assert not (state / ".gitignore").exists()


def test_nothing_that_the_operators_repository_configures_is_run(
    repository: OperatorRepository, state: Path, tmp_path: Path
) -> None:
    marker, trap = tmp_path / "marker", tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {marker}\ncat\n")
    trap.chmod(0o755)
    (repository.path / ".git" / "info" / "attributes").write_text("* filter=e diff=e\n")
    with (repository.path / ".git" / "config").open("a") as config:
        config.write(
            f'[filter "e"]\n\tclean = {trap}\n\tsmudge = {trap}\n\trequired = true\n[diff]\n\texternal = {trap}\n'
            f'[diff "e"]\n\ttextconv = {trap}\n[gpg]\n\tprogram = {trap}\n[commit]\n\tgpgsign = true\n'
            f"[core]\n\tfsmonitor = {trap}\n\tsshCommand = {trap}\n\tpager = {trap}\n\talternateRefsCommand = {trap}\n"
            f"\tgitProxy = {trap}\n\taskPass = {trap}\n[uploadpack]\n\tpackObjectsHook = {trap}\n"
            f"[credential]\n\thelper = !{trap}\n[trace2]\n\teventTarget = {marker}\n"
            f'[url "ext::{trap} "]\n\tinsteadOf = /\n[alias]\n\trev-parse = !{trap}\n\tupdate-ref = !{trap}\n'
            f"[log]\n\tshowSignature = true\n[receive]\n\tprocReceiveRefs = refs\n[gc]\n\tauto = 1\n"
        )
    hooks = (
        "reference-transaction post-checkout pre-receive update post-receive post-update proc-receive post-index-change"
        " pre-auto-gc post-rewrite push-to-checkout fsmonitor-watchman"
    )
    for hook in hooks.split():
        shutil.copy(trap, repository.path / ".git" / "hooks" / hook)
    _, commit = work(GitWorkspace(repository.path, state))
    assert not marker.exists()
    # The traps are live: git run plainly steps into one.
    repository.git("update-ref", "refs/heads/other", commit)
    assert marker.exists()


def test_the_environment_of_the_process_has_no_say(
    repository: OperatorRepository, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker, trap = tmp_path / "marker", tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {marker}\n")
    trap.chmod(0o755)
    (tmp_path / ".gitconfig").write_text(
        f"[core]\n\thooksPath = {tmp_path}\n\tfsmonitor = {trap}\n[init]\n\ttemplateDir = {tmp_path}\n"
    )
    shutil.copy(trap, tmp_path / "reference-transaction")
    hostile = {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
        "GIT_DIR": "/nonexistent/git",
        "GIT_COMMON_DIR": "/nonexistent/common",
        "GIT_WORK_TREE": "/nonexistent/tree",
        "GIT_INDEX_FILE": "/nonexistent/index",
        "GIT_OBJECT_DIRECTORY": "/nonexistent/objects",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": "/nonexistent/alternates",
        "GIT_NAMESPACE": "elsewhere",
        "GIT_EXEC_PATH": str(tmp_path),
        "GIT_TEMPLATE_DIR": str(tmp_path),
        "GIT_EXTERNAL_DIFF": str(trap),
        "GIT_SSH": str(trap),
        "GIT_SSH_COMMAND": str(trap),
        "GIT_ASKPASS": str(trap),
        "GIT_PAGER": str(trap),
        "GIT_TRACE": str(tmp_path / "trace"),
        "GIT_TRACE2_EVENT": str(tmp_path / "trace2"),
        "GIT_TRACE_PACKET": str(tmp_path / "packet"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.hooksPath",
        "GIT_CONFIG_VALUE_0": str(tmp_path),
        "GIT_CONFIG_PARAMETERS": f"'core.hooksPath'='{tmp_path}'",
        "GIT_AUTHOR_NAME": "Somebody",
        "GIT_COMMITTER_DATE": "2001-01-01T00:00:00Z",
        "GIT_REPLACE_REF_BASE": "refs/elsewhere",
        "GIT_SHALLOW_FILE": "/nonexistent/shallow",
        "GIT_DEFAULT_HASH": "sha256",
        "GIT_CEILING_DIRECTORIES": str(repository.path),
    }
    plain = GitWorkspace(repository.path, tmp_path / "plain")
    base, expected = work(plain)
    repository.git("branch", "-D", BRANCH)
    for name, value in hostile.items():
        monkeypatch.setenv(name, value)
    assert work(GitWorkspace(repository.path, state)) == (base, expected)
    assert not marker.exists()
    assert not [file for file in ("trace", "trace2", "packet") if (tmp_path / file).exists()]


def test_a_directory_within_the_repository_names_the_repository(
    repository: OperatorRepository, state: Path
) -> None:
    workspace = GitWorkspace(repository.path / "sub", state)
    assert workspace.home == os.fspath(repository.path)
    assert workspace.take_base() == repository.head()


def test_a_link_to_the_repository_leads_to_its_real_path(
    repository: OperatorRepository, state: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(repository.path)
    assert GitWorkspace(tmp_path / "link", state).home == os.fspath(repository.path)


def test_a_detached_head_is_a_base(repository: OperatorRepository, state: Path) -> None:
    repository.git("checkout", "-q", "--detach", "HEAD~1")
    base, _ = work(GitWorkspace(repository.path, state))
    assert base == repository.head()


def test_a_tag_names_its_commit(repository: OperatorRepository, state: Path) -> None:
    repository.git("tag", "-a", "v1", "-m", "one", "HEAD~1")
    base, _ = work(GitWorkspace(repository.path, state), "v1")
    assert base == repository.git("rev-parse", "HEAD~1").decode().strip()


def test_a_linked_worktree_has_its_own_head_and_shares_the_branch(
    repository: OperatorRepository, state: Path, tmp_path: Path
) -> None:
    repository.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"), "HEAD~1")
    side = OperatorRepository(tmp_path / "side")
    before = picture(side.path)
    base, commit = work(GitWorkspace(side.path, state))
    assert base == side.head() != repository.head()
    assert picture(side.path) == before
    assert repository.git("rev-parse", BRANCH).decode().strip() == commit


def test_a_bare_repository_works_too(repository: OperatorRepository, state: Path, tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "-q", "--bare", repository.path, tmp_path / "bare.git"], check=True)
    bare = OperatorRepository(tmp_path / "bare.git")
    workspace = GitWorkspace(bare.path, state)
    base, commit = work(workspace)
    assert (workspace.home, base) == (os.fspath(bare.path), repository.head())
    assert bare.git("rev-parse", BRANCH).decode().strip() == commit


def test_a_shallow_clone_is_taken_as_far_as_it_goes(
    repository: OperatorRepository, state: Path, tmp_path: Path
) -> None:
    repository.record({"a.txt": "3\n"})
    subprocess.run(
        ["git", "clone", "-q", "--depth", "2", f"file://{repository.path}", tmp_path / "shallow"], check=True
    )
    shallow = OperatorRepository(tmp_path / "shallow", day=repository.day)
    workspace = GitWorkspace(shallow.path, state)
    base, commit = work(workspace)
    assert workspace.churn(base, 30)["a.txt"] == 2
    assert shallow.git("log", "--format=%H", "-1", BRANCH).decode().strip() == commit
    shallow.record({"a.txt": "4\n"})
    assert workspace.take_base() == shallow.head()
    assert is_whole(shallow)


def test_packed_refs_and_packed_objects_are_no_different(repository: OperatorRepository, state: Path) -> None:
    repository.git("gc", "-q")
    _, commit = work(GitWorkspace(repository.path, state))
    repository.git("pack-refs", "--all")
    workspace = GitWorkspace(repository.path, state)
    assert workspace.published(BRANCH) == commit
    workspace.publish(commit, BRANCH)
    with pytest.raises(Refusal):
        workspace.publish(repository.head(), BRANCH)


def test_a_clone_that_borrows_its_objects_is_copied_whole(
    repository: OperatorRepository, state: Path, tmp_path: Path
) -> None:
    subprocess.run(["git", "clone", "-q", "--shared", repository.path, tmp_path / "borrower"], check=True)
    workspace = GitWorkspace(tmp_path / "borrower", state)
    base, _ = work(workspace)
    shutil.rmtree(repository.path)
    assert workspace.read(base, "a.txt") == b"2\n"


def test_a_sha256_repository_works(tmp_path: Path, state: Path) -> None:
    repository = make_repository(tmp_path / "repo", "--object-format=sha256")
    repository.record({"a.txt": "1\n"})
    base, commit = work(GitWorkspace(repository.path, state))
    assert len(base) == len(commit) == 64
    assert is_whole(repository)


def test_a_partial_clone_that_lacks_files_is_the_operators_mistake(
    repository: OperatorRepository, state: Path, tmp_path: Path
) -> None:
    repository.git("config", "uploadpack.allowFilter", "true")
    url = f"file://{repository.path}"
    subprocess.run(
        ["git", "clone", "-q", "--filter=blob:none", "--no-checkout", url, tmp_path / "partial"], check=True
    )
    with pytest.raises(OperatorMistake, match="partial clone") as mistake:
        GitWorkspace(tmp_path / "partial", state).take_base()
    assert "--refetch" in mistake.value.hint
    subprocess.run(["git", "-C", tmp_path / "partial", "fetch", "-q", "--refetch", "--no-filter"], check=True)
    assert GitWorkspace(tmp_path / "partial", state).take_base() == repository.head()


def test_replaced_objects_are_seen_as_they_are(repository: OperatorRepository, state: Path) -> None:
    repository.git("replace", "HEAD", "HEAD~1")
    workspace = GitWorkspace(repository.path, state)
    assert workspace.read(workspace.take_base(), "a.txt") == b"2\n"


@AS_ROOT
def test_a_repository_of_another_owner_is_read(repository: OperatorRepository, state: Path) -> None:
    head = repository.head()
    subprocess.run(["chown", "-R", "12345:12345", repository.path], check=True)
    assert GitWorkspace(repository.path, state).take_base() == head


def test_an_old_git_that_refuses_another_owners_repository_is_said_with_the_way_out(tmp_path: Path) -> None:
    old = tmp_path / "git"
    old.write_text(
        '#!/bin/sh\ncase "$*" in *rev-parse*) echo "fatal: unsafe repository (is owned by someone else)" >&2; exit 128;; esac\n'
        f'exec {shutil.which("git")} "$@"\n'
    )
    old.chmod(0o755)
    program = (
        "from pathlib import Path; from fresh.adapters.git_workspace import GitWorkspace\n"
        "from fresh.errors import OperatorMistake\n"
        "try: GitWorkspace(Path('.'), Path('s')).take_base()\n"
        "except OperatorMistake as mistake: print(mistake.message, mistake.hint)\n"
    )
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(Path(__file__).parents[2])}
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    assert "belongs to another user" in ended.stdout
    assert "git 2.38 or newer" in ended.stdout


@AS_ROOT
def test_root_leaves_nothing_in_the_repository_that_its_owner_cannot_change(
    tmp_path: Path, state: Path
) -> None:
    # The owner must be able to come here: pytest's own directory is closed to others.
    place = Path(subprocess.run(["mktemp", "-d"], check=True, capture_output=True, text=True).stdout.strip())
    try:
        place.chmod(0o755)
        repository = make_repository(place / "repo")
        repository.record({"a.txt": "1\n"})
        subprocess.run(["chown", "-R", "12345:23456", repository.path], check=True)
        work(GitWorkspace(repository.path, state))
        owners = {(p.lstat().st_uid, p.lstat().st_gid) for p in repository.path.rglob("*")}
        assert owners == {(12345, 23456)}
    finally:
        shutil.rmtree(place)


@pytest.mark.parametrize("how", ["here", "in a linked worktree", "in a rebase"])
def test_a_branch_that_is_checked_out_does_not_move(
    repository: OperatorRepository, state: Path, tmp_path: Path, how: str
) -> None:
    workspace = GitWorkspace(repository.path, state)
    _, first = work(workspace)
    if how == "here":
        repository.git("checkout", "-q", BRANCH)
    elif how == "in a linked worktree":
        repository.git("worktree", "add", "-q", str(tmp_path / "tried out"), BRANCH)
    else:
        repository.git("checkout", "-q", BRANCH)
        with pytest.raises(AssertionError, match="rebase"):
            repository.git("rebase", "--exec", "false", "HEAD~1")
    before = picture(repository.path)
    base = workspace.take_base("main")
    tree = workspace.plant("abc12345", base)
    workspace.write(tree, "made.txt", b"better\n")
    second = workspace.commit(tree, "make it better", base)
    assert second is not None
    with pytest.raises(Refusal, match="is checked out in") as refused:
        workspace.publish(second, BRANCH, replaces=first)
    assert str(tmp_path / ("tried out" if how == "in a linked worktree" else "repo")) in refused.value.hint
    assert workspace.published(BRANCH) == first
    after = picture(repository.path)
    assert {path: after.get(path) for path in before} == before
    workspace.publish(first, BRANCH)
    repository.git("checkout", "-q", "--force", "--detach")
    if how == "here":
        workspace.publish(second, BRANCH, replaces=first)
        assert workspace.published(BRANCH) == second


def test_a_base_that_the_operator_threw_away_is_sent_back_with_the_commit(
    repository: OperatorRepository, state: Path
) -> None:
    workspace = GitWorkspace(repository.path, state)
    base = workspace.take_base()
    tree = workspace.plant("abc12345", base)
    workspace.write(tree, "made.txt", b"x\n")
    commit = workspace.commit(tree, "x", base)
    assert commit is not None
    repository.git("reset", "-q", "--hard", "HEAD~1")
    repository.git("reflog", "expire", "--expire=now", "--all")
    repository.git("gc", "-q", "--prune=now")
    workspace.publish(commit, BRANCH)
    assert repository.git("rev-parse", f"{BRANCH}~1").decode().strip() == base
    assert is_whole(repository)


def test_a_base_of_which_only_the_commit_is_left_is_sent_back_whole(
    repository: OperatorRepository, state: Path
) -> None:
    workspace = GitWorkspace(repository.path, state)
    base = workspace.take_base()
    tree = workspace.plant("abc12345", base)
    workspace.write(tree, "made.txt", b"x\n")
    commit = workspace.commit(tree, "x", base)
    assert commit is not None
    blob = repository.git("rev-parse", "HEAD:a.txt").decode().strip()
    repository.git("reset", "-q", "--hard", "HEAD~1")
    (repository.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    workspace.publish(commit, BRANCH)
    assert repository.git("show", f"{BRANCH}:a.txt") == b"2\n"


def test_a_branch_that_is_in_the_way_of_the_name_is_said(repository: OperatorRepository, state: Path) -> None:
    repository.git("branch", "autonomous")
    with pytest.raises(GitFailed, match="autonomous/abc12345-x") as failed:
        work(GitWorkspace(repository.path, state))
    assert "in the way" in failed.value.hint


@pytest.mark.parametrize("name", ["-x", "a..b", "a b", "x.lock", "", "a\0b", "refs/../x"])
def test_a_name_that_is_no_branch_is_refused(repository: OperatorRepository, state: Path, name: str) -> None:
    workspace = GitWorkspace(repository.path, state)
    base = workspace.take_base()
    before = picture(repository.path)
    with pytest.raises(Refusal, match="name of a branch"):
        workspace.publish(base, name)
    assert picture(repository.path) == before


def test_a_lock_file_that_a_killed_git_left_on_our_branch_is_removed_when_it_is_old(
    repository: OperatorRepository, state: Path
) -> None:
    lock = repository.path / ".git" / "refs" / "heads" / f"{BRANCH}.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    workspace = GitWorkspace(repository.path, state)
    with pytest.raises(GitFailed):
        work(workspace)
    long_ago = lock.stat().st_mtime - target.STALE - 1
    os.utime(lock, (long_ago, long_ago))
    _, commit = work(workspace)
    assert workspace.published(BRANCH) == commit


def test_a_directory_without_a_repository_is_the_operators_mistake(tmp_path: Path, state: Path) -> None:
    workspace = GitWorkspace(tmp_path, state)
    with pytest.raises(OperatorMistake):
        workspace.take_base()
    with pytest.raises(OperatorMistake, match="not inside a git repository") as mistake:
        _ = workspace.home
    assert "git init" in mistake.value.hint
    assert not state.exists()


def test_a_path_that_does_not_exist_is_the_operators_mistake(tmp_path: Path, state: Path) -> None:
    with pytest.raises(OperatorMistake, match="no directory"):
        GitWorkspace(tmp_path / "nowhere", state).take_base()


def test_the_inside_of_a_git_directory_is_the_operators_mistake(
    repository: OperatorRepository, state: Path
) -> None:
    with pytest.raises(OperatorMistake, match=r"inside a \.git directory"):
        GitWorkspace(repository.path / ".git" / "refs", state).take_base()


def test_a_file_that_is_no_commit_is_no_base(repository: OperatorRepository, state: Path) -> None:
    with pytest.raises(OperatorMistake):
        GitWorkspace(repository.path, state).take_base("HEAD:a.txt")


@pytest.mark.parametrize("where", [".gitattributes", "assets/.gitattributes"])
def test_large_file_storage_is_refused_with_that_reason(
    repository: OperatorRepository, state: Path, where: str
) -> None:
    repository.record({where: "# images\n*.png filter=lfs diff=lfs merge=lfs -text\n"})
    with pytest.raises(Refusal, match="Git LFS"):
        GitWorkspace(repository.path, state).take_base()


def test_attributes_that_only_speak_of_large_file_storage_are_fine(
    repository: OperatorRepository, state: Path
) -> None:
    head = repository.record({".gitattributes": "# *.png filter=lfs\n*.txt text\n*.x -filter=lfs-not\n"})
    assert GitWorkspace(repository.path, state).take_base() == head
