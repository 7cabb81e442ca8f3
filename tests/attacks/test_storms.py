"""Storms: commands that want everything. They end at their limits, are gone within 5 s, and a neighbour works on."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from fresh.adapters.bwrap_sandbox import BwrapSandbox
from fresh.domain.evidence import RunEnd
from fresh.ports import Command, Finished, Limits, Mount
from tests.fakes.laboratory import Host, Lab

MB = 1 << 20
WALL = 3.0
GONE = 5.0
"""Seconds after the wall limit."""

# Each keeps the marker in its command line, so that the host can count what is left of it.
STORMS = {
    "a fork bomb": "import os, time\nwhile True:\n    try: os.fork()\n    except OSError: time.sleep(0.001)",
    "a fork bomb of daemons": (
        "import os, time\n"
        "while True:\n"
        "    try:\n"
        "        if os.fork() == 0: os.setsid()\n"
        "    except OSError: time.sleep(0.001)"
    ),
    "a memory bomb": "kept = []\nwhile True: kept.append(bytearray(b'x' * (16 << 20)))",
    "a memory bomb of many": (
        "import os, time\n"
        "for _ in range(6): os.fork()\n"
        "kept = []\n"
        "while True: kept.append(bytearray(b'x' * (1 << 20)))"
    ),
    "a memory bomb in files of memory": (
        "import os\n"
        "fd = os.memfd_create('x')\n"
        "while True: os.write(fd, b'x' * (8 << 20))"
    ),
    "a write of 10 GB": "with open('big', 'wb', 0) as file:\n    for _ in range(10 << 10): file.write(bytes(1 << 20))",
    "a write of 10 GB in many files": (
        "for number in range(1000):\n"
        "    with open(f'big{number}', 'wb', 0) as file:\n"
        "        for _ in range(10): file.write(bytes(1 << 20))"
    ),
    "a write into the temporary directory": (
        "import os\n"
        "try:\n"
        "    with open('/tmp/big', 'wb', 0) as file:\n"
        "        while True: file.write(bytes(1 << 20))\n"
        "except OSError: raise SystemExit(9)"
    ),
    "a flood of empty files": "number = 0\nwhile True:\n    open(f'file{number}', 'w').close(); number += 1",
    "endless output": "import os\nwhile True: os.write(1, b'x' * 65536)",
    "endless output of a daemon": (
        "import os\n"
        "if os.fork() == 0: os.setsid()\n"
        "while True: os.write(2, b'y' * 65536)"
    ),
    "a trapped SIGTERM": (
        "import signal, time\n"
        "for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}: signal.signal(number, signal.SIG_IGN)\n"
        "while True: time.sleep(1)"
    ),
    "a daemon in a session of its own": (
        "import os, signal, time\n"
        "for _ in range(2):\n"
        "    if os.fork(): break\n"
        "    os.setsid()\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "while True: time.sleep(1)"
    ),
    "a storm of signals": (
        "import os, signal\n"
        "signal.signal(signal.SIGUSR1, signal.SIG_IGN)\n"
        "while True: os.kill(-1, signal.SIGUSR1)"
    ),
    "all processors": "import os\nfor _ in range(5): os.fork()\nwhile True: pass",
    "all open files": (
        "import os, time\n"
        "for _ in range(4): os.fork()\n"
        "kept = []\n"
        "while True:\n"
        "    try: kept.append(os.open('/dev/null', 0)); os.pipe()\n"
        "    except OSError: time.sleep(0.01)"
    ),
}  # fmt: skip

LIMITS = Limits(
    wall=WALL, cpu=60, memory=300 * MB, processes=64, file_size=50 * MB, tmp=32 * MB, output=256 << 10,
    disk_growth=200 * MB,
)  # fmt: skip
NEIGHBOUR = "def test_work():\n    assert sum(range(200_000)) == 19999900000\n"


@pytest.fixture
def neighbour(tmp_path: Path) -> Lab:
    """Another agent's sandbox and tree."""
    tree = tmp_path / "neighbour"
    tree.mkdir()
    (tree / "test_work.py").write_text(NEIGHBOUR)
    return Lab(BwrapSandbox(tmp_path / "other"), tree, tmp_path / "other")


def work_on(neighbour: Lab, over: threading.Event) -> list[Finished]:
    """Run the neighbour's tests until the storm is over, at least once."""
    runs = []
    while not runs or not over.is_set():
        runs.append(
            neighbour.python("import test_work; test_work.test_work(); print('1 passed')", Limits(wall=60))
        )
    return runs


def storm(lab: Lab, code: str, marker: str) -> Finished:
    shown = (Mount(lab.tree, "/repo", writable=True),)
    return lab.sandbox.run(Command(("/usr/bin/python3", "-c", code, marker), "/repo", shown, {}, LIMITS))


@pytest.mark.slow
@pytest.mark.parametrize("code", STORMS.values(), ids=STORMS)
def test_a_storm_is_over_in_time_and_leaves_its_neighbour_in_peace(
    lab: Lab, neighbour: Lab, host: Host, marker: str, code: str
) -> None:
    over = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        working: Future[list[Finished]] = pool.submit(work_on, neighbour, over)
        begun = time.monotonic()
        try:
            finished = storm(lab, code, marker)
            took = time.monotonic() - begun
            left = host.count(marker)
        finally:
            over.set()
        runs = working.result(timeout=120)
    assert left == 0
    assert took < WALL + GONE
    assert len(finished.output) <= LIMITS.output + 200
    written = sum(entry.stat().st_blocks * 512 for entry in lab.tree.iterdir())
    assert written < 2 * LIMITS.disk_growth
    assert {(run.exit_code, run.ended, run.text) for run in runs} == {(0, RunEnd.EXIT, "1 passed\n")}


@pytest.mark.slow
def test_four_storms_at_once_do_not_add_up(either_lab: Lab, neighbour: Lab, host: Host, marker: str) -> None:
    chosen = ("a fork bomb", "a memory bomb", "endless output", "a daemon in a session of its own")
    over = threading.Event()
    with ThreadPoolExecutor(5) as pool:
        working = pool.submit(work_on, neighbour, over)
        begun = time.monotonic()
        storms = [pool.submit(storm, either_lab, STORMS[name], marker) for name in chosen]
        ended = [one.result(timeout=60).ended for one in storms]
        took = time.monotonic() - begun
        over.set()
        runs = working.result(timeout=120)
    assert took < WALL + GONE
    assert host.count(marker) == 0
    assert set(ended) <= {RunEnd.OOM, RunEnd.TIMEOUT}
    assert {run.exit_code for run in runs} == {0}
