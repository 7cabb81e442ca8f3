"""Where control groups can be made, read from what the kernel writes in /proc."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fresh.adapters.bwrap import cgroups, hierarchies
from fresh.adapters.bwrap.owners import Owner


class Kernel:
    """Files as in /proc/self, and directories as below /sys/fs/cgroup."""

    def __init__(self, root: Path) -> None:
        self.proc = root / "proc"
        self.groups = root / "fs with space"
        self.proc.mkdir()
        self.groups.mkdir()
        (self.proc / "mountinfo").write_text("22 1 0:21 / /proc rw - proc proc rw\n")
        (self.proc / "cgroup").write_text("")

    def mount(self, kind: str, place: str, options: str = "rw", root: str = "/") -> None:
        where = str(self.groups / place).replace(" ", "\\040")
        with (self.proc / "mountinfo").open("a") as file:
            file.write(f"33 31 0:2 {root} {where} rw,relatime shared:9 - {kind} {kind} {options}\n")

    def join(self, line: str) -> None:
        with (self.proc / "cgroup").open("a") as file:
            file.write(line + "\n")

    def make(self, path: str, handed: str | None = None) -> Path:
        group = self.groups / path
        group.mkdir(parents=True)
        (group / "cgroup.procs").write_text("")
        if handed is not None:
            (group / "cgroup.subtree_control").write_text(handed + "\n")
        return group


@pytest.fixture
def kernel(tmp_path):
    return Kernel(tmp_path)


def test_version_1_gives_a_home_for_each_controller_below_our_own_group(kernel):
    kernel.mount("cgroup", "memory", "rw,memory")
    kernel.mount("cgroup", "pids", "rw,pids")
    memory, pids = kernel.make("memory/service"), kernel.make("pids/")
    kernel.join("8:pids:/")
    kernel.join("4:memory:/service")
    kernel.join("0::/")
    found = hierarchies.find(kernel.proc)
    assert (found.version, found.homes) == (1, {"memory": memory, "pids": pids})
    assert found.limits_memory
    assert str(found) == "cgroup v1 (memory, pids)"


def test_controllers_that_share_a_mount_share_a_directory(kernel):
    kernel.mount("cgroup", "both", "rw,memory,pids")
    kernel.make("both")
    kernel.join("4:memory,pids:/")
    assert hierarchies.find(kernel.proc).directories == (kernel.groups / "both",)


def test_a_controller_that_is_not_mounted_is_left_out(kernel):
    kernel.mount("cgroup", "pids", "rw,pids")
    kernel.make("pids")
    kernel.join("8:pids:/")
    kernel.join("4:memory:/")
    found = hierarchies.find(kernel.proc)
    assert list(found.homes) == ["pids"]
    assert not found.limits_memory


def test_a_container_sees_its_own_group_as_the_root_of_the_mount(kernel):
    kernel.mount("cgroup", "memory", "rw,memory", root="/docker/abc")
    kernel.make("memory/inner")
    kernel.join("4:memory:/docker/abc/inner")
    assert hierarchies.find(kernel.proc).homes == {"memory": kernel.groups / "memory/inner"}


@pytest.mark.parametrize("group", ["/elsewhere", "/../sibling"])
def test_a_group_outside_of_what_is_mounted_is_not_guessed(kernel, group):
    kernel.mount("cgroup", "memory", "rw,memory", root="/docker/abc")
    kernel.make("memory")
    kernel.join(f"4:memory:{group}")
    assert hierarchies.find(kernel.proc) == hierarchies.NONE


def test_version_2_uses_our_own_group_when_it_hands_on_its_controllers(kernel):
    kernel.mount("cgroup2", "unified")
    own = kernel.make("unified/fresh.service", handed="cpu memory pids")
    kernel.join("0::/fresh.service")
    found = hierarchies.find(kernel.proc)
    assert (found.version, found.directories) == (2, (own,))
    assert str(found) == "cgroup v2 (memory, pids, cpu)"


def test_version_2_uses_the_group_above_only_when_it_was_delegated(kernel):
    kernel.mount("cgroup2", "unified")
    above = kernel.make("unified/fresh.service", handed="memory pids")
    kernel.make("unified/fresh.service/main", handed="")
    kernel.join("0::/fresh.service/main")
    assert hierarchies.find(kernel.proc) == hierarchies.NONE
    os.setxattr(above, "user.delegate", b"1")
    assert hierarchies.find(kernel.proc).directories == (above,)


def test_version_2_without_the_controllers_is_not_enough(kernel):
    kernel.mount("cgroup2", "unified")
    kernel.make("unified", handed="cpu pids")
    kernel.join("0::/")
    assert hierarchies.find(kernel.proc) == hierarchies.NONE
    assert str(hierarchies.NONE) == "no writable cgroup"


def test_a_group_of_version_2_gets_its_limits_and_tells_when_memory_ran_out(kernel):
    # The kernel fills a group's directory as it is made; plain files stand in for its files here.
    own = kernel.make("unified", handed="memory pids")
    hierarchy = hierarchies.Hierarchy(2, {"memory": own, "pids": own, "cpu": own})
    real_mkdir = Path.mkdir

    def mkdir(path: Path, *rest: object, **more: object) -> None:
        real_mkdir(path, *rest, **more)
        for name in ("cpu.max", "memory.max", "memory.swap.max", "memory.oom.group", "pids.max"):
            (path / name).write_text("max")
        (path / "memory.events").write_text("low 0\noom 2\noom_kill 0\n")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "mkdir", mkdir)
        group = cgroups.Group(hierarchy, Owner.current(), 1 << 20, 9, 1.5)
    (directory,) = group.directories
    written = {file.name: file.read_text() for file in directory.iterdir() if file.name != "memory.events"}
    assert written["memory.max"] == str(1 << 20)
    assert written["pids.max"] == "9"
    assert written["cpu.max"] == "150000 100000"
    assert (written["memory.swap.max"][0], written["memory.oom.group"][0]) == ("0", "1")
    assert not group.out_of_memory
    (directory / "memory.events").write_text("low 0\noom 2\noom_kill 1\n")
    assert group.out_of_memory


def test_a_real_group_of_version_2_is_emptied_and_removed(tmp_path):
    import subprocess

    mounted = [m for m in hierarchies._mounted(Path("/proc/self")) if m.kind == "cgroup2"]
    if not mounted or not os.access(mounted[0].place, os.W_OK):
        pytest.skip("no writable cgroup v2 is mounted")
    group = Path(mounted[0].place, f"fresh-test-{os.getpid()}")
    group.mkdir()
    member = subprocess.Popen(["/bin/sleep", "1000"])
    (group / "cgroup.procs").write_text(str(member.pid))
    assert cgroups.take_away(group)
    assert member.wait(timeout=5) == -9
    assert not group.exists()
    assert cgroups.take_away(group)
