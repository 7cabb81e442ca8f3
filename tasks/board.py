"""What is shown and changes often, brought up to date at a pace that costs the server little.

Fifty agents change their phase more often than anybody looks, and each change is two requests. One thread writes them one
after the other, the newest state of each thing alone, and rests four times as long as a write took: a server that has
much to do gets fewer of them, and one that idles gets each at once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

Write: TypeAlias = "Callable[[], None]"

REST = 4.0
"""Times as long as a write took."""

log = logging.getLogger("fresh.board")


@dataclass
class Board:
    """Hold what is to be shown until it is written. All methods may be called from any thread."""

    rest: float = REST
    _waiting: dict[str, Write] = field(default_factory=dict)
    _writing: bool = False
    _hurries: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _writer: threading.Thread | None = None

    def put(self, thing: str, write: Write) -> None:
        """Have a thing written as it is now, in place of what waits to be written of it."""
        with self._changed:
            self._waiting[thing] = write
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_for_ever, name="board", daemon=True)
                self._writer.start()
            self._changed.notify_all()

    def drain(self, within: float) -> bool:
        """Write all that waits, without rests; say whether that was done within so many seconds."""
        with self._changed:
            self._hurries = True
            self._changed.notify_all()
            try:
                return self._changed.wait_for(lambda: not self._waiting and not self._writing, within)
            finally:
                self._hurries = False

    def _write_for_ever(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting))
                thing = next(iter(self._waiting))
                write = self._waiting.pop(thing)
                self._writing = True
            took = _timed(write)
            with self._changed:
                self._writing = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._hurries, self.rest * took)


def _timed(write: Write) -> float:
    """Write, and say how many seconds it took; trouble is nobody's but the log's."""
    began = time.monotonic()
    try:
        write()
    except Exception:
        log.debug("Something could not be shown", exc_info=True)
    return time.monotonic() - began
