"""The audit trail: every attempt to decide, stop or start, also those without effect, in a chain of hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import datetime

from fresh.domain.people import Door
from fresh.domain.value import Value

GENESIS = "0" * 64
MOST_WORDS = 500
"""Letters of what somebody said; a stranger must not fill a disk."""


class Entry(Value):
    """One attempt: who tried what, when, through what, on what, and what came of it.

    `seal` is of the question as it was shown, `evidence` the SHA-256 of the evidence that it rests on.
    """

    at: datetime
    door: Door
    actor: str = ""
    name: str = ""
    team: str = ""
    tried: str
    words: str = ""
    run_id: str = ""
    agent_id: str = ""
    question: str = ""
    seal: str = ""
    commit: str = ""
    evidence: str = ""
    outcome: str = ""
    why: str = ""


class Link(Value):
    """One row of the trail. `digest` covers the entry and the digest of the row before."""

    number: int
    previous: str
    entry: str
    digest: str

    @property
    def content(self) -> Entry:
        """Read the entry. Raises ValueError for one that no Fresh wrote."""
        return Entry.model_validate_json(self.entry)


def link(number: int, previous: str, entry: Entry, hide: Callable[[str], str] = str) -> Link:
    """Chain an entry to the row before it; `hide` takes our own secrets out of JSON before its digest is computed."""
    text = hide(json.dumps(entry.model_dump(mode="json"), sort_keys=True, separators=(",", ":")))
    return Link(number=number, previous=previous, entry=text, digest=digest(number, previous, text))


def digest(number: int, previous: str, entry: str) -> str:
    """Compute the digest of a row."""
    return hashlib.sha256(f"{number}\n{previous}\n{entry}".encode()).hexdigest()


class Broken(Value):
    """The first row that is not as it was written, and what is wrong with it."""

    number: int
    why: str


def first_broken(links: Iterable[Link], head: tuple[int, str]) -> Broken | None:
    """Find the first row that was changed, left out, put in or moved; `head` is the last row as it was noted."""
    number, previous = 0, GENESIS
    for row in links:
        number += 1
        if row.number != number:
            return Broken(number=number, why=f"it is missing; the next row has the number {row.number}")
        if row.previous != previous:
            return Broken(number=number, why="it does not follow the row before it")
        if row.digest != digest(row.number, row.previous, row.entry):
            return Broken(number=number, why="it was changed after it was written")
        previous = row.digest
    if (number, previous) != head:
        last = head[0]
        why = "it is missing" if last > number else f"the trail was noted to end at row {last}"
        return Broken(number=min(last, number) + 1, why=why)
    return None
