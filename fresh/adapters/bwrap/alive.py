"""The commands that a sandbox has running at this moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fresh.adapters.bwrap.running import Running


class Alive:
    """Know every command that runs, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[Running] = set()

    @contextmanager
    def registered(self, running: Running) -> Iterator[None]:
        """Know a command for as long as it runs."""
        with self._lock:
            self._running.add(running)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(running)

    def kill_all(self) -> None:
        """Kill what runs now."""
        with self._lock:
            running = tuple(self._running)
        for one in running:
            one.kill()
