"""Beginnings and ends: many at once, killed hosts, and what must not stay behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fresh.adapters.bwrap import hierarchies
from fresh.adapters.bwrap.cgroups import PREFIX
from fresh.adapters.bwrap.gate import MARK
from fresh.adapters.bwrap.owners import Owner
from fresh.adapters.bwrap_sandbox import BwrapSandbox
from fresh.errors import Refusal, StorageFailed
from fresh.ports import Command, Limits
from tests.fakes.laboratory import waiting

ORCHESTRATOR = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # what is started in the background inherits that it is ignored
from pathlib import Path
from fresh.adapters.bwrap_sandbox import BwrapSandbox
from fresh.ports import Command
sandbox = BwrapSandbox(Path(sys.argv[1]))
print("ready", flush=True)
sandbox.run(Command(("/bin/sh", "-c", f"(setsid sleep {sys.argv[2]} &); sleep {sys.argv[2]}"), "/"))
"""


def orchestrate(state: Path, marker: str) -> subprocess.Popen[bytes]:
    begun = subprocess.Popen([sys.executable, "-c", ORCHESTRATOR, str(state), marker], stdout=subprocess.PIPE)
    assert begun.stdout is not None
    assert begun.stdout.readline() == b"ready\n"
    return begun


def children() -> list[int]:
    listed = Path("/proc/self/task").glob("*/children")
    return [int(pid) for task in listed for pid in task.read_text().split()]


def groups_of(pid: int) -> list[Path]:
    return [group for home in hierarchies.find().directories for group in home.glob(f"{PREFIX}{pid}-*")]


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_nothing_outlives_a_killed_host(lab, host, marker):
    orchestrator = orchestrate(lab.state, marker)
    host.wait_for_sleepers(marker, many=2)
    kill(orchestrator)
    assert host.is_rid_of(marker)
    left = groups_of(orchestrator.pid)
    assert left or not hierarchies.find().homes
    assert lab.sandbox.sweep() >= len(left)  # others may have died on this machine, too
    assert groups_of(orchestrator.pid) == []
    assert list((lab.state / "sandbox").iterdir()) == []


@pytest.mark.slow
@pytest.mark.night
def test_nothing_runs_on_after_a_host_that_is_killed_in_the_middle_of_a_launch(lab, host, marker):
    chance = random.Random(7)
    for _ in range(25):
        orchestrator = orchestrate(lab.state, marker)
        time.sleep(chance.uniform(0, 0.07))
        kill(orchestrator)
        time.sleep(0.1)
        assert host.sleepers(marker) == []
        lab.sandbox.sweep()
        assert host.is_rid_of(marker)
        assert groups_of(orchestrator.pid) == []


@pytest.mark.parametrize(("owner", "spared"), [("999999999-1", False), (None, True)], ids=["dead", "alive"])
def test_a_bwrap_without_a_group_is_swept_when_its_host_is_dead(lab, owner, spared):
    mark = f"{MARK}{owner or Owner.current()}"
    orphan = subprocess.Popen(
        ["bwrap", "-c", "import time; time.sleep(1000)", mark], executable=sys.executable
    )
    try:
        time.sleep(0.2)
        swept = lab.sandbox.sweep()
        assert (orphan.poll() is None) is spared
        assert swept >= (0 if spared else 1)
    finally:
        orphan.kill()
        orphan.wait()


def test_a_living_host_is_spared_by_the_sweep_of_another(lab, host, marker):
    orchestrator = orchestrate(lab.state, marker)
    host.wait_for_sleepers(marker, many=2)
    lab.sandbox.sweep()
    assert len(host.sleepers(marker)) == 2
    kill(orchestrator)
    assert host.is_rid_of(marker)
    lab.sandbox.sweep()


def test_a_new_host_sweeps_groups_that_lie_elsewhere(lab, tmp_path):
    homes = hierarchies.find().directories
    if not homes:
        pytest.skip("no control group can be made here")
    elsewhere = homes[0] / f"fresh-test-{os.getpid()}"
    elsewhere.mkdir()
    dead = "999999999-1"
    try:
        (elsewhere / f"{PREFIX}{dead}-0").mkdir()
        (lab.state / "sandbox").mkdir(parents=True)
        (lab.state / "sandbox" / dead).write_text(f"{elsewhere}\n")
        assert lab.sandbox.sweep() >= 1
        assert not list(elsewhere.glob(f"{PREFIX}*"))
    finally:
        elsewhere.rmdir()


def test_a_sweep_kills_what_is_left_in_a_dead_hosts_group(lab):
    homes = hierarchies.find().directories
    if not homes:
        pytest.skip("no control group can be made here")
    group = homes[0] / f"{PREFIX}999999999-1-0"
    group.mkdir()
    orphan = subprocess.Popen(["/bin/sleep", "1000"])
    (group / "cgroup.procs").write_text(str(orphan.pid))
    assert lab.sandbox.sweep() >= 1
    assert orphan.wait(timeout=5) == -signal.SIGKILL
    assert not group.exists()


def test_ten_run_at_once_and_leave_no_file_process_or_group_behind(lab, host, marker):
    lab.shell("true")
    waiting()
    before, others = len(os.listdir("/proc/self/fd")), set(children()) - {waiting()}

    def work(number: int) -> str:
        return lab.shell(
            f"(setsid sleep {marker} &); echo {number}; cat /proc/sys/kernel/random/uuid >/dev/null"
        ).text

    with ThreadPoolExecutor(10) as pool:
        assert list(pool.map(work, range(40))) == [f"{number}\n" for number in range(40)]
    spare = waiting()
    assert len(os.listdir("/proc/self/fd")) == before
    assert host.count(marker) == 0
    assert groups_of(os.getpid()) == []
    assert set(children()) == {*others, spare}


def test_parallel_commands_do_not_share_the_limit_on_processes(lab):
    def crowd(_: int) -> int | None:
        script = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1 & done; wait"
        return lab.shell(script, limits=Limits(wall=20, processes=16)).exit_code

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(crowd, range(6))) == [0] * 6


def test_kill_all_reaches_commands_that_are_just_starting(lab, host, marker):
    chance = random.Random(3)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            running = [pool.submit(lab.shell, f"sleep {marker}", Limits(wall=20)) for _ in range(8)]
            time.sleep(chance.uniform(0, 0.1))
            begun = time.monotonic()
            while not all(one.done() for one in running):
                lab.sandbox.kill_all()
                time.sleep(0.01)
            assert time.monotonic() - begun < 8
            assert {one.result().exit_code for one in running} == {None}
            assert host.count(marker) == 0


def test_an_interrupted_run_leaves_nothing(tmp_path, host, marker):
    orchestrator = orchestrate(tmp_path, marker)
    host.wait_for_sleepers(marker, many=2)
    orchestrator.send_signal(signal.SIGINT)
    orchestrator.wait(timeout=10)
    assert orchestrator.stdout is not None
    orchestrator.stdout.close()
    assert host.count(marker) == 0
    assert groups_of(orchestrator.pid) == []


def test_a_command_line_that_is_too_long_is_refused(lab):
    with pytest.raises(Refusal, match="too long"):
        lab.run("/bin/echo", "x" * (1 << 20))


def test_a_much_used_sandbox_of_another_thread_does_not_hold_up_the_probe(tmp_path):
    sandbox = BwrapSandbox(tmp_path)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(sandbox.run, Command(("/bin/sleep", "5"), "/", limits=Limits(wall=2)))
        begun = time.monotonic()
        sandbox.probe()
        assert time.monotonic() - begun < 1.5
        running.result()


def test_a_state_directory_that_can_not_be_written_is_named(tmp_path):
    if not hierarchies.find().homes:
        pytest.skip("nothing is noted where no control group can be made")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFailed, match="file"):
        BwrapSandbox(tmp_path / "file").run(Command(("/bin/true",), "/"))


def test_a_tree_that_vanishes_while_a_command_runs_does_not_hurt_the_host(lab):
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(lab.shell, "sleep 1; echo end")
        time.sleep(0.4)
        lab.tree.rename(lab.tree.with_name("gone"))
        assert running.result().text == "end\n"
