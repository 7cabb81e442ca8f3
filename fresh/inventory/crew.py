"""Worker processes that read many files at once."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext

from fresh.inventory.extract import extract_all
from fresh.inventory.progress import tell

WORTH_A_CREW = 150
SHARES_EACH = 8
MOST_WORKERS = 8


def extract_many(sources: Mapping[str, bytes], workers: int | None = None) -> dict[str, str]:
    """Read many files, in processes of their own when that pays; the answers are those of `extract_all`."""
    count = min(workers or len(os.sched_getaffinity(0)), MOST_WORKERS)
    if count < 2 or len(sources) < WORTH_A_CREW:
        return extract_all(sources)
    by_size = sorted(sources, key=lambda name: (-len(sources[name]), name))
    shares = count * SHARES_EACH
    jobs = [{name: sources[name] for name in by_size[start::shares]} for start in range(shares)]
    found: dict[str, str] = {}
    try:
        with ProcessPoolExecutor(count, mp_context=_context()) as crew:
            for share in crew.map(extract_all, jobs):
                found.update(share)
                tell(f"read {len(found)} of {len(sources)} files that are not known yet")
    except BrokenProcessPool:
        # The kernel may kill a worker for memory; what it did not read is read here, one file after another.
        found.update(extract_all({name: text for name, text in sources.items() if name not in found}))
    return found


def _context() -> BaseContext:
    """Choose how workers start: a fork is quick, but copies locks that another thread may hold at that moment."""
    return multiprocessing.get_context("fork" if threading.active_count() == 1 else "spawn")
