"""git as an agent meets it: it works on the tree inside the sandbox, and nothing it does there reaches the host."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fresh.adapters.bwrap_sandbox import BwrapSandbox
from fresh.adapters.git_workspace import GitWorkspace
from fresh.errors import SandboxUnavailable
from fresh.ports import Command, Limits, Tree
from tests.fakes.repositories import OperatorRepository, make_repository, picture


@pytest.fixture
def repository(tmp_path: Path) -> OperatorRepository:
    made = make_repository(tmp_path / "repo")
    made.record(
        {"a.txt": "1\n", "dos.txt": "1\r\n2\r\n", ".gitattributes": "* text\n", "pkg/b.txt": "1\n"},
        "the first",
    )
    made.record({"a.txt": "2\n"}, "the second")
    return made


@pytest.fixture
def workspace(repository: OperatorRepository, tmp_path: Path) -> GitWorkspace:
    return GitWorkspace(repository.path, tmp_path / "state")


@pytest.fixture
def sandbox(tmp_path: Path) -> BwrapSandbox:
    made = BwrapSandbox(tmp_path / "sandbox")
    try:
        made.probe()
    except SandboxUnavailable as unavailable:
        pytest.skip(unavailable.message)
    return made


def run(sandbox: BwrapSandbox, tree: Tree, script: str) -> str:
    command = Command(("/bin/sh", "-c", script), tree.home, tree.mounts, tree.environment, Limits(wall=30.0))
    return sandbox.run(command).text


def test_git_inside_knows_the_history_and_sees_a_clean_tree(
    sandbox: BwrapSandbox, workspace: GitWorkspace, repository: OperatorRepository
) -> None:
    tree = workspace.plant("abc12345", workspace.take_base())
    output = run(
        sandbox,
        tree,
        "git log --format=%s; git status --porcelain; git rev-parse HEAD --show-toplevel; git fsck",
    )
    assert output.split("\n")[:4] == [
        "the second",
        "the first",
        repository.head(),
        os.fspath(repository.path),
    ]
    assert "error" not in output
    assert "dubious" not in output


def test_git_inside_shows_what_the_agent_changed(sandbox: BwrapSandbox, workspace: GitWorkspace) -> None:
    tree = workspace.plant("abc12345", workspace.take_base())
    workspace.write(tree, "a.txt", b"3\n")
    workspace.write(tree, "made.txt", b"1\n")
    output = run(sandbox, tree, "git status --porcelain; git diff --stat; git show HEAD~1:a.txt")
    assert output.split("\n")[:2] == [" M a.txt", "?? made.txt"]
    assert "1 file changed, 1 insertion(+), 1 deletion(-)" in output


def test_commits_made_inside_are_thrown_away_and_the_files_count(
    sandbox: BwrapSandbox, workspace: GitWorkspace, repository: OperatorRepository
) -> None:
    base = workspace.take_base()
    tree = workspace.plant("abc12345", base)
    output = run(
        sandbox,
        tree,
        "echo x > made.txt && git add -A && git commit -q -m mine && git log -1 --format=%an:%s",
    )
    assert output.strip() == "Fresh agent:mine"
    commit = workspace.commit(tree, "ours", base)
    assert commit is not None
    assert workspace.change(base, commit).paths == ("made.txt",)
    workspace.publish(commit, "autonomous/abc12345-x")
    said = repository.git("log", "--format=%s", "autonomous/abc12345-x").decode().split("\n")
    assert said[:3] == ["ours", "the second", "the first"]


def test_a_test_suite_may_make_repositories_of_its_own(
    sandbox: BwrapSandbox, workspace: GitWorkspace
) -> None:
    tree = workspace.plant("abc12345", workspace.take_base())
    script = "cd /tmp && git init -q r && cd r && git config user.name Own && git commit -q --allow-empty -m x && git log --format=%an"
    assert run(sandbox, tree, script).strip() == "Own"


def test_what_git_inside_destroys_is_not_the_mirror_nor_the_operators(
    sandbox: BwrapSandbox, workspace: GitWorkspace, repository: OperatorRepository, tmp_path: Path
) -> None:
    base = workspace.take_base()
    tree = workspace.plant("abc12345", base)
    before, mirror = picture(repository.path), picture(tmp_path / "state" / "mirror.git")
    run(
        sandbox,
        tree,
        "rm -rf .git .git/*; mv .git gone; rm -rf /.objects/*; touch /.objects/x; git gc --prune=now; git update-ref -d HEAD;"
        "echo '[core] fsmonitor = /bin/false' > .git/config; echo x > a.txt",
    )
    assert picture(repository.path) == before
    assert picture(tmp_path / "state" / "mirror.git") == mirror
    commit = workspace.commit(tree, "x", base)
    assert commit is not None
    assert workspace.change(base, commit).paths == ("a.txt",)


def test_a_tree_is_written_by_the_host_after_the_sandbox_took_it_over(
    sandbox: BwrapSandbox, workspace: GitWorkspace
) -> None:
    base = workspace.take_base()
    tree = workspace.plant("abc12345", base)
    run(sandbox, tree, "mkdir -m 700 own && echo 1 > own/x && chmod 600 own/x")
    workspace.write(tree, "own/x", b"2\n")
    workspace.write(tree, "own/y", b"1\n")
    assert run(sandbox, tree, "cat own/x && echo 3 > own/x && cat own/x own/y") == "2\n3\n1\n"
    commit = workspace.commit(tree, "x", base)
    assert commit is not None
    assert workspace.read(commit, "own/x") == b"3\n"
    workspace.fell("abc12345")
    assert workspace.standing("abc12345") is None


def test_git_inside_works_under_a_narrow_umask_of_the_host(
    sandbox: BwrapSandbox, repository: OperatorRepository, tmp_path: Path
) -> None:
    old = os.umask(0o077)
    try:
        workspace = GitWorkspace(repository.path, tmp_path / "narrow")
        tree = workspace.plant("abc12345", workspace.take_base())
        assert run(sandbox, tree, "git log --format=%s && git status --porcelain").split("\n")[:2] == [
            "the second",
            "the first",
        ]
    finally:
        os.umask(old)


def test_git_inside_works_on_a_shallow_clone(
    sandbox: BwrapSandbox, repository: OperatorRepository, tmp_path: Path
) -> None:
    repository.git("clone", "-q", "--depth", "1", f"file://{repository.path}", str(tmp_path / "shallow"))
    workspace = GitWorkspace(tmp_path / "shallow", tmp_path / "narrow")
    tree = workspace.plant("abc12345", workspace.take_base())
    assert run(sandbox, tree, "git log --format=%s; git status --porcelain").strip() == "the second"
