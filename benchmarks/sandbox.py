"""Measure what the sandbox adds to a command, beside a bare subprocess in the same run.

    python -m benchmarks.sandbox [ROUNDS]

Prints one line for each kind of work: medians of both in milliseconds, the difference, and the ratio. The suite of a
published project is fetched by pip; where that is impossible, this is said, and the rest is measured. Goals: a command
goes in and out within 25 ms more than bare, and a real suite takes at most 1.25 times as long.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.figures import Figure, note
from fresh.adapters.bwrap_sandbox import BwrapSandbox
from fresh.ports import Command, Mount
from tests.e2e.releases import fetch, unpack

ROUNDS = 30
FILES = 2000
PROJECT = "boltons==26.2.0"
SUITE_ROUNDS = 5
BARE = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
"""The environment of both, as far as it can be the same."""
NOTHING = ("/bin/true",)
MOST_MS, MOST_TIMES = 25.0, 1.25


def main(rounds: int) -> None:
    """Run everything."""
    with tempfile.TemporaryDirectory() as room:
        tree = Path(room, "tree")
        tree.mkdir()
        (tree / "test_work.py").write_text(
            "import pytest\n@pytest.mark.parametrize('n', range(200))\ndef test_it(n): pass\n"
        )
        sandbox = BwrapSandbox(Path(room, "state"))
        print(sandbox.probe())
        compare("nothing at all", sandbox, tree, NOTHING, rounds)
        compare("python -c pass", sandbox, tree, (sys.executable, "-c", "pass"), rounds)
        tests = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_work.py")
        compare("200 tests", sandbox, tree, tests, max(rounds // 6, 3))
        real_suite(sandbox, Path(room))
        for number in range(FILES):
            (tree / f"file{number}").touch()
        compare(f"nothing, {FILES} files", sandbox, tree, ("/bin/true",), rounds)
        crowd(sandbox, tree, rounds)


def compare(
    what: str,
    sandbox: BwrapSandbox,
    tree: Path,
    argv: Sequence[str],
    rounds: int,
    *,
    most_times: float | None = None,
    ends: tuple[int, ...] = (0,),
) -> None:
    """Time bare and contained runs in turns, so that both meet the same weather."""
    command = contained(tree, argv)
    bare, inside = [], []
    for _ in range(rounds):
        bare.append(
            timed(
                lambda: end(
                    argv, subprocess.run(argv, cwd=tree, env=BARE, capture_output=True).returncode, ends
                )
            )
        )
        inside.append(timed(lambda: end(argv, sandbox.run(command).exit_code, ends)))
    plain, walled = statistics.median(bare), statistics.median(inside)
    print(
        f"{what:22} bare {plain:8.1f} ms  contained {walled:8.1f} ms  +{walled - plain:6.1f} ms  x{walled / plain:.2f}"
    )
    note(Figure(f"{what}, beside a bare process", walled, "ms", plain, most_times=most_times))
    if argv == NOTHING:
        note(Figure(f"{what}: what is added", walled - plain, "ms", most=MOST_MS))


def real_suite(sandbox: BwrapSandbox, room: Path) -> None:
    """Run the tests of a published project."""
    place = room / "fetched"
    place.mkdir()
    try:
        tree = unpack(fetch(PROJECT, place), room / "project")
    except (AssertionError, OSError, subprocess.SubprocessError) as trouble:
        print(f"{PROJECT} can't be fetched, so no real suite was timed: {str(trouble)[:200]}")
        return
    # A published suite may have tests that fail on this machine, in both; what takes as long is what is measured.
    # What the operator may have set for pytest is not what is measured.
    argv = (
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        "/dev/null",
        "--rootdir=.",
        "tests",
    )
    compare(f"the suite of {PROJECT}", sandbox, tree, argv, SUITE_ROUNDS, most_times=MOST_TIMES, ends=(0, 1))


def crowd(sandbox: BwrapSandbox, tree: Path, rounds: int) -> None:
    """Time ten at once."""
    command = contained(tree, ("/bin/true",))
    with ThreadPoolExecutor(10) as pool:
        taken = timed(lambda: list(pool.map(lambda _: succeed(sandbox, command), range(rounds))))
    print(f"{'ten at once':22} {rounds} commands in {taken:.0f} ms: {taken / rounds:.1f} ms each")
    note(Figure("ten at once, each", taken / rounds, "ms"))


def contained(tree: Path, argv: Sequence[str]) -> Command:
    """Show the tree and this interpreter at their own places."""
    shown = tuple(Mount(Path(place), place) for place in (sys.base_prefix, sys.prefix))
    return Command(tuple(argv), str(tree), (*shown, Mount(tree, str(tree), writable=True)))


def end(argv: Sequence[str], code: int | None, ends: tuple[int, ...]) -> None:
    """Refuse to time what ended otherwise than it should."""
    if code not in ends:
        raise SystemExit(f"{argv} ended with {code}")


def succeed(sandbox: BwrapSandbox, command: Command) -> None:
    """Run, and refuse to time a failure."""
    finished = sandbox.run(command)
    if finished.exit_code != 0:
        raise SystemExit(f"{command.argv} ended with {finished.exit_code}: {finished.text}")


def timed(work: Callable[[], object]) -> float:
    """Time in milliseconds."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
