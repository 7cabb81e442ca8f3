"""How soon `fresh up` is healthy, and each of its parts back after kill -9, beside a bare interpreter that imports Prefect.

    python -m benchmarks.resident

First from nothing: no home, no database. Then `down`, and `up` again on what is there. Then each part is killed in turn.
Everything is what a person would start, in a repository and a home of its own. Goals: 15 s from nothing, 6 s on what is
there, 10 s until a killed part is healthy again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.engine_child import lay_project
from benchmarks.figures import Figure, note
from deployments.resident.record import Health, Part, Standing, read_standing

FIRST, AGAIN, BACK = 15.0, 6.0, 10.0
FRESH = ("-c", "import sys; from cli.main import main; sys.exit(main())")
PATIENCE = 120.0


def main() -> int:
    """Measure, print and note; 1 when a goal is missed."""
    with tempfile.TemporaryDirectory() as name:
        room = Path(name).resolve()
        repository = room / "project"
        lay_project(repository)
        environment = {"PATH": os.environ["PATH"], "HOME": str(room / "home")}
        (room / "home").mkdir()
        bare = _taken([sys.executable, "-c", "import prefect.flows"], repository, environment)
        figures = [
            Figure("fresh up from nothing", _up(repository, environment), "s", bare, most=FIRST),
        ]
        try:
            _fresh("down", repository, environment)
            figures.append(Figure("fresh up again", _up(repository, environment), "s", bare, most=AGAIN))
            for part in (part for part in _standing(repository).parts if part.host is not None):
                figures.append(
                    Figure(f"{part.name} back after kill -9", _killed(repository, part), "s", bare, most=BACK)
                )
        finally:
            _fresh("down", repository, environment)
    note(*figures)
    for figure in figures:
        print(
            f"{figure.what:32} {figure.value:6.1f} s, goal {figure.most:g} s{' MISSED' if figure.missed else ''}"
        )
    print(f"{'a bare import of Prefect':32} {bare:6.1f} s")
    return int(any(figure.missed for figure in figures))


def _up(repository: Path, environment: dict[str, str]) -> float:
    return _taken([sys.executable, *FRESH, "up", "--detach"], repository, environment)


def _fresh(verb: str, repository: Path, environment: dict[str, str]) -> None:
    _taken([sys.executable, *FRESH, verb], repository, environment)


def _taken(command: list[str], repository: Path, environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=repository, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _standing(repository: Path) -> Standing:
    found = read_standing(repository / ".fresh" / "up")
    if found is None:
        raise SystemExit("fresh up has left no record")
    return found


def _killed(repository: Path, before: Part) -> float:
    """Kill one part, and wait until another process of it is healthy."""
    if before.host is None:
        raise SystemExit(f"{before.name} has no process")
    os.kill(before.host.pid, signal.SIGKILL)
    began = time.perf_counter()
    while time.perf_counter() - began < PATIENCE:
        part = next(part for part in _standing(repository).parts if part.name == before.name)
        if part.health is Health.HEALTHY and part.host != before.host:
            return time.perf_counter() - began
        time.sleep(0.05)
    raise SystemExit(f"{before.name} was not back within {PATIENCE:g} s")


if __name__ == "__main__":
    sys.exit(main())
