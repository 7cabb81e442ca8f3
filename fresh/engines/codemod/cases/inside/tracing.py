"""Record which lines of the feature a call runs, and in which order."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType

Tracer = Callable[[FrameType, str, object], "Tracer | None"]


class Trace:
    """Lines and line-to-line steps inside one range of one file."""

    def __init__(self, path: str, first: int, last: int) -> None:
        self.path = os.path.realpath(path)
        self.first, self.last = first, last
        self.lines: set[int] = set()
        self.steps: set[tuple[int, int]] = set()
        self._before: dict[int, int] = {}
        self._known: dict[CodeType, bool] = {}

    @contextmanager
    def running(self) -> Iterator[None]:
        """Trace what happens meanwhile in this thread."""
        self.lines, self.steps, self._before = set(), set(), {}
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(None)

    def _enter(self, frame: FrameType, event: str, argument: object) -> Tracer | None:
        code = frame.f_code
        mine = self._known.get(code)
        if mine is None:
            mine = (
                self.first <= code.co_firstlineno <= self.last
                and os.path.realpath(code.co_filename) == self.path
            )
            self._known[code] = mine
        return self._step if mine else None

    def _step(self, frame: FrameType, event: str, argument: object) -> Tracer:
        if event == "line":
            line = frame.f_lineno
            self.lines.add(line)
            self.steps.add((self._before.get(id(frame), 0), line))
            self._before[id(frame)] = line
        elif event == "return":
            self.steps.add((self._before.pop(id(frame), 0), 0))
        return self._step
