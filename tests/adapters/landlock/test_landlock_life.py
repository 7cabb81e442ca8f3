"""Ends without a pid namespace: whoever dies, nothing of a command stays."""

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
from fresh.adapters.landlock import room
from fresh.domain.evidence import RunEnd
from fresh.ports import Limits
from tests.fakes.laboratory import Host, Lab

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="this form is root's alone")

# A daemon that forgets the signal of its parent's death, and ignores all others that can be ignored.
DAEMON = """
import ctypes, os, signal, sys, time
for _ in range(2):
    if os.fork(): break
    os.setsid()
ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}: signal.signal(number, signal.SIG_IGN)
open(sys.argv[1] + str(os.getpid()), "w").close()
while True: time.sleep(1)
"""
ORCHESTRATOR = """
import sys
from pathlib import Path
from fresh.adapters.landlock_sandbox import LandlockSandbox
from fresh.ports import Command, Mount
tree = Mount(Path(sys.argv[2]), "/repo", writable=True)
LandlockSandbox(Path(sys.argv[1])).run(Command(("/usr/bin/python3", "-c", sys.argv[3], sys.argv[4]), "/repo", (tree,)))
"""


def groups_of(pid: int) -> list[Path]:
    return [group for home in hierarchies.find().directories for group in home.glob(f"{PREFIX}{pid}-*")]


def scratches_of(pid: int) -> list[Path]:
    return list(room.PLACE.glob(f"{room.PREFIX}{pid}-*"))


def wait_for(lab: Lab, marker: str, many: int) -> None:
    deadline = time.monotonic() + 20
    while len(list(lab.tree.glob(f"{marker}*"))) < many:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_nothing_outlives_a_killed_host_though_it_forgot_its_parent(
    weaker_lab: Lab, host: Host, marker: str
) -> None:
    words = (str(weaker_lab.state), str(weaker_lab.tree), DAEMON, marker)
    orchestrator = subprocess.Popen([sys.executable, "-c", ORCHESTRATOR, *words])
    wait_for(weaker_lab, marker, many=3)
    orchestrator.kill()
    orchestrator.wait()
    assert host.is_rid_of(marker, seconds=5.0)
    deadline = time.monotonic() + 5
    while groups_of(orchestrator.pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert scratches_of(orchestrator.pid)
    assert weaker_lab.sandbox.sweep() >= 1
    assert scratches_of(orchestrator.pid) == []


def test_nothing_outlives_its_guard(weaker_lab: Lab, host: Host, marker: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(weaker_lab.run, "/usr/bin/python3", "-c", DAEMON, marker)
        wait_for(weaker_lab, marker, many=3)
        guards = [entry for entry in host.find(marker) if b"guard.py" in (entry / "cmdline").read_bytes()]
        os.kill(int(guards[0].name), signal.SIGKILL)
        finished = running.result(timeout=20)
    assert finished.exit_code is None
    assert host.count(marker) == 0
    assert groups_of(os.getpid()) == []


def test_daemons_that_ignore_everything_are_gone_soon_after_the_wall_limit(
    weaker_lab: Lab, host: Host, marker: str
) -> None:
    bomb = f"import os, time\nfor _ in range(5): os.fork()\n{DAEMON}"
    finished = weaker_lab.run("/usr/bin/python3", "-c", bomb, marker, limits=Limits(wall=1.0, processes=100))
    assert (finished.exit_code, finished.ended) == (None, RunEnd.TIMEOUT)
    assert finished.seconds < 1.0 + 5.0
    assert host.count(marker) == 0


def test_a_daemon_that_outlives_its_command_is_ended_and_leaves_no_file(
    weaker_lab: Lab, host: Host, marker: str
) -> None:
    seen = "sum(name.startswith(sys.argv[1]) for name in os.listdir())"
    leave = f"import os, sys, time\nif os.fork():\n    while {seen} < 3: time.sleep(0.01)\n    sys.exit(7)\n{DAEMON}"
    script = f"echo x > /tmp/left; exec /usr/bin/python3 -c '{leave}' {marker}"
    finished = weaker_lab.shell(script)
    assert (finished.exit_code, finished.ended) == (7, RunEnd.EXIT)
    assert finished.seconds < 5.0
    daemons = [place.name.removeprefix(marker) for place in weaker_lab.tree.glob(f"{marker}*")]
    assert len(daemons) == 3
    # Not even as zombies, which only an init that reaps would take away.
    assert not [pid for pid in daemons if Path(f"/proc/{pid}").exists()]
    assert host.count(marker) == 0
    assert scratches_of(os.getpid()) == []


def test_kill_all_reaches_commands_that_are_just_starting(weaker_lab: Lab, host: Host, marker: str) -> None:
    chance = random.Random(5)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            running = [pool.submit(weaker_lab.shell, f"sleep {marker}", Limits(wall=20.0)) for _ in range(4)]
            time.sleep(chance.uniform(0, 0.15))
            while not all(one.done() for one in running):
                weaker_lab.sandbox.kill_all()
                time.sleep(0.01)
            assert {one.result().exit_code for one in running} == {None}
            assert host.count(marker) == 0


def test_another_command_of_the_same_uid_is_out_of_reach(
    weaker_lab: Lab, open_place: Path, host: Host, marker: str
) -> None:
    (open_place / "other").mkdir()
    (weaker_lab.tree / "secret").write_text("of the first")
    spy = Lab(weaker_lab.sandbox, open_place / "other", weaker_lab.state)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(weaker_lab.shell, f"echo $$ > pid; echo mine > /tmp/mine; exec sleep {marker}")
        assert host.wait_for_sleepers(marker) == {65533}
        pid = (weaker_lab.tree / "pid").read_text().strip()
        (scratch,) = [place for place in scratches_of(os.getpid()) if (place / "mine").exists()]
        finished = spy.shell(
            f"kill -9 {pid} && echo GOT killed; cat /proc/{pid}/environ /proc/{pid}/cmdline /proc/{pid}/status && echo GOT; "
            f"cat {weaker_lab.tree}/secret && echo GOT; ls {weaker_lab.tree} && echo GOT; ls /var/..{room.PLACE} && echo GOT; "
            f"cat /var/..{scratch}/mine && echo GOT; echo x > {weaker_lab.tree}/secret && echo GOT; "
            f"prlimit --pid {pid} --cpu=1 && echo GOT; taskset -p 1 {pid} && echo GOT; renice 5 {pid} && echo GOT; echo done"
        )
        assert host.sleepers(marker)
        weaker_lab.sandbox.kill_all()
        running.result(timeout=20)
    assert "done" in finished.text
    assert "GOT" not in finished.text
    assert (weaker_lab.tree / "secret").read_text() == "of the first"


def test_what_is_written_for_a_while_counts_as_disk(weaker_lab: Lab) -> None:
    flood = "i=0; while :; do i=$((i+1)); head -c 5000000 /dev/zero > /tmp/f$i; done"
    finished = weaker_lab.shell(flood, limits=Limits(wall=30.0, disk_growth=30 << 20))
    assert (finished.exit_code, finished.ended) == (None, RunEnd.DISK)
    assert scratches_of(os.getpid()) == []
