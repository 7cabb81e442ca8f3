"""What a scan is at, for whoever wants to watch it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Told = Callable[[str], None]
_listener: ContextVar[Told | None] = ContextVar("listener", default=None)


@contextmanager
def watching(told: Told) -> Iterator[None]:
    """Be told, in this thread, what every scan inside is at."""
    before = _listener.set(told)
    try:
        yield
    finally:
        _listener.reset(before)


def tell(what: str) -> None:
    """Say what the scan does now."""
    told = _listener.get()
    if told is not None:
        told(what)
