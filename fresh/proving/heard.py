"""What the probe reported from inside the sandbox. Every byte of it is untrusted: the target could have written it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from fresh.domain.evidence import TestOutcome
from fresh.domain.value import Value

LONGEST_REPORT = 128 << 20
LONGEST_ID = 4096
MOST_TESTS = 200_000
MOST_LINES = 1 << 20

# Phases and subtests of one test are reported one by one; the worst says how it ended.
_WORSE = (TestOutcome.SKIPPED, TestOutcome.XFAILED, TestOutcome.PASSED, TestOutcome.FAILED, TestOutcome.ERROR)

_TestId = Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]
_LineNumber = Annotated[int, Field(ge=1, le=MOST_LINES)]


class _Ended(Value):
    kind: Literal["test"]
    id: _TestId
    outcome: TestOutcome


class _Moved(Value):
    kind: Literal["start", "stop"]
    id: _TestId
    outcome: None = None


class _Lines(Value):
    kind: Literal["lines"]
    path: _TestId
    lines: Annotated[tuple[_LineNumber, ...], Field(max_length=20_000)]


class _Finished(Value):
    kind: Literal["end"]
    exit: int


_Record = Annotated[_Ended | _Moved | _Lines | _Finished, Field(discriminator="kind")]
_RECORD: TypeAdapter[_Ended | _Moved | _Lines | _Finished] = TypeAdapter(_Record)


@dataclass
class Heard:
    """How the tests ended, which lines ran, which test was running last, and whether the runner came to its end."""

    outcomes: dict[str, TestOutcome] = field(default_factory=dict)
    covered: dict[str, set[int]] = field(default_factory=dict)
    running: str = ""
    finished: bool = False

    @classmethod
    def read(cls, report: Path) -> Heard:
        """Read a report; what is no record, too long or too many is left out."""
        heard = cls()
        for line in _lines(report):
            try:
                heard._take(_RECORD.validate_json(line))
            except ValidationError:
                continue
        return heard

    def _take(self, record: _Ended | _Moved | _Lines | _Finished) -> None:
        if isinstance(record, _Ended):
            if record.id in self.outcomes or len(self.outcomes) < MOST_TESTS:
                before = self.outcomes.get(record.id, record.outcome)
                self.outcomes[record.id] = max(before, record.outcome, key=_WORSE.index)
        elif isinstance(record, _Moved):
            self.running = record.id if record.kind == "start" else ""
        elif isinstance(record, _Lines):
            self.covered.setdefault(record.path, set()).update(record.lines)
        else:
            self.finished = True


def _lines(report: Path) -> Iterator[bytes]:
    # The command could write to this one file; what it names by now may be no file any more.
    number = os.open(report, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(number, "rb") as source:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            return
        left = LONGEST_REPORT
        while left > 0 and (line := source.readline(min(left, 1 << 20))):
            left -= len(line)
            yield line
