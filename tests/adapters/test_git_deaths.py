"""Many at once, and killed at any moment: the workspace stays usable."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fresh.adapters.git_workspace import GitWorkspace
from fresh.adapters.gitting import trees
from fresh.adapters.gitting.git import Git
from fresh.adapters.gitting.storage import try_lock
from fresh.errors import FreshError, GitFailed, OperatorMistake
from tests.fakes.repositories import OperatorRepository, make_repository

ROOT = Path(__file__).parents[2]

AGENT = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from fresh.adapters.git_workspace import GitWorkspace

def work(name):
    workspace = GitWorkspace(Path(sys.argv[1]), Path(sys.argv[2]))
    base = workspace.take_base()
    tree = workspace.plant(name, base)
    workspace.write(tree, f"{name}.txt", name.encode())
    commit = workspace.commit(tree, name, base)
    workspace.keep(name, commit)
    workspace.publish(commit, f"autonomous/{name}")
    workspace.publish(commit, f"autonomous/{name}")
    assert workspace.change(base, commit).paths == (f"{name}.txt",)
    if name.endswith("0"):
        workspace.fell(name)
    return name, commit

if sys.argv[3] == "once":
    import json
    with ThreadPoolExecutor(10) as pool:
        print(json.dumps(dict(pool.map(work, [f"{sys.argv[4]}{n}" for n in range(10)]))))
else:
    print("begun", flush=True)
    round = 0
    while True:
        work(f"same-{sys.argv[4][0]}")
        work(f"{sys.argv[4]}{round}")
        round += 1
"""


def start(repository: OperatorRepository, state: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", AGENT, str(repository.path), str(state), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


@pytest.fixture
def repository(tmp_path: Path) -> OperatorRepository:
    made = make_repository(tmp_path / "repo")
    made.record({f"pkg/f{number}.py": f"x = {number}\n" * 20 for number in range(100)})
    made.record({"README.md": "hello\n"})
    return made


@pytest.mark.slow
def test_two_processes_of_ten_threads_share_one_mirror(
    repository: OperatorRepository, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    both = [start(repository, state, "once", letter) for letter in "ab"]
    made: dict[str, str] = {}
    for process in both:
        output, complaint = process.communicate(timeout=120)
        assert process.returncode == 0, complaint
        made.update(json.loads(output))
    assert len(made) == 20
    workspace = GitWorkspace(repository.path, state)
    for name, commit in made.items():
        assert workspace.published(f"autonomous/{name}") == workspace.kept(name) == commit
        assert (workspace.standing(name) is None) == name.endswith("0")
    assert b"missing" not in repository.git("fsck", "--full")
    assert not [
        path
        for path in state.rglob("*")
        if path.name.endswith(".making") or path.name.startswith(".planting")
    ]


@pytest.mark.slow
def test_processes_killed_at_any_moment_leave_everything_usable(
    repository: OperatorRepository, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    chance = random.Random(20260101)
    published: set[str] = set()
    for life in range(12):
        victims = [start(repository, state, "forever", f"{letter}{life}x") for letter in "ab"]
        for victim in victims:
            assert victim.stdout is not None
            assert victim.stdout.readline() == "begun\n"
        time.sleep(chance.uniform(0.1, 1.3))
        for victim in victims:
            os.kill(victim.pid, signal.SIGKILL)
            victim.wait()
            assert victim.stderr is not None
            assert victim.stderr.read() == ""
        names = (
            repository.git("for-each-ref", "--format=%(refname)", "refs/heads/autonomous").decode().split()
        )
        published.update(names)
        if life % 4 == 3:
            repository.record({"README.md": f"hello {life}\n"})
            for name in names:
                repository.git("update-ref", "-d", name)
    assert len(published) > 6, "the victims died before they did anything"
    after = start(repository, state, "once", "z")
    output, complaint = after.communicate(timeout=120)
    assert after.returncode == 0, complaint
    assert len(json.loads(output)) == 10
    assert b"missing" not in repository.git("fsck", "--full")
    mirror = OperatorRepository(state / "mirror.git")
    assert b"missing" not in mirror.git("fsck", "--full")
    leftovers = [
        e.name for e in (state / "worktrees").iterdir() if e.name.startswith((".planting", ".felled"))
    ]
    assert leftovers == []


def test_a_half_made_mirror_is_made_anew(repository: OperatorRepository, tmp_path: Path) -> None:
    (tmp_path / "state" / "mirror.git.making" / "objects").mkdir(parents=True)
    assert GitWorkspace(repository.path, tmp_path / "state").take_base() == repository.head()
    assert not (tmp_path / "state" / "mirror.git.making").exists()


def test_lock_files_and_packs_that_a_killed_git_left_in_the_mirror_are_removed(
    repository: OperatorRepository, tmp_path: Path
) -> None:
    workspace = GitWorkspace(repository.path, tmp_path / "state")
    first = workspace.take_base()
    workspace.keep("abc12345", first)
    mirror = tmp_path / "state" / "mirror.git"
    second = repository.record({"README.md": "again\n"})
    (mirror / "refs" / "fresh" / "kept" / "abc12345.lock").touch()
    (mirror / "refs" / "fresh" / "base" / f"{second}.lock").touch()
    (mirror / "objects" / "pack" / "tmp_pack_dead").write_bytes(b"half")
    assert workspace.take_base() == second
    workspace.keep("abc12345", second)
    assert workspace.kept("abc12345") == second
    assert not list(mirror.rglob("*.lock")) + list(mirror.rglob("tmp_*"))


def test_a_tree_that_a_dead_process_was_laying_is_swept_and_a_live_ones_is_not(
    repository: OperatorRepository, tmp_path: Path
) -> None:
    workspace = GitWorkspace(repository.path, tmp_path / "state")
    base = workspace.take_base()
    workspace.plant("first", base)
    dead = tmp_path / "state" / "worktrees" / ".planting-dead-00000000"
    (dead / "tree").mkdir(parents=True)
    live = dead.with_name(".planting-live-00000000")
    live.mkdir()
    descriptor = os.open(live, os.O_RDONLY)
    try:
        assert try_lock(descriptor)
        workspace.plant("second", base)
        assert live.exists()
        assert not dead.exists()
    finally:
        os.close(descriptor)


def test_a_tree_from_before_the_last_boot_does_not_stand(
    repository: OperatorRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = GitWorkspace(repository.path, tmp_path / "state")
    workspace.plant("abc12345", workspace.take_base())
    assert workspace.standing("abc12345") is not None
    later = tmp_path / "boot_id"
    later.write_text("another boot\n")
    monkeypatch.setattr(trees, "_BOOT", later)
    assert workspace.standing("abc12345") is None


@pytest.mark.parametrize("note", [b"", b"{", b'{"base": 1}', b"\xff"])
def test_a_torn_note_beside_a_tree_means_that_none_stands(
    repository: OperatorRepository, tmp_path: Path, note: bytes
) -> None:
    workspace = GitWorkspace(repository.path, tmp_path / "state")
    workspace.plant("abc12345", workspace.take_base())
    (tmp_path / "state" / "worktrees" / "abc12345" / "planted.json").write_bytes(note)
    assert workspace.standing("abc12345") is None


def test_many_may_plant_the_same_name_and_one_whole_tree_stands(
    repository: OperatorRepository, tmp_path: Path
) -> None:
    workspace = GitWorkspace(repository.path, tmp_path / "state")
    base = workspace.take_base()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: workspace.plant("same", base), range(16)))
    tree = workspace.standing("same")
    assert tree is not None
    assert workspace.commit(tree, "nothing", base) is None
    assert sorted(p.name for p in (tmp_path / "state" / "worktrees").iterdir()) == [".lock", "same"]


def test_git_that_takes_too_long_is_killed_with_all_it_started(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repo")
    repository.record({"a": "1"})
    slow = tmp_path / "git-slow"
    slow.write_text(f"#!/bin/sh\nsleep 60 & echo $! > {tmp_path}/child\nwait\n")
    slow.chmod(0o755)
    started = time.monotonic()
    with pytest.raises(GitFailed, match=r"killed after 0\.5 s") as failed:
        Git(repository.path / ".git").run("-c", f"alias.slow=!{slow}", "slow", seconds=0.5)
    assert failed.value.retryable
    assert time.monotonic() - started < 10
    child = int((tmp_path / "child").read_text())
    time.sleep(0.1)
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_machine_without_git_is_said_in_one_sentence(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; from fresh.adapters.git_workspace import GitWorkspace\n"
        "from fresh.errors import OperatorMistake\n"
        "try: GitWorkspace(Path('.'), Path('s')).take_base()\n"
        "except OperatorMistake as mistake: print(mistake.message, mistake.hint)\n"
    )
    environment = {"PATH": str(tmp_path), "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    assert ended.stdout.strip() == "git is not on the PATH. Install it: apt-get install git"
    assert issubclass(OperatorMistake, FreshError)
