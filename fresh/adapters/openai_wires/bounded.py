"""Errors whose bodies never end are cut off: the SDK reads the whole of one before anybody can look at it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx2

LONGEST = 64 << 10
"""Bytes of an error on the wire; packed, they are some MiB at worst."""
SECONDS = 10.0


def cut_errors(response: httpx2.Response) -> None:
    """Let no more than a beginning of the body of an error or a redirect be read; a hook of a client."""
    if response.status_code >= 300 and isinstance(response.stream, httpx2.SyncByteStream):
        response.stream = _Cut(response.stream)


class _Cut(httpx2.SyncByteStream):
    def __init__(self, stream: httpx2.SyncByteStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        until, left = time.monotonic() + SECONDS, LONGEST
        for chunk in self._stream:
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0 or time.monotonic() > until:
                return

    def close(self) -> None:
        self._stream.close()
