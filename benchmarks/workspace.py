"""What a private tree costs: plant(), commit() and fell() beside `git worktree add` and `git commit -a` in the same run.

    python -m benchmarks.workspace [--files 200] [--rounds 15]

Medians of interleaved rounds; the ratio is the claim, the milliseconds are this machine's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from benchmarks.figures import Figure, note
from fresh.adapters.git_workspace import GitWorkspace

Made = TypeVar("Made")
WHO = ("-c", "user.name=Olga Operator", "-c", "user.email=olga@example.org")


def main() -> None:
    """Print one line for each comparison."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--files", type=int, default=200)
    options.add_argument("--rounds", type=int, default=15)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        repository, state = Path(folder, "repo"), Path(folder, "state")
        _make_repository(repository, chosen.files)
        taken = _measure(repository, state, chosen.rounds)
    print(f"{chosen.files} files, median of {chosen.rounds} rounds")
    for ours, theirs in (("plant", "worktree add"), ("commit", "commit -a"), ("fell", "worktree remove")):
        left, right = statistics.median(taken[ours]), statistics.median(taken[theirs])
        print(
            f"{ours:>7} {left * 1e3:7.1f} ms   git {theirs:<16} {right * 1e3:7.1f} ms   ratio {left / right:5.2f}"
        )
        note(Figure(f"{ours}, beside git {theirs}", left * 1e3, "ms", right * 1e3))
    print(
        f"   take_base, first {taken['first base'][0] * 1e3:.1f} ms, again {statistics.median(taken['base']) * 1e3:.1f} ms"
    )


def _measure(repository: Path, state: Path, rounds: int) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = defaultdict(list)

    def clock(name: str, work: Callable[[], Made]) -> Made:
        started = time.perf_counter()
        made = work()
        taken[name].append(time.perf_counter() - started)
        return made

    workspace, linked = GitWorkspace(repository, state), state / "linked"
    base = clock("first base", workspace.take_base)
    for number in range(rounds):
        clock("base", workspace.take_base)
        tree = clock("plant", partial(workspace.plant, "abc12345", base))
        workspace.write(tree, "pkg/made.py", f"x = {number}\n".encode())
        clock("commit", partial(workspace.commit, tree, "a change", base))
        clock("fell", lambda: workspace.fell("abc12345"))
        clock(
            "worktree add",
            lambda: _git(repository, "worktree", "add", "-q", "--detach", os.fspath(linked), base),
        )
        (linked / "pkg" / "made.py").write_text(f"x = {number}\n")
        _git(linked, "add", "pkg/made.py")
        clock("commit -a", lambda: _git(linked, *WHO, "commit", "-q", "-a", "-m", "a change"))
        clock("worktree remove", lambda: _git(repository, "worktree", "remove", "--force", os.fspath(linked)))
    return taken


def _make_repository(place: Path, files: int) -> None:
    shutil.rmtree(place, ignore_errors=True)
    _git(place.parent, "init", "-q", os.fspath(place))
    for number in range(files):
        file = place / "pkg" / f"part{number % 20}" / f"module{number}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"def f{number}(x):\n    return x + {number}\n" * 40)
    _git(place, "add", "-A")
    _git(place, *WHO, "commit", "-q", "-m", "start")


def _git(place: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", place, *arguments], check=True, capture_output=True)


if __name__ == "__main__":
    main()
