"""The parts of the form on Landlock, each by itself."""

from __future__ import annotations

import errno
import os
import stat
import struct
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fresh.adapters.bwrap import hierarchies, seccomp
from fresh.adapters.bwrap.hierarchies import MEMORY, NONE, Hierarchy
from fresh.adapters.bwrap.system_calls import AARCH64, X86_64, Machine
from fresh.adapters.landlock import kernel, room, telling
from fresh.adapters.landlock.editables import import_roots
from fresh.adapters.landlock.moving import moved
from fresh.adapters.landlock.nesting import linked
from fresh.adapters.landlock.paths import Moves
from fresh.adapters.landlock_sandbox import LandlockSandbox
from fresh.errors import SandboxUnavailable
from fresh.ports import Command, Mount
from tests.adapters.bwrap.test_bwrap_seccomp import ALLOW, SPECIAL, judge_steps, refuse

TREE = Path("/state/worktrees/a/tree")
MOUNTS = (
    Mount(TREE, "/home/ada/repo", writable=True),
    Mount(Path("/state/worktrees/a/private.git"), "/home/ada/repo/.git", writable=True),
    Mount(Path("/home/ada/repo/.venv"), "/home/ada/repo/.venv"),
    Mount(Path("/state/scratch"), "/tmp", writable=True),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/home/ada/repo", "/state/worktrees/a/tree"),
        ("/home/ada/repo/src/x.py", "/state/worktrees/a/tree/src/x.py"),
        ("/home/ada/repo/.git/system", "/state/worktrees/a/private.git/system"),
        ("/home/ada/repo/.gitignore", "/state/worktrees/a/tree/.gitignore"),
        ("/home/ada/repo/.venv/bin/python", "/home/ada/repo/.venv/bin/python"),
        ("/home/ada/repo/.venv/bin:/usr/bin", "/home/ada/repo/.venv/bin:/usr/bin"),
        ("--rootdir=/home/ada/repo", "--rootdir=/state/worktrees/a/tree"),
        (
            "cat '/home/ada/repo/a' \"/tmp/b\">/tmp",
            "cat '/state/worktrees/a/tree/a' \"/state/scratch/b\">/state/scratch",
        ),
        ("/home/ada/repository /home/ada/repo-2 /home/ada/repo.old", None),
        ("/mnt/home/ada/repo https://example.org/tmp ${base}/tmp ../tmp", None),
        ("/state/worktrees/a/tree/home /state/scratch/tmp", None),
        ("", None),
    ],
)
def test_only_whole_names_move_and_the_longest_first(text: str, expected: str | None) -> None:
    assert Moves.of(MOUNTS)(text) == (text if expected is None else expected)


def test_what_has_moved_does_not_move_again() -> None:
    inside = Moves.of((Mount(Path("/repo/.fresh/worktrees/a/tree"), "/repo", writable=True),))
    assert inside("/repo/x") == "/repo/.fresh/worktrees/a/tree/x"
    assert inside(inside("/repo/x")) == inside("/repo/x")


@pytest.mark.parametrize("name", ["a b", "a;b", "a$b", "a'b", "ä", "a\nb"])
def test_a_place_whose_name_would_be_words_of_a_shell_is_refused(name: str) -> None:
    with pytest.raises(SandboxUnavailable, match="plain letters") as refused:
        Moves.of((Mount(Path("/state") / name, "/repo"),))
    assert "FRESH_HOME" in refused.value.hint


def test_a_command_is_moved_as_a_whole(tmp_path: Path) -> None:
    told = Command(
        ("/home/ada/repo/run", "--out=/tmp/x"), "/home/ada/repo/src", MOUNTS[:2], {"GIT_DIR": "/home/ada/repo/.git"}
    )  # fmt: skip
    found = moved(told, tmp_path)
    assert found.argv == ("/state/worktrees/a/tree/run", f"--out={tmp_path}/x")
    assert found.workdir == "/state/worktrees/a/tree/src"
    assert found.environment["GIT_DIR"] == "/state/worktrees/a/private.git"
    assert found.environment["HOME"] == f"{tmp_path}/home"
    assert found.environment["TMPDIR"] == str(tmp_path)


def site(place: Path) -> Path:
    made = place / "venv/lib/python3.11/site-packages"
    made.mkdir(parents=True)
    (place / "venv/pyvenv.cfg").write_text("home = /usr/bin\n")
    return made


def test_editable_installations_of_the_repository_are_found_where_its_tree_is(tmp_path: Path) -> None:
    packages = site(tmp_path)
    (packages / "__editable__.one.pth").write_text(
        "/home/ada/repo/src\nimport sys; sys.path.append('/home/ada/repo/evil')\n"
    )
    (packages / "__editable___two_finder.py").write_text(
        "MAPPING: dict[str, str] = {'two': '/home/ada/repo/lib/two', 'a.b': '/home/ada/repo/deep/a/b'}\nNAMESPACES = {}\n"
    )
    (packages / "other.pth").write_text("/somewhere/else\n/home/ada/repository\n")
    mounts = (*MOUNTS, Mount(tmp_path / "venv", "/.fresh/environment"))
    assert import_roots(mounts, Moves.of(mounts)) == (
        str(TREE / "src"), str(TREE / "lib"), str(TREE / "deep"),
    )  # fmt: skip
    told = Command(("true",), "/", mounts, {"PYTHONPATH": "/probe"})
    assert moved(told, Path("/s")).environment["PYTHONPATH"].split(":")[:2] == ["/probe", str(TREE / "src")]


def test_what_a_build_planted_in_an_environment_does_not_hold_up_the_host(tmp_path: Path) -> None:
    packages = site(tmp_path)
    os.mkfifo(packages / "wait.pth")
    secret = tmp_path / "secret"
    secret.write_text("/home/ada/repo/secret\n")
    (packages / "link.pth").symlink_to(secret)
    (packages / "__editable___bad_finder.py").write_text(
        "MAPPING: x = {'a': __import__('os')}\nMAPPING = {1: [}\n"
    )
    mounts = (*MOUNTS, Mount(tmp_path / "venv", "/.fresh/environment"))
    assert import_roots(mounts, Moves.of(mounts)) == ()


def test_a_mount_inside_of_the_tree_is_linked_while_the_command_runs(tmp_path: Path) -> None:
    for name in ("tree/.git", "tree/pkg", "private"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "version").write_text("1")
    mounts = (
        Mount(tmp_path / "tree", "/repo", writable=True),
        Mount(tmp_path / "private", "/repo/.git"),
        Mount(tmp_path / "version", "/repo/pkg/_version.py"),
        Mount(tmp_path / "version", "/repo/missing/_version.py"),
    )
    with linked(mounts):
        assert (tmp_path / "tree/.git").readlink() == tmp_path / "private"
        assert (tmp_path / "tree/pkg/_version.py").read_text() == "1"
    assert (tmp_path / "tree/.git").is_dir()
    assert not (tmp_path / "tree/.git").is_symlink()
    assert list((tmp_path / "tree/pkg").iterdir()) == []


def test_no_link_is_laid_or_lifted_outside_of_the_tree(tmp_path: Path) -> None:
    for name in ("tree", "outside", "private"):
        (tmp_path / name).mkdir()
    (tmp_path / "tree/pkg").symlink_to(tmp_path / "outside")
    (tmp_path / "tree/.git").mkdir()
    (tmp_path / "tree/.git/own").write_text("the agent's")
    mounts = (
        Mount(tmp_path / "tree", "/repo", writable=True),
        Mount(tmp_path / "private", "/repo/.git"),
        Mount(tmp_path / "private", "/repo/pkg/file"),
    )
    with linked(mounts):
        assert list((tmp_path / "outside").iterdir()) == []
    assert (tmp_path / "tree/.git/own").read_text() == "the agent's"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a directory to another group")
def test_a_way_is_opened_for_the_uid_alone_and_only_below_the_state(tmp_path: Path) -> None:
    state = tmp_path / "outer" / "state"
    (state / "worktrees" / "a" / "tree").mkdir(parents=True)
    for closed in (state.parent, state, state / "worktrees", state / "worktrees/a"):
        closed.chmod(0o700)
    (state / "shared").mkdir(mode=0o755)
    room.open_way(state / "worktrees/a/tree", state, 65533)
    room.open_way(state / "shared", state, 65533)
    found = {
        path: path.stat()
        for path in (state.parent, state, state / "worktrees", state / "worktrees/a", state / "shared")
    }
    assert [stat.S_IMODE(one.st_mode) for one in found.values()] == [0o700, 0o710, 0o710, 0o710, 0o755]
    assert [one.st_gid for one in found.values()] == [0, 65533, 65533, 65533, 0]


def test_what_living_hosts_and_others_have_in_the_temporary_directory_is_not_swept(tmp_path: Path) -> None:
    me = f"{os.getpid()}-{Path('/proc/self/stat').read_text().split()[21]}"
    for name in (f"{room.PREFIX}999999999-1-0", f"{room.PREFIX}{me}-0", "fresh-tmp-of-mine", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / f"{room.PREFIX}999999999-1-0" / "left").write_text("x")
    assert room.sweep(65533, tmp_path) == (1 if os.geteuid() == 0 else 0)
    assert (tmp_path / f"{room.PREFIX}{me}-0").exists()
    assert (tmp_path / "fresh-tmp-of-mine").exists()


both = pytest.mark.parametrize("machine", [X86_64, AARCH64], ids=lambda machine: machine.name)


@cache
def steps_for(name: str) -> list[tuple[int, int, int, int]]:
    program = seccomp.program(name, sharing=True)
    return [struct.unpack("HBBI", program[at : at + 8]) for at in range(0, len(program), 8)]


def judge(machine: Machine, number: int, first: int = 0, second: int = 0) -> int:
    return judge_steps(steps_for(machine.name), machine.audit, number, first, second)


@both
@given(family=st.integers(0, 2**32 - 1), kind=st.integers(0, 2**32 - 1))
def test_no_socket_can_be_made_but_pairs_that_are_connected_for_good(
    machine: Machine, family: int, kind: int
) -> None:
    _, _, socket, pair = SPECIAL[machine.name]
    assert judge(machine, socket, family, kind) == refuse(errno.EAFNOSUPPORT)
    assert judge(machine, socket, 1, 1) == refuse(errno.EAFNOSUPPORT)
    fine = family == 1 and kind & ~(0x80000 | 0x800) in (1, 5)
    assert judge(machine, pair, family, kind) == (ALLOW if fine else refuse(errno.EAFNOSUPPORT))
    assert judge(machine, pair, 1, 1 | 0x80000) == judge(machine, pair, 1, 5 | 0x800) == ALLOW
    assert judge(machine, pair, 1, 2) == judge(machine, pair, 1, 3) == refuse(errno.EAFNOSUPPORT)


# ausyscall(8) --dump of both machines.
OTHERS = {
    "x86_64": {"prlimit64": 302, "sched_setaffinity": 203, "shmget": 29, "shmat": 30, "msgget": 68, "mq_open": 240,
               "ioprio_set": 251, "setpriority": 141},
    "aarch64": {"prlimit64": 261, "sched_setaffinity": 122, "shmget": 194, "shmat": 196, "msgget": 186, "mq_open": 180,
                "ioprio_set": 30, "setpriority": 140},
}  # fmt: skip


@both
@pytest.mark.parametrize("pid", [1, 4711, 2**31, 2**32 - 1])
def test_limits_and_scheduling_are_only_ones_own(machine: Machine, pid: int) -> None:
    known = OTHERS[machine.name]
    for name in ("prlimit64", "sched_setaffinity"):
        assert machine.own[name] == known[name]
    for number in machine.own.values():
        assert judge(machine, number, pid) == refuse(errno.EPERM)
        assert judge(machine, number, 0) == ALLOW
    assert judge(machine, known["setpriority"], 0, 0) == ALLOW
    assert judge(machine, known["setpriority"], 0, pid) == refuse(errno.EPERM)
    assert judge(machine, known["setpriority"], pid, 0) == refuse(errno.EPERM)


@both
def test_what_is_named_for_everybody_is_refused_and_all_that_the_other_form_refuses(machine: Machine) -> None:
    for name in ("shmget", "shmat", "msgget", "mq_open", "ioprio_set"):
        assert machine.sharing[name] == OTHERS[machine.name][name]
    for number in (*machine.sharing.values(), *machine.refused.values()):
        assert judge(machine, number) == refuse(errno.EPERM)


def test_an_old_kernel_is_refused_by_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version, said in ((0, "has none"), (3, "has ABI 3")):
        monkeypatch.setattr(kernel, "abi", lambda version=version: version)
        with pytest.raises(SandboxUnavailable, match=said) as refused:
            LandlockSandbox(tmp_path).probe()
        assert "bubblewrap" in refused.value.hint


@pytest.mark.parametrize(
    "found", [NONE, Hierarchy(1, {MEMORY: Path("/nowhere")})], ids=["none", "memory alone"]
)
def test_without_control_groups_nothing_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: Hierarchy
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(kernel, "abi", lambda: 7)
    monkeypatch.setattr(hierarchies, "find", lambda: found)
    with pytest.raises(SandboxUnavailable, match=r"control groups for .*pids") as refused:
        LandlockSandbox(tmp_path).run(Command(("/bin/true",), "/"))
    assert "Delegate" in refused.value.hint


def test_an_ordinary_user_is_refused_because_commands_would_be_that_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(kernel, "abi", lambda: 7)
    with pytest.raises(SandboxUnavailable, match="this is uid 1000"):
        LandlockSandbox(tmp_path).probe()


@pytest.mark.skipif(os.geteuid() != 0, reason="this form is root's alone")
@pytest.mark.parametrize("uid", [0, -1])
def test_roots_own_uid_is_never_lent(tmp_path: Path, uid: int) -> None:
    with pytest.raises(SandboxUnavailable, match=f"uid {uid}"):
        LandlockSandbox(tmp_path, uid=uid).probe()


@pytest.mark.skipif(os.geteuid() != 0, reason="this form is root's alone")
def test_a_sandbox_that_lets_a_command_read_everything_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "SYSTEM", ("/",))
    with pytest.raises(SandboxUnavailable, match="reads /etc/passwd"):
        LandlockSandbox(tmp_path).probe()


@pytest.mark.skipif(os.geteuid() != 0, reason="this form is root's alone")
def test_a_sandbox_without_a_filter_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seccomp, "program", lambda **_: b"")
    with pytest.raises(SandboxUnavailable, match="seccomp filter"):
        LandlockSandbox(tmp_path).probe()


@pytest.mark.skipif(os.geteuid() != 0, reason="this form is root's alone")
def test_bubblewrap_is_never_started_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    sentence = LandlockSandbox(tmp_path).probe()
    assert sentence.startswith("Landlock (ABI ")
    assert "weaker than bubblewrap" in sentence


@pytest.mark.parametrize("version", range(kernel.LEAST, 8))
def test_the_rules_of_every_version_are_taken_by_kernels_that_know_it(version: int) -> None:
    if kernel.abi() < version:
        pytest.skip(f"this kernel knows Landlock up to ABI {kernel.abi()}")
    ruleset = kernel.make_ruleset(version)
    place = os.open("/usr", os.O_PATH)
    kernel.allow(ruleset, place, kernel.written(version), is_directory=True)
    with pytest.raises(OSError, match="Landlock rule"):
        kernel.allow(ruleset, place, 1 << 40, is_directory=True)
    os.close(place)
    os.close(ruleset)


def test_what_an_older_kernel_does_not_keep_in_is_said(tmp_path: Path) -> None:
    sandbox, groups = LandlockSandbox(tmp_path), Hierarchy(2, {"memory": tmp_path, "pids": tmp_path})
    assert "can be sent signals" in sandbox._describe(5, groups)
    assert "can be sent signals" not in sandbox._describe(6, groups)
    assert "the share of the processors has no limit" in sandbox._describe(6, groups)
