"""What one command may use, and what happens when it wants more."""

from __future__ import annotations

import time

import pytest

from fresh.adapters.bwrap import hierarchies
from fresh.adapters.bwrap.hierarchies import CPU
from fresh.domain.evidence import RunEnd
from fresh.ports import Limits

MB = 1 << 20


def test_more_memory_than_allowed_ends_the_command(lab):
    finished = lab.python("bytearray(4 << 30)", limits=Limits(wall=20, memory=300 * MB))
    assert (finished.exit_code, finished.ended) == (None, RunEnd.OOM)


def test_memory_counts_for_all_processes_together(either_lab):
    finished = either_lab.python(
        "import os, time\n"
        "for n in range(6):\n"
        "    if os.fork() == 0:\n"
        "        kept = bytearray(os.urandom(1) * (100 << 20)); time.sleep(30)\n"
        "os.wait()",
        limits=Limits(wall=20, memory=300 * MB),
    )
    assert (finished.exit_code, finished.ended) == (None, RunEnd.OOM)


def test_a_lost_child_ends_the_whole_command(lab):
    finished = lab.python(
        "import subprocess, sys, time\n"
        "subprocess.call([sys.executable, '-c', 'bytearray(4 << 30)'])\n"
        "time.sleep(15); print('went on')",
        limits=Limits(wall=20, memory=300 * MB),
    )
    assert finished.ended is RunEnd.OOM
    assert finished.seconds < 10
    assert "went on" not in finished.text


def test_a_fork_bomb_is_contained(either_lab):
    finished = either_lab.shell("b() { b|b& }; b; sleep 2; echo over", limits=Limits(wall=15, processes=60))
    assert finished.ended in (RunEnd.EXIT, RunEnd.TIMEOUT)
    assert "fork" in finished.text


def test_as_many_processes_as_allowed_can_run_and_no_more(either_lab):
    finished = either_lab.python(
        "import os, time\n"
        "born = 0\n"
        "try:\n"
        "    while born < 100:\n"
        "        if os.fork() == 0: time.sleep(20); os._exit(0)\n"
        "        born += 1\n"
        "except BlockingIOError: pass\n"
        "print(born)",
        limits=Limits(wall=20, processes=30),
    )
    assert int(finished.text) == 30 - 1  # itself


def test_a_file_can_not_grow_beyond_its_limit(either_lab):
    finished = either_lab.shell(
        "dd if=/dev/zero of=big bs=1M count=50 2>/dev/null; stat -c %s big",
        limits=Limits(wall=20, file_size=10 * MB),
    )
    assert finished.text.splitlines()[-1] == str(10 * MB)


@pytest.mark.parametrize("place", ["/tmp", "/dev/shm"])
def test_files_in_memory_have_a_limit(lab, place):
    finished = lab.shell(
        f"dd if=/dev/zero of={place}/big bs=1M count=200; stat -c %s {place}/big",
        limits=Limits(wall=20, tmp=16 * MB),
    )
    assert "No space left" in finished.text
    assert finished.text.splitlines()[-1] == str(16 * MB)


def test_a_command_that_fills_the_disk_is_killed(lab):
    finished = lab.shell(
        "i=0; while :; do i=$((i+1)); head -c 20000000 /dev/zero > f$i; done",
        limits=Limits(wall=30, disk_growth=100 * MB),
    )
    assert (finished.exit_code, finished.ended) == (None, RunEnd.DISK)


def test_a_command_that_hides_what_fills_the_disk_is_killed(either_lab):
    finished = either_lab.python(
        "import os\n"
        "kept = []\n"
        "while True:\n"
        "    kept.append(open('f', 'wb')); os.unlink('f'); kept[-1].write(bytes(10 << 20)); kept[-1].flush()",
        limits=Limits(wall=60, disk_growth=100 * MB),
    )
    assert (finished.exit_code, finished.ended) == (None, RunEnd.DISK)


def test_cpu_time_is_limited_for_each_process(either_lab):
    finished = either_lab.shell("while :; do :; done", limits=Limits(wall=20, cpu=1))
    assert (finished.exit_code, finished.ended) == (128 + 24, RunEnd.EXIT)  # SIGXCPU
    assert finished.seconds < 10


def test_open_files_are_limited(either_lab):
    finished = either_lab.python(
        "kept = []\nwhile True: kept.append(open('/dev/null'))", limits=Limits(wall=20, open_files=64)
    )
    assert "Too many open files" in finished.text


def test_no_core_is_dumped(either_lab):
    finished = either_lab.shell("ulimit -c; kill -ABRT $$")
    assert finished.text.splitlines()[0] == "0"
    assert finished.exit_code == 128 + 6


def test_a_limit_can_not_be_raised_from_inside(lab):
    finished = lab.python(
        "import resource\n"
        "for one in (resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_CORE):\n"
        "    try: resource.setrlimit(one, (1 << 30, 1 << 30)); print('RAISED', one)\n"
        "    except (ValueError, OSError): print('kept')"
    )
    assert finished.text.split() == ["kept"] * 4


def test_a_flood_of_output_is_drained_and_mostly_forgotten(lab):
    finished = lab.shell(
        "yes AAAAAAAAAAAAAAAAAAAAAAAA | head -c 200000000", limits=Limits(wall=30, output=256 << 10)
    )
    assert finished.exit_code == 0
    assert finished.truncated
    assert 256 << 10 <= len(finished.output) < (256 << 10) + 100


def test_the_last_output_of_a_killed_command_is_kept(lab):
    finished = lab.shell("echo begun; sleep 60", limits=Limits(wall=1))
    assert finished.text == "begun\n"


def test_the_wall_limit_can_not_be_trapped_or_escaped_by_a_daemon(either_lab, host, marker):
    finished = either_lab.shell(
        f"(setsid nohup sleep {marker} >/dev/null 2>&1 &); trap '' TERM HUP INT; sleep {marker}",
        limits=Limits(wall=1),
    )
    assert (finished.exit_code, finished.ended) == (None, RunEnd.TIMEOUT)
    assert finished.seconds < 3
    assert host.count(marker) == 0


def test_nothing_writes_to_the_tree_after_the_command_has_ended(either_lab):
    finished = either_lab.shell(
        "(setsid sh -c 'while :; do date +%N > beat; done' >/dev/null 2>&1 &)\n"
        "while ! [ -s beat ]; do :; done; echo end"
    )
    assert finished.text == "end\n"
    last = (either_lab.tree / "beat").stat().st_mtime_ns
    time.sleep(0.3)
    assert (either_lab.tree / "beat").stat().st_mtime_ns == last


@pytest.mark.skipif(CPU not in hierarchies.find().homes, reason="the host may not limit processors here")
def test_all_processes_together_get_no_more_of_the_processors_than_allowed(lab):
    finished = lab.python(
        "import os, time\n"
        "for n in range(3): os.fork()\n"
        "end = time.monotonic() + 2\n"
        "while time.monotonic() < end: pass\n"
        "try:\n"
        "    while True: os.wait()\n"
        "except ChildProcessError: pass\n"
        "if os.getpid() == 2 or os.getppid() == 1: print(sum(os.times()[:4]))",
        limits=Limits(wall=30, cores=0.5),
    )
    used = max(float(word) for word in finished.text.split())
    assert used < 0.75 * finished.seconds
