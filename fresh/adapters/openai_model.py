"""Models behind the openai SDK, on either wire: one HTTP attempt at a time, no retry of the SDK's own.

The SDK would retry by itself up to twice without an idempotency key, and each try can be billed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlsplit

import openai
from pydantic import JsonValue

from fresh.adapters.openai_wires import chat, responses
from fresh.adapters.openai_wires.bounded import cut_errors
from fresh.adapters.openai_wires.faults import HEARD, is_wire_unknown, said_of, translated
from fresh.adapters.openai_wires.manners import Manners, is_about_template, learnt, mannerly
from fresh.adapters.openai_wires.shapes import Unreadable, parsed, writable
from fresh.domain.conversation import Reply, Request, Tier
from fresh.errors import ModelRefused, OperatorMistake

OPENAI = "https://api.openai.com/v1"
OPENAI_HOSTS = ("openai.com", "openai.azure.com")
CONNECT = 10.0
LONGEST_REPLY = 32 << 20


class Wire(StrEnum):
    """How a server is spoken to."""

    RESPONSES = "responses"
    CHAT = "chat"


class _Answer(Protocol):
    def iter_bytes(self) -> Iterator[bytes]: ...


class OpenAIModel:
    """A server of models. Without a `wire`, the Responses wire is tried first, and Chat Completions where it is unknown.

    `is_openai` says whether the server knows what only OpenAI's own do (tiers, sealed reasoning, cache keys); by
    default its host tells.
    """

    def __init__(
        self,
        *,
        base_url: str | None = None,
        api_key: str = "",
        wire: Wire | None = None,
        is_openai: bool | None = None,
    ) -> None:
        self._url = base_url or OPENAI
        self._server = _named(self._url)
        self._key = _usable(api_key.strip())
        self._wire = wire
        self._is_openai = _is_openais(self._url) if is_openai is None else is_openai
        self._manners: dict[str, Manners] = {}
        self._probing = threading.Lock()
        self._client: openai.OpenAI | None = None

    @property
    def wire(self) -> Wire:
        """The wire that the next request goes over."""
        return self._wire or Wire.RESPONSES

    def send(self, request: Request, request_id: str) -> Reply:
        """Make one HTTP attempt. Raises ModelRefused, ModelUnclear."""
        known = self._wire
        wire = known or Wire.RESPONSES
        side = responses if wire is Wire.RESPONSES else chat
        manners = self._manners.get(request.model, Manners())
        body = writable(mannerly(side.body(request, is_openai=self._is_openai), manners))
        try:
            content = self._post(side.PATH, body, request_id, request.seconds)
            reply: Reply = side.reply(parsed(content), request)
        except Exception as trouble:
            if known is None and is_wire_unknown(trouble):
                self._settle_on(Wire.CHAT)
                raise ModelRefused(
                    f"{self._server} does not know the Responses wire; Chat Completions is used from now on.",
                    retryable=True,
                    wait=0.0,
                ) from trouble
            self._learn(trouble, request.model, manners, body)
            raise translated(
                trouble,
                self._server,
                self._key,
                tools=bool(request.tools),
                flex=self._is_openai and request.tier is Tier.FLEX,
                seconds=request.seconds,
            ) from trouble
        self._settle_on(wire)
        return reply

    def _learn(self, trouble: Exception, model: str, used: Manners, body: dict[str, JsonValue]) -> None:
        """Raise ModelRefused that can be tried again when a refusal says how the server wants to be asked."""
        if not isinstance(trouble, openai.APIStatusError):
            return
        _, words, param = said_of(trouble)
        if trouble.status_code not in (400, 422) and not (
            trouble.status_code == 500 and is_about_template(words)
        ):
            return
        better = learnt(used, body, words[:HEARD], param, is_openai=self._is_openai)
        if better is None:
            return
        with self._probing:
            self._manners[model] = self._manners.get(model, Manners()) | better
        raise ModelRefused(
            f"{self._server} refused how it was asked ({trouble.status_code}), and is asked otherwise from now on.",
            retryable=True,
            wait=0.0,
        ) from trouble

    def _settle_on(self, wire: Wire) -> None:
        with self._probing:
            self._wire = self._wire or wire

    def _post(self, path: str, body: dict[str, JsonValue], request_id: str, seconds: float) -> bytes:
        """Send and read everything within `seconds`: the timeout of the transport starts anew with every byte."""
        until = time.monotonic() + seconds
        content = bytearray()
        with self._posting(body, request_id, seconds, path) as answer:
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > LONGEST_REPLY:
                    raise Unreadable(f"more than {LONGEST_REPLY >> 20} MiB")
                if time.monotonic() > until:
                    raise Unreadable(f"only a part of a reply within {seconds:g} seconds")
        return bytes(content)

    def _posting(
        self, body: dict[str, JsonValue], request_id: str, seconds: float, path: str
    ) -> AbstractContextManager[_Answer]:
        client = self._opened()
        # A connection that the server closes just when it is used again costs a reply, and what was set aside for it.
        headers = {"X-Client-Request-Id": request_id, "Connection": "close"}
        timeout = openai.Timeout(seconds, connect=min(CONNECT, seconds))
        if path == responses.PATH:
            return client.responses.with_streaming_response.create(
                extra_body=body, extra_headers=headers, timeout=timeout
            )
        # The method demands these two; what is sent is `extra_body`, which holds them.
        return client.chat.completions.with_streaming_response.create(
            model=str(body["model"]), messages=[], extra_body=body, extra_headers=headers, timeout=timeout
        )

    def _opened(self) -> openai.OpenAI:
        with self._probing:
            if self._client is None:
                self._client = openai.OpenAI(
                    api_key=self._key or "none",
                    base_url=self._url,
                    max_retries=0,
                    http_client=openai.DefaultHttpxClient(
                        follow_redirects=False, event_hooks={"response": [cut_errors]}
                    ),
                )
            return self._client


def _is_openais(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return any(host == known or host.endswith(f".{known}") for known in OPENAI_HOSTS)


def _named(url: str) -> str:
    """Name a server by its host and port, without a password that its URL may hold. Raises OperatorMistake."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in ("http", "https") or not host:
        raise OperatorMistake(
            "OPENAI_BASE_URL is no address of a server of models.",
            hint="It looks like https://api.openai.com/v1 or http://127.0.0.1:8080/v1",
        )
    return f"{host}:{port}" if port else host


def _usable(key: str) -> str:
    """Demand that a key can be sent; an error of the transport would show it. Raises OperatorMistake."""
    if not key.isascii() or not key.isprintable() or " " in key:
        raise OperatorMistake(
            "OPENAI_API_KEY holds characters that no key has.",
            hint="Set it anew, without quotes, spaces or line ends in it.",
        )
    return key
