"""Worker processes that read many files at once."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext

from fresh.inventory.documents import read_document
from fresh.inventory.extract import extract_all
from fresh.inventory.progress import tell

WORTH_A_CREW = 150
SHARES_EACH = 8
MOST_WORKERS = 8
Files = Mapping[str, bytes]
Texts = dict[str, str]


def read_many(sources: Files, documents: Files, workers: int | None = None) -> tuple[Texts, Texts]:
    """Read many files, in processes of their own when that pays; the answers are those of `read_all`."""
    count = min(workers or len(os.sched_getaffinity(0)), MOST_WORKERS)
    if count < 2 or len(sources) + len(documents) < WORTH_A_CREW:
        return read_all(sources, documents)
    shares = count * SHARES_EACH
    jobs = [*zip(_shared_out(sources, shares), _shared_out(documents, shares), strict=True)]
    records: Texts = {}
    mentions: Texts = {}
    try:
        with ProcessPoolExecutor(count, mp_context=_context()) as crew:
            for some, others in crew.map(read_all, *zip(*jobs, strict=True)):
                records.update(some)
                mentions.update(others)
                told = f"{len(records) + len(mentions)} of {len(sources) + len(documents)}"
                tell(f"read {told} files that are not known yet")
    except BrokenProcessPool:
        # The kernel may kill a worker for memory; what it did not read is read here, one file after another.
        left = {name: text for name, text in sources.items() if name not in records}
        some, others = read_all(
            left, {name: text for name, text in documents.items() if name not in mentions}
        )
        records.update(some)
        mentions.update(others)
    return records, mentions


def read_all(sources: Files, documents: Files) -> tuple[Texts, Texts]:
    """Read the record of every source, and the mentions of every document."""
    return extract_all(sources), {path: read_document(path, content) for path, content in documents.items()}


def _shared_out(files: Files, shares: int) -> list[dict[str, bytes]]:
    """Deal files out so that every share takes about as long, the largest ones first."""
    by_size = sorted(files, key=lambda name: (-len(files[name]), name))
    return [{name: files[name] for name in by_size[start::shares]} for start in range(shares)]


def _context() -> BaseContext:
    """Choose how workers start: a fork is quick, but copies locks that another thread may hold at that moment."""
    return multiprocessing.get_context("fork" if threading.active_count() == 1 else "spawn")
