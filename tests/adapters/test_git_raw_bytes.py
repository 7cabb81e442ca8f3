"""Files are laid and recorded byte for byte: no attribute is interpreted, and what nobody touched never differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from fresh.adapters.git_workspace import GitWorkspace
from fresh.errors import Refusal, TreeRefused
from fresh.ports import Tree
from tests.fakes.repositories import OperatorRepository, make_repository

ATTRIBUTES = [
    "* text=auto\n",
    "* text\n",
    "* text eol=crlf\n",
    "* text eol=lf\n",
    "* ident\n",
    "* working-tree-encoding=UTF-16\n",
    "* filter=undefined\n",
    "* export-subst\n",
    "*.txt binary\n",
    "[attr]mine text eol=crlf\n* mine\n",
]
CONTENTS = {
    "unix.txt": b"one\ntwo\n",
    "dos.txt": b"one\r\ntwo\r\n",
    "mixed.txt": b"one\r\ntwo\n",
    "old.txt": b"one\rtwo\r",
    "ident.txt": b"$Id$\n$Id: 1234 $\n",
    "utf16.txt": "ünï\n".encode("utf-16"),
    "latin.txt": b"caf\xe9\n",
    "nul.bin": b"\x00\r\n\x00",
    "empty": b"",
    "no-end.txt": b"no newline at the end",
    "$Format:%H$.txt": b"$Format:%H$\n",
}


def open_workspace(repository: OperatorRepository, place: Path) -> tuple[GitWorkspace, str, Tree]:
    workspace = GitWorkspace(repository.path, place / "state")
    base = workspace.take_base()
    return workspace, base, workspace.plant("abc12345", base)


@pytest.mark.parametrize("attributes", ATTRIBUTES, ids=lambda text: text.strip().replace("\n", " "))
def test_untouched_files_keep_every_byte_and_never_differ(tmp_path: Path, attributes: str) -> None:
    repository = make_repository(tmp_path / "repo")
    for path, content in (CONTENTS | {".gitattributes": attributes.encode()}).items():
        repository.stage(path, content)
    repository.record_index("raw")
    workspace, base, tree = open_workspace(repository, tmp_path)
    assert {path: (tree.path / path).read_bytes() for path in CONTENTS} == CONTENTS
    assert workspace.commit(tree, "nothing", base) is None
    workspace.write(tree, "dos.txt", b"one\r\nthree\r\n")
    workspace.write(tree, "made.txt", b"a\r\nb\n$Id$\n")
    commit = workspace.commit(tree, "one line", base)
    assert commit is not None
    change = workspace.change(base, commit)
    assert change.paths == ("dos.txt", "made.txt")
    assert (change.files[0].added, change.files[0].removed) == (1, 1)
    assert workspace.read(commit, "made.txt") == b"a\r\nb\n$Id$\n"


def test_modes_and_links_of_the_base_are_laid_as_they_are(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repo")
    repository.stage("run.sh", b"#!/bin/sh\n", "100755")
    repository.stage("plain", b"x", "100644")
    repository.stage("deep/link", b"../plain", "120000")
    repository.record_index("modes")
    workspace, base, tree = open_workspace(repository, tmp_path)
    assert (tree.path / "run.sh").stat().st_mode & 0o100
    assert not (tree.path / "plain").stat().st_mode & 0o111
    assert (tree.path / "deep" / "link").readlink() == Path("../plain")
    assert workspace.commit(tree, "nothing", base) is None


def test_paths_of_the_base_that_are_no_text_are_laid_and_shown_escaped(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repo")
    repository.git(
        "update-index", "-z", "--index-info", stdin=b"100644 %s\tcaf\xe9\0" % _blob(repository, b"x\n")
    )
    repository.record_index("odd name")
    workspace, base, tree = open_workspace(repository, tmp_path)
    (entry,) = workspace.entries(base)
    assert entry.path == "caf\\xe9"
    assert entry.model_validate_json(entry.model_dump_json()) == entry
    assert workspace.commit(tree, "nothing", base) is None
    workspace.write(tree, "made.txt", b"1\n")
    commit = workspace.commit(tree, "x", base)
    assert commit is not None
    assert workspace.change(base, commit).paths == ("made.txt",)


def test_a_line_break_in_a_path_of_the_base_confuses_nothing(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repo")
    base = repository.record({"one\ntwo": "odd\n", "one": "plain\n"})
    workspace, _, tree = open_workspace(repository, tmp_path)
    assert workspace.read(base, "one\ntwo") == b"odd\n"
    assert workspace.churn(base, 1) == {"one": 1, "one\ntwo": 1}
    assert workspace.commit(tree, "nothing", base) is None


@pytest.fixture
def with_submodule(tmp_path: Path) -> OperatorRepository:
    repository = make_repository(tmp_path / "repo")
    first = repository.record({"a.txt": "1\n"})
    repository.stage(
        ".gitmodules", b'[submodule "lib"]\n\tpath = vendor/lib\n\turl = https://example.org/lib\n'
    )
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{first},vendor/lib")
    repository.record_index("a submodule")
    return repository


def test_a_submodule_is_an_empty_directory_and_stays_as_it_is(
    with_submodule: OperatorRepository, tmp_path: Path
) -> None:
    workspace, base, tree = open_workspace(with_submodule, tmp_path)
    assert list((tree.path / "vendor" / "lib").iterdir()) == []
    assert workspace.commit(tree, "nothing", base) is None
    workspace.write(tree, "a.txt", b"2\n")
    commit = workspace.commit(tree, "x", base)
    assert commit is not None
    assert workspace.change(base, commit).paths == ("a.txt",)
    (tree.path / "vendor" / "lib").rmdir()
    assert workspace.commit(tree, "x", base) == commit
    assert {e.path: e.mode for e in workspace.entries(commit)}["vendor/lib"] == "160000"
    workspace.publish(commit, "autonomous/abc12345-x")
    assert workspace.published("autonomous/abc12345-x") == commit


def test_a_submodule_can_be_neither_filled_nor_replaced(
    with_submodule: OperatorRepository, tmp_path: Path
) -> None:
    workspace, base, tree = open_workspace(with_submodule, tmp_path)
    workspace.write(tree, "vendor/lib/x.py", b"1\n")
    with pytest.raises(TreeRefused, match="vendor/lib: it is a submodule"):
        workspace.commit(tree, "x", base)
    (tree.path / "vendor" / "lib" / "x.py").unlink()
    (tree.path / "vendor" / "lib").rmdir()
    (tree.path / "vendor" / "lib").symlink_to("../a.txt")
    with pytest.raises(TreeRefused, match="vendor/lib: it takes the place of a submodule"):
        workspace.commit(tree, "x", base)


@pytest.mark.parametrize("name", [".git", "..", ".GIT"])
def test_a_forged_commit_is_not_laid(tmp_path: Path, name: str) -> None:
    repository = make_repository(tmp_path / "repo")
    repository.record({"a.txt": "1\n"})
    inner = _tree(repository, b"100644 config\0" + bytes.fromhex(_blob(repository, b"evil").decode()))
    outer = _tree(repository, b"40000 %s\0" % name.encode() + bytes.fromhex(inner))
    _take_tree(repository, outer)
    workspace = GitWorkspace(repository.path, tmp_path / "state")
    base = workspace.take_base()
    with pytest.raises(Refusal, match="can't be laid safely"):
        workspace.plant("abc12345", base)
    assert not (tmp_path / "state" / "worktrees" / "config").exists()


def test_a_forged_parent_lays_no_rules_outside(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repo")
    repository.record({"a.txt": "1\n"})
    workspace, _, tree = open_workspace(repository, tmp_path)
    inner = _tree(repository, b"100644 .gitignore\0" + bytes.fromhex(_blob(repository, b"*\n").decode()))
    _take_tree(repository, _tree(repository, b"40000 ..\0" + bytes.fromhex(inner)))
    forged = workspace.take_base()
    workspace.write(tree, "made.txt", b"1\n")
    with pytest.raises(Refusal, match="can't be laid safely"):
        workspace.commit(tree, "x", forged)
    assert not list((tmp_path / "state").rglob(".gitignore"))


def test_a_forged_commit_that_writes_through_its_own_link_is_not_laid(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    repository = make_repository(tmp_path / "repo")
    repository.record({"a.txt": "1\n"})
    link = bytes.fromhex(_blob(repository, str(outside).encode()).decode())
    inner = bytes.fromhex(
        _tree(repository, b"100644 evil\0" + bytes.fromhex(_blob(repository, b"evil").decode()))
    )
    _take_tree(repository, _tree(repository, b"120000 d\0" + link + b"40000 d\0" + inner))
    workspace = GitWorkspace(repository.path, tmp_path / "state")
    base = workspace.take_base()
    with pytest.raises(Refusal, match="lists a path twice"):
        workspace.plant("abc12345", base)
    assert list(outside.iterdir()) == []


def _blob(repository: OperatorRepository, content: bytes) -> bytes:
    return repository.git("hash-object", "-w", "--no-filters", "--stdin", stdin=content).strip()


def _tree(repository: OperatorRepository, content: bytes) -> str:
    return (
        repository.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=content)
        .decode()
        .strip()
    )


def _take_tree(repository: OperatorRepository, tree: str) -> None:
    commit = repository.git("commit-tree", tree, "-m", "forged").decode().strip()
    repository.git("update-ref", "refs/heads/main", commit)
