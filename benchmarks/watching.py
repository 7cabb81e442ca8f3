"""Run commands at once, and look at the memory of all their processes while they run."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
EVERY = 0.02
LONGEST = 900.0
"""Seconds after which whatever still runs is ended, and counts as that slow."""


@dataclass(frozen=True)
class Watched:
    """How long commands took together, the greatest sum of their resident memory, and how each ended."""

    seconds: float
    megabytes: float
    exit_codes: tuple[int, ...]


@dataclass
class _Watcher:
    """Add up the resident memory of some processes and of everything below them."""

    roots: list[int] = field(default_factory=list)
    most: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Look until it is over."""
        while not self.over.wait(EVERY):
            self.most = max(self.most, self._now())

    def _now(self) -> int:
        sizes, children = _processes()
        total, left = 0, list(self.roots)
        while left:
            process = left.pop()
            total += sizes.get(process, 0)
            left += children.get(process, [])
        return total


def watch(
    commands: Sequence[Sequence[str]], places: Sequence[Path], environment: Mapping[str, str]
) -> Watched:
    """Run each command in its place, all at once, to their ends."""
    watcher = _Watcher()
    thread = threading.Thread(target=watcher.run, daemon=True)
    thread.start()
    began = time.monotonic()
    running = [
        subprocess.Popen(
            command, cwd=place, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        for command, place in zip(commands, places, strict=True)
    ]
    watcher.roots += [process.pid for process in running]
    until = began + LONGEST
    try:
        with suppress(subprocess.TimeoutExpired):
            for process in running:
                process.wait(timeout=max(0.0, until - time.monotonic()))
        seconds = time.monotonic() - began
    finally:
        for process in running:
            process.kill()
        watcher.over.set()
        thread.join()
    return Watched(seconds, watcher.most / 1e6, tuple(process.wait() for process in running))


def _processes() -> tuple[dict[int, int], dict[int, list[int]]]:
    """Read the resident bytes of every process, and who started whom."""
    sizes: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            fields = Path("/proc", name, "stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue
        process = int(name)
        sizes[process] = int(fields[21]) * PAGE
        children.setdefault(int(fields[1]), []).append(process)
    return sizes, children
