"""Run benchmarks one after the other, and print one table of everything that they measured.

    python -m benchmarks [startup agents ...]

Each runs in a process of its own, so that none inherits another one's memory or imports, and says in its own docstring
how it measures. The load beside each figure is the machine's average over the last minute when that benchmark began:
above about half the number of processors, times say more about the neighbours than about Fresh; the ratios, measured
in turns within one run, hold. Ends with 1 when a goal is missed or a benchmark fails.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import NOTED, Figure, noted, table

ROOT = Path(__file__).resolve().parent.parent
NAMES = (
    "startup",
    "resident",
    "agents",
    "fleet",
    "workspace",
    "sandbox",
    "inventory",
    "ledger",
    "overspend",
    "engine",
)


def main() -> int:
    """Run what was named, everything by default."""
    options = argparse.ArgumentParser(
        prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0]
    )
    options.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all by default")
    chosen = options.parse_args().names or list(NAMES)
    if strange := [name for name in chosen if name not in NAMES]:
        options.error(f"no benchmark is called {strange[0]}; there are {', '.join(NAMES)}")
    rows: list[tuple[str, float, Figure]] = []
    broken: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen:
            load, place = os.getloadavg()[0], Path(folder, name)
            if not _run(name, place):
                broken.append(name)
            rows += [(name, load, figure) for figure in noted(place)]
    print(f"\n{table(rows)}")
    for name in broken:
        print(f"The benchmark {name} broke; what it printed stands above.")
    return 1 if broken or any(figure.missed for _, _, figure in rows) else 0


def _run(name: str, place: Path) -> bool:
    """Run one benchmark; a missed goal is a result, an end without a figure is none."""
    print(f"== {name}", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}"],
        cwd=ROOT,
        env={**os.environ, NOTED: str(place)},
        check=False,
    )
    return done.returncode in (0, 1) and bool(noted(place))


if __name__ == "__main__":
    sys.exit(main())
