"""What every fault of the openai SDK means: a definite no, or a reply that may have been made and billed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import openai
from pydantic import ValidationError

from fresh.adapters.openai_wires.shapes import Unreadable, WireUnknown
from fresh.errors import ModelRefused, ModelUnclear

LONGEST_WAIT = 60.0
SHOWN = 300
"""Characters of a server's own words that a message may hold."""
DEFINITE = frozenset({400, 401, 402, 403, 404, 405, 406, 409, 410, 411, 413, 414, 415, 422, 429, 431, 501})
"""Statuses by which a server says that it made nothing of a request."""
NEVER_LEFT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError"})
"""Transport errors before a connection stood: no byte of the request can have left."""


def translated(trouble: Exception, server: str, secret: str) -> ModelRefused | ModelUnclear:
    """Turn a fault into one of ours; `server` names who was asked, `secret` is kept out of the words."""
    match trouble:
        case openai.APIStatusError():
            return _status(trouble, server, secret)
        case openai.APIConnectionError():
            return _transport(trouble.__cause__ or trouble, server, secret)
        case openai.APIResponseValidationError():
            return _unreadable(server, "a body of the wrong shape")
        case openai.OpenAIError() if type(trouble) is openai.OpenAIError:
            # Only what is found wrong before anything is sent has no class of its own.
            return ModelRefused(
                f"The openai client could not begin: {_clamped(str(trouble), secret)}.",
                hint="Check OPENAI_API_KEY and OPENAI_BASE_URL.",
            )
        case openai.OpenAIError():
            name = type(trouble).__name__
            return ModelUnclear(f"The reply of {server} could not be used: {name}.", retryable=True)
        case Unreadable():
            return _unreadable(server, _clamped(str(trouble), secret))
        case ValidationError():
            return _unreadable(server, "values of the wrong shape")
        case _:
            return _transport(trouble, server, secret)


def _unreadable(server: str, what: str) -> ModelUnclear:
    """Say that a reply came which nobody can read; it may be billed all the same."""
    return ModelUnclear(f"{server} answered with {what}.", retryable=True)


def _transport(cause: BaseException, server: str, secret: str) -> ModelRefused | ModelUnclear:
    name = type(cause).__name__
    if name in NEVER_LEFT:
        return ModelRefused(
            f"{server} can't be reached: {_clamped(str(cause) or name, secret)}.",
            hint="Check OPENAI_BASE_URL, the network, and whether the server runs.",
            retryable=True,
        )
    if isinstance(cause, openai.APITimeoutError) or "Timeout" in name:
        return ModelUnclear(f"{server} did not answer in time.", retryable=True)
    return ModelUnclear(
        f"The connection to {server} broke before a whole reply came: {_clamped(str(cause) or name, secret)}.",
        retryable=True,
    )


def _status(trouble: openai.APIStatusError, server: str, secret: str) -> ModelRefused | ModelUnclear:
    status, wait = trouble.status_code, wait_asked(trouble)
    code, words = _words(trouble)
    said = _clamped(words, secret)
    if status >= 500 and status not in DEFINITE:
        return ModelUnclear(f"{server} failed with {status}: {said}.", retryable=True, wait=wait)
    if status not in DEFINITE and not 300 <= status < 400:
        return ModelUnclear(f"{server} answered {status}: {said}.", retryable=status == 408, wait=wait)
    match status:
        case 401:
            return ModelRefused(f"{server} does not accept the key (401).", hint="Check OPENAI_API_KEY.")
        case 403:
            return ModelRefused(
                f"{server} forbids this (403): {said}.", hint="Check the rights of OPENAI_API_KEY's project."
            )
        case 429 if code == "insufficient_quota" or "quota" in code:
            return ModelRefused(
                f"The account at {server} has no money left (429): {said}.",
                hint="Raise the quota or the balance at the provider.",
            )
        case 429:
            return ModelRefused(f"{server} limits the rate (429): {said}.", retryable=True, wait=wait)
        case 409:
            return ModelRefused(f"{server} is in conflict (409): {said}.", retryable=True, wait=wait)
        case 404 if _is_about_model(trouble):
            return ModelRefused(f"{server} has no such model (404): {said}.", hint="Choose another --model.")
        case 404 | 405 | 501:
            return ModelRefused(
                f"{server} does not speak this wire ({status}): {said}.",
                hint="Check OPENAI_BASE_URL (it usually ends in /v1), or set FRESH_WIRE=chat.",
            )
        case _ if code == "context_length_exceeded" or "context length" in words.lower():
            return ModelRefused(
                f"The conversation is longer than the model's context ({status}): {said}.",
                hint="Choose a --model with a longer context.",
            )
        case _ if 300 <= status < 400:
            return ModelRefused(
                f"{server} redirects to another address ({status}), and the key does not follow.",
                hint="Put the address that answers into OPENAI_BASE_URL.",
            )
        case _:
            return ModelRefused(f"{server} refused the request ({status}): {said}.")


def is_wire_unknown(trouble: Exception) -> bool:
    """Say whether a server has no such path; one that has no such model says so, in JSON."""
    if isinstance(trouble, WireUnknown):
        return True
    if not isinstance(trouble, openai.APIStatusError) or trouble.status_code not in (404, 405, 501):
        return False
    return trouble.status_code != 404 or not _is_about_model(trouble)


def _is_about_model(trouble: openai.APIStatusError) -> bool:
    code, words = _words(trouble)
    is_json = "json" in trouble.response.headers.get("content-type", "")
    return is_json and "model" in f"{code} {words}".lower()


def wait_asked(trouble: openai.APIStatusError) -> float | None:
    """Read how many seconds the server asks to wait: `retry-after-ms`, or `retry-after` in seconds or as a date."""
    headers = trouble.response.headers
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) * unit
        except (KeyError, ValueError):
            continue
        if seconds >= 0:
            return min(seconds, LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(headers.get("retry-after", ""))
    except (TypeError, ValueError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(0.0, (until - datetime.now(UTC)).total_seconds()), LONGEST_WAIT)


def _words(trouble: openai.APIStatusError) -> tuple[str, str]:
    """Read a server's code and words; servers disagree on where they put them."""
    found = trouble.body
    if isinstance(found, dict) and isinstance(found.get("error"), dict):
        found = found["error"]
    if isinstance(found, dict):
        words = found.get("message") or found.get("detail") or found.get("error")
        shown = words if isinstance(words, str) else json.dumps(found, default=str)
        return str(found.get("code") or found.get("type") or ""), shown
    return "", str(found or "no reason given")


def _clamped(words: str, secret: str = "") -> str:
    """Make a server's words one short line without our key."""
    shown = words.replace(secret, "[key]") if secret else words
    line = " ".join("".join(c if c.isprintable() else " " for c in shown[: 4 * SHOWN]).split())
    return line[:SHOWN].rstrip(" .") or "no reason given"
