"""The launcher that waits: used once, replaced, and never anybody's who is not its host."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from fresh.adapters.bwrap.spares import MOST
from fresh.adapters.bwrap_sandbox import BwrapSandbox
from fresh.ports import Command
from tests.fakes.laboratory import waiting

HOST = """
import sys, time
from pathlib import Path
from fresh.adapters.bwrap.spares import SPARES
from fresh.adapters.bwrap_sandbox import BwrapSandbox
from fresh.ports import Command
sandbox = BwrapSandbox(Path(sys.argv[1]))
sandbox.run(Command(("/bin/true",), "/"))
while SPARES._waiting is None:
    time.sleep(0.01)
print(SPARES._waiting.process.pid, flush=True)
sandbox.run(Command(("/bin/sh", "-c", f"(setsid sleep {sys.argv[2]} &); sleep {sys.argv[2]}"), "/"))
"""
FORK = """
import os, sys
from pathlib import Path
from fresh.adapters.bwrap_sandbox import BwrapSandbox
from fresh.ports import Command
sandbox = BwrapSandbox(Path(sys.argv[1]))
echo = lambda word: sandbox.run(Command(("/bin/echo", word), "/")).text
for _ in range(3):
    echo("x")
child = os.fork()
for _ in range(4):
    word = "child" if child == 0 else "parent"
    assert echo(word) == word + "\\n"
if child:
    assert os.waitpid(child, 0)[1] == 0
    print("both")
else:
    os._exit(0)
"""


def test_the_next_command_is_launched_by_the_one_that_waits(lab):
    assert lab.run("/bin/true").exit_code == 0
    before = waiting()
    # The launcher becomes bwrap, which is the parent of the sandbox's init, and stays until the command has ended.
    began = threading.Thread(target=lab.run, args=("/bin/sleep", "1"))
    began.start()
    deadline = time.monotonic() + 10
    while b"bwrap" not in Path(f"/proc/{before}/cmdline").read_bytes():
        assert time.monotonic() < deadline
    began.join()
    assert waiting() != before
    assert not Path(f"/proc/{before}").exists()


def test_one_that_died_meanwhile_is_replaced(lab):
    for _ in range(3):
        lab.run("/bin/true")
        killed = waiting()
        os.kill(killed, signal.SIGKILL)
        # A signal takes its time: who is struck while taking a command along loses it, as any launcher does.
        os.waitid(os.P_PID, killed, os.WEXITED | os.WNOWAIT)
        finished = lab.run("/bin/sh", "-c", "cat; exit 3", stdin=b"said")
        assert (finished.exit_code, finished.text) == (3, "said")


def test_it_does_not_die_with_the_thread_that_asked_for_it(lab):
    short = threading.Thread(target=lab.run, args=("/bin/true",))
    short.start()
    short.join()
    waiting()
    finished = lab.run("/bin/sh", "-c", "sleep 0.5; echo whole")
    assert (finished.exit_code, finished.text) == (0, "whole\n")


def test_a_long_command_line_takes_the_other_way(lab):
    lab.run("/bin/true")
    before = waiting()
    finished = lab.run("/bin/sh", "-c", 'echo "${#1}"', "x", "y" * (MOST + 1))
    assert finished.text == f"{MOST + 1}\n"
    assert waiting() == before


def test_words_that_are_no_text_arrive_as_they_are(lab):
    lab.run("/bin/true")
    waiting()
    odd = os.fsdecode(b"\xff\n a=b \xc3\xa4")
    finished = lab.run("/usr/bin/printf", "%s|", odd, "", "-- files=3")
    assert finished.output == b"\xff\n a=b \xc3\xa4||-- files=3|"


def test_a_host_that_is_killed_takes_it_along(tmp_path, host, marker):
    program = [sys.executable, "-c", HOST, str(tmp_path), marker]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as orchestrator:
        assert orchestrator.stdout is not None
        first = int(orchestrator.stdout.readline())
        host.wait_for_sleepers(marker, many=2)
        assert b"bwrap" in Path(f"/proc/{first}/cmdline").read_bytes()
        time.sleep(0.3)
        children = Path(f"/proc/{orchestrator.pid}/task").glob("*/children")
        left = [int(pid) for task in children for pid in task.read_text().split()]
        orchestrator.send_signal(signal.SIGKILL)
    assert host.is_rid_of(marker)
    assert len(left) == 2
    deadline = time.monotonic() + 5
    while any(Path(f"/proc/{pid}/cmdline").exists() and _lives(pid) for pid in left):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _lives(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_fork_of_the_host_has_its_own(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FORK, str(tmp_path)], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "both\n"), done.stderr


def test_many_threads_at_once_each_get_their_own(tmp_path):
    sandbox, said = BwrapSandbox(tmp_path), {}

    def work(number: int) -> None:
        for turn in range(5):
            said[number, turn] = sandbox.run(Command(("/bin/echo", f"{number} {turn}"), "/")).text

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == {(n, turn): f"{n} {turn}\n" for n in range(8) for turn in range(5)}
