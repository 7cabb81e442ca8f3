"""Something that goes on in a thread of its own beside other work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LAST = 5.0
"""Seconds that it gets to end; then it is left behind, and the process does not wait for it."""


@contextmanager
def beside(name: str, work: Callable[[], None], ended: threading.Event) -> Iterator[None]:
    """Let something work in a thread for as long as the context is open; `ended` tells it when that is over."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=LAST)
