"""What the inventory costs on Python code: cold, warm, and after five changed files.

    python -m benchmarks.inventory [DIRECTORY | NAME==VERSION ...] [--rounds 3]
    python -m benchmarks.inventory django==5.2.19 sphinx==9.0.4

NAME==VERSION is fetched as a source distribution by pip. Without anything it is the standard library, which every
machine has. What is measured is copied into a git repository of its own first, and read through git. Every scan, and
every peer, runs in a process of its own, one after the other, so that its memory is its own. Beside it, in the same
run: `ast.parse` alone over the same files in one process with the collector off, a repo map in aider's manner, ruff's
own parse, and vulture when it is installed (`pip install vulture`).

Goals, set for Django: cold within 3 times `ast.parse` and a quarter of vulture, by the clock; warm in half a second;
five changed files in a second; 300 MB.
"""

from __future__ import annotations

import argparse
import ast
import gc
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

from pydantic import BaseModel

from benchmarks.figures import Figure, note
from benchmarks.inventory_peers import peers, repo_map, ruff, vulture
from fresh.adapters.git_workspace import GitWorkspace
from fresh.adapters.ruff_lint import lint_sources
from fresh.inventory.scan import take_inventory

CHANGED = 5
CHANGE = b"\n\ndef added_by_the_benchmark(number):\n    return str(number)\n"
"""A definition: then every number behind it is another one, and every feature's rank."""
NOT_COPIED = (".git", "__pycache__", "site-packages", "dist-packages")
MOST_TIMES, MOST_WARM, MOST_CHANGED, MOST_MEGABYTES = 3.0, 0.5, 1.0, 300.0

GOALS = {"vulture": 0.25}
"""How much of a peer's time a cold scan may take."""


class Cost(BaseModel):
    """What one piece of work took: seconds by the clock and of all processors, and megabytes at the peak."""

    wall: float
    cpu: float
    peak: float
    found: int = 0


def main() -> None:
    """Measure everything and print it."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("sources", nargs="*", default=[str(Path(os.__file__).parent)])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--child", nargs=2, metavar=("KIND", "STATE"))
    chosen = options.parse_args()
    if chosen.child:
        print(_child(chosen.child[0], Path(chosen.sources[0]), Path(chosen.child[1])).model_dump_json())
        return
    for source in chosen.sources:
        with tempfile.TemporaryDirectory() as room:
            directory = Path(source) if Path(source).is_dir() else _fetch(source, Path(room, "fetched"))
            repository = Path(room, "repository")
            shutil.copytree(directory, repository, symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED))
            _git(repository, "init", "-q")
            _commit(repository)
            print(f"{source}, load {os.getloadavg()[0]:.1f}", flush=True)
            for number in range(chosen.rounds):
                _round(repository, Path(room, f"state{number}"))


def _fetch(requirement: str, place: Path) -> Path:
    """Fetch a source distribution and unpack it."""
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", str(place), requirement],
        check=True,
    )  # fmt: skip
    archive = next(place.iterdir())
    shutil.unpack_archive(archive, place / "unpacked", filter="data")
    return next((place / "unpacked").iterdir())


def _round(repository: Path, state: Path) -> None:
    limit = _measure("parse", repository, state)
    cold = _measure("scan", repository, state)
    warm = _measure("scan", repository, state)
    for path in sorted(repository.rglob("*.py"))[:CHANGED]:
        path.write_bytes(path.read_bytes() + CHANGE)
    _commit(repository)
    five = _measure("scan", repository, state)
    _show("ast.parse alone", limit, limit)
    _show("cold", cold, limit)
    _show("warm", warm, limit)
    _show("five files changed", five, limit)
    beside = {name: _measure(name, repository, state) for name in peers()}
    for name, cost in beside.items():
        _show(name, cost, limit)
        print(
            f"{'':20} cold is {cost.wall / cold.wall:.1f} times as fast by the clock, {cost.cpu / cold.cpu:.1f} by CPU"
        )
    note(
        Figure("cold, beside ast.parse alone", cold.wall, "s", limit.wall, most_times=MOST_TIMES),
        Figure("cold, memory at its peak", cold.peak, "MB", limit.peak, MOST_MEGABYTES),
        Figure("warm", warm.wall, "s", limit.wall, MOST_WARM),
        Figure(f"{CHANGED} files changed", five.wall, "s", limit.wall, MOST_CHANGED),
        *(
            Figure(f"cold, beside {name}", cold.wall, "s", cost.wall, most_times=GOALS.get(name))
            for name, cost in beside.items()
        ),
    )
    print(flush=True)


def _show(name: str, cost: Cost, limit: Cost) -> None:
    print(
        f"{name:20} {cost.wall:6.2f} s wall ({cost.wall / limit.wall:4.2f} x ast.parse) "
        f"{cost.cpu:6.2f} s cpu ({cost.cpu / limit.cpu:4.2f} x) {cost.peak:5.0f} MB  {cost.found} found"
    )


def _measure(kind: str, repository: Path, state: Path) -> Cost:
    command = [sys.executable, "-m", "benchmarks.inventory", str(repository), "--child", kind, str(state)]
    done = subprocess.run(command, check=True, capture_output=True)
    return Cost.model_validate_json(done.stdout)


def _child(kind: str, repository: Path, state: Path) -> Cost:
    work = {"parse": _parse, "scan": _scan, "vulture": vulture, "ruff": ruff, "repo map": repo_map}[kind]
    found, wall = work(repository, state)
    own, below = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    cpu = own.ru_utime + own.ru_stime + below.ru_utime + below.ru_stime
    return Cost(wall=wall, cpu=cpu, peak=max(own.ru_maxrss, below.ru_maxrss) / 1024, found=found)


def _scan(repository: Path, state: Path) -> tuple[int, float]:
    """Scan HEAD; bringing the commit into the mirror is the workspace's work and is not counted."""
    workspace = GitWorkspace(repository, state)
    commit = workspace.take_base()
    start = time.perf_counter()
    inventory = take_inventory(workspace, commit, state / "cache", lint=lint_sources)
    return len(inventory.features), time.perf_counter() - start


def _parse(repository: Path, state: Path) -> tuple[int, float]:
    """Parse every file and do nothing else, with the collector off as the inventory has it."""
    sources = [path.read_bytes() for path in sorted(repository.rglob("*.py"))]
    gc.disable()
    warnings.simplefilter("ignore")
    start = time.perf_counter()
    parsed = 0
    for source in sources:
        try:
            ast.parse(source)
            parsed += 1
        except (SyntaxError, ValueError):
            continue
    return parsed, time.perf_counter() - start


def _commit(repository: Path) -> None:
    _git(repository, "add", "-A", "-f")
    _git(repository, "-c", "user.name=b", "-c", "user.email=b@localhost", "commit", "-q", "-m", "files")


def _git(repository: Path, *arguments: str) -> None:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}
    subprocess.run(["git", "-C", str(repository), *arguments], check=True, env=environment)


if __name__ == "__main__":
    main()
