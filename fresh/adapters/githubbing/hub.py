"""One repository at one GitHub: a question, an answer, one at a time, as its guidelines ask."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

from pydantic import TypeAdapter, ValidationError

from fresh.adapters.githubbing.access import Credentials, authorization, connect
from fresh.adapters.githubbing.faults import translated
from fresh.domain.remote import RemoteAddress
from fresh.errors import ForgeUnclear, FreshError

if TYPE_CHECKING:
    from github import Auth, Github

Shape = TypeVar("Shape")
Scalar = str | int | bool
MOST_PAGES = 50

_NEXT = re.compile(r'<([^<>]+)>\s*;[^,]*\brel="?next"?')


@dataclass(frozen=True)
class Answer:
    """What came back; headers have lower-case names. `status` 304 means: as it was when `etag` was given."""

    status: int
    headers: Mapping[str, str]
    text: str

    def read(self, shape: type[Shape]) -> Shape:
        """Read the body. Raises ForgeUnclear for another shape."""
        return self._read(TypeAdapter(shape))

    def read_all(self, shape: type[Shape]) -> tuple[Shape, ...]:
        """Read the body as a list of these. Raises ForgeUnclear for another shape."""
        return self._read(TypeAdapter(tuple[shape, ...]))  # type: ignore[valid-type]

    def _read(self, adapter: TypeAdapter[Shape]) -> Shape:
        try:
            return adapter.validate_json(self.text or "null")
        except ValidationError as bad:
            first = bad.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the whole"
            raise ForgeUnclear(
                f"GitHub's answer ({self.status}) has not the documented shape: {where}: {first['msg']}."
            ) from bad

    @property
    def further(self) -> dict[str, str] | None:
        """The parameters of the next page; None on the last one."""
        found = _NEXT.search(self.headers.get("link", ""))
        return dict(parse_qsl(urlsplit(found[1]).query, keep_blank_values=True)) if found else None

    @property
    def etag(self) -> str | None:
        """What to ask with next time, so that an unchanged answer costs nothing."""
        return self.headers.get("etag")


class Hub:
    """GitHub as one repository sees it. Making it sends nothing."""

    def __init__(self, api: str, address: RemoteAddress, credentials: Credentials) -> None:
        self.api = api
        self.address = address
        self._credentials = credentials
        self._lock = threading.RLock()
        self._connection: tuple[Github, Auth.Auth] | None = None

    def ask(
        self,
        what: str,
        verb: str,
        path: str,
        *,
        parameters: Mapping[str, Scalar] | None = None,
        body: object = None,
        etag: str | None = None,
    ) -> Answer:
        """Send one request once; `path` is below the repository unless it begins with a slash.

        `what` completes "GitHub refused to ...". Raises ForgeRefused, ForgeUnclear, OperatorMistake.
        """
        where = path if path.startswith("/") else f"/repos/{self.address.full_name}/{path}".rstrip("/")
        given = {name: str(value) for name, value in (parameters or {}).items()}
        headers = {"If-None-Match": etag} if etag is not None else {}
        try:
            with self._lock:
                requester = self._connected()[0].requester
                status, told, text = requester.requestJson(verb, where, given, headers, body)
                if status >= 400:
                    raise requester.createException(status, told, _structured(text))
        except FreshError:
            raise
        except Exception as trouble:
            # requests, urllib3, PyGithub and its assertions, JWT: a test walks their classes.
            raise translated(trouble, what) from trouble
        return Answer(status, {str(name).lower(): str(value) for name, value in told.items()}, text)

    def pages(
        self, what: str, path: str, *, parameters: Mapping[str, Scalar] | None = None, most: int = MOST_PAGES
    ) -> Iterator[Answer]:
        """Read a list page by page, at most `most` pages of a hundred."""
        asking: dict[str, Scalar] | None = {"per_page": 100, **(parameters or {})}
        for _ in range(most):
            if asking is None:
                return
            answer = self.ask(what, "GET", path, parameters=asking)
            yield answer
            asking = dict(answer.further) if answer.further is not None else None

    def authorization(self) -> str:
        """Give the Authorization header for git over HTTP; an App's token is renewed when it is about to end."""
        try:
            with self._lock:
                return authorization(self._connected()[1])
        except FreshError:
            raise
        except Exception as trouble:
            raise translated(trouble, "give the App a token") from trouble

    def _connected(self) -> tuple[Github, Auth.Auth]:
        if self._connection is None:
            self._connection = connect(self.api, self._credentials, self.address.full_name)
        return self._connection


def quoted(name: str) -> str:
    """Write a name as one part of a path."""
    return quote(name, safe="")


def _structured(text: str) -> dict[str, object]:
    """Read an error's body; what is no JSON object, such as a proxy's page, is kept as text."""
    try:
        return TypeAdapter(dict[str, object]).validate_json(text)
    except ValidationError:
        return {"data": text[:300]}
