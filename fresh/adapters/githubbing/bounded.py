"""HTTP as PyGithub speaks it, with a bound on each answer: a server that pours without an end is no reason to die."""

from __future__ import annotations

import time
from typing import Any

from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException

LARGEST = 32 << 20
"""Bytes of one answer, unpacked; a page of a hundred pull requests with the longest texts has a fifth of that."""
LONGEST = 120.0
"""Seconds of one answer from its first byte to its last; the timeout of a connection counts from one byte to the next."""
PART = 64 << 10


class Unbounded(RequestException):
    """An answer that had no end in time, or none at all."""


class BoundedAdapter(HTTPAdapter):
    """Read an answer as a whole, up to a size and a time."""

    def send(self, request: PreparedRequest, *given: Any, **named: Any) -> Response:
        """Send a request once. Raises what requests and urllib3 raise, and Unbounded."""
        response = super().send(request, *given, **named)
        try:
            body = _whole(response)
        except BaseException:
            response.close()
            raise
        # requests reads a body on first use, and then keeps it here.
        response._content = body
        response._content_consumed = True
        return response


def _whole(response: Response) -> bytes:
    body = bytearray()
    until = time.monotonic() + LONGEST
    while part := response.raw.read1(PART, decode_content=True):
        body += part
        if len(body) > LARGEST:
            raise Unbounded(f"its answer has more than {LARGEST >> 20} MiB")
        if time.monotonic() > until:
            raise Unbounded(f"its answer had no end after {LONGEST:.0f} s")
    response.raw.release_conn()
    return bytes(body)


class _Plain(HTTPRequestsConnectionClass):
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.session.mount("http://", _like(self.adapter))


class _Secure(HTTPSRequestsConnectionClass):
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.session.mount("https://", _like(self.adapter))


def _like(adapter: HTTPAdapter) -> BoundedAdapter:
    return BoundedAdapter(max_retries=adapter.max_retries)


def bound_answers() -> None:
    """Let every client of PyGithub in this process read bounded answers, those that fetch an App's token too."""
    Requester.injectConnectionClasses(_Plain, _Secure)
    # The injection is meant for tests and opens a connection for each request; ours stay open.
    Requester._Requester__persist = True  # type: ignore[attr-defined]
