"""What every fault of the openai SDK means: a definite no, or a reply that may have been made and billed."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import openai
from pydantic import ValidationError

from fresh.adapters.openai_wires.manners import asks_for_a_template, is_about_template, lacks_tools
from fresh.adapters.openai_wires.shapes import ErrorInside, Unreadable, WireUnknown
from fresh.errors import Lacking, ModelRefused, ModelUnclear

LONGEST_WAIT = 60.0
SHOWN = 300
"""Characters of a server's own words that a message may hold."""
DEFINITE = frozenset({400, 401, 402, 403, 404, 405, 406, 409, 410, 411, 413, 414, 415, 422, 429, 431, 501})
"""Statuses by which a server says that it made nothing of a request."""
NEVER_LEFT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError"})
"""Transport errors before a connection stood: no byte of the request can have left."""


HOPELESS = frozenset({400, 401, 402, 403, 404, 405, 422})
"""Codes of an error in place of a reply that another try does not change."""
_CONTEXT = re.compile(
    r"context.{0,3}(length|size|window)|max\w{0,20}_tokens\W.{0,60}too large|exceed\w{0,3} the available context"
    r"|range of max\w{0,20}_tokens|(maximum|max) (allowed )?(number of )?(output |completion )?tokens|fewer max_tokens"
    r"|at most \d+ (completion|output) tokens|prompt is too long|input token count|max_new_tokens|maximum tokens you requested"
    r"|too many tokens",
    re.IGNORECASE,
)
HEARD = 4_000
"""Characters of a server's words in which a meaning is looked for; some send megabytes."""
_FULL = re.compile(r"resource.?unavailable", re.IGNORECASE)
_FLEX = re.compile(r"\bflex\b", re.IGNORECASE)


def translated(
    trouble: Exception,
    server: str,
    secret: str,
    *,
    tools: bool = False,
    flex: bool = False,
    seconds: float = 0,
) -> ModelRefused | ModelUnclear:
    """Turn a fault into one of ours; `server` names who was asked, `secret` is kept out of the words.

    `tools`, `flex` and `seconds` are what was asked for: tools to call, the cheap tier, a reply within a time.
    """
    match trouble:
        case openai.APIStatusError():
            return (tools and _lacks_tools(trouble, server, secret)) or (
                (flex and _lacks_flex(trouble, server, secret)) or _status(trouble, server, secret)
            )
        case openai.APITimeoutError() if seconds and _never_left(trouble) is None:
            return ModelUnclear(
                f"{server} did not answer in time, which is {seconds:g} seconds.",
                hint="A slow server may need a greater FRESH_REPLY_SECONDS, or a smaller FRESH_MAX_OUTPUT_TOKENS.",
                retryable=True,
            )
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
        case ErrorInside():
            said = f"an error in place of a reply: {_clamped(str(trouble), secret)}"
            return _unreadable(server, said, retryable=trouble.code not in HOPELESS)
        case Unreadable():
            return _unreadable(server, _clamped(str(trouble), secret))
        case ValidationError():
            return _unreadable(server, "values of the wrong shape")
        case _:
            return _transport(trouble, server, secret)


def _unreadable(server: str, what: str, *, retryable: bool = True) -> ModelUnclear:
    """Say that a reply came which nobody can read; it may be billed all the same."""
    return ModelUnclear(f"{server} answered with {what}.", retryable=retryable)


def _lacks_tools(trouble: openai.APIStatusError, server: str, secret: str) -> ModelRefused | None:
    """Recognise a model that can't call tools; servers say so with nearly every status."""
    _, words, param = said_of(trouble)
    is_own_fault = trouble.status_code >= 500 and trouble.status_code not in DEFINITE
    if trouble.status_code in (401, 403, 408, 409, 429):
        return None
    # A server that failed while it worked may name tools as well, and bill what it made.
    if not (asks_for_a_template(words[:HEARD]) if is_own_fault else lacks_tools(words[:HEARD], param)):
        return None
    return ModelRefused(
        f"{server} gives this model no tools ({trouble.status_code}): {_clamped(words, secret)}.",
        hint="Leave FRESH_TOOLS unset or set it to spoken: the model writes its calls as text then.",
        lacks=Lacking.TOOLS,
    )


def _lacks_flex(trouble: openai.APIStatusError, server: str, secret: str) -> ModelRefused | None:
    """Recognise a cheap tier that is full for now, or that a model does not have."""
    code, words, param = said_of(trouble)
    full = trouble.status_code == 429 and _FULL.search(f"{code} {words[:HEARD]}")
    absent = trouble.status_code in (400, 404, 422) and (
        param == "service_tier" or _FLEX.search(words[:HEARD])
    )
    if not (full or absent):
        return None
    what = "has no room on its flex tier now" if full else "has no flex tier for this model"
    return ModelRefused(
        f"{server} {what} ({trouble.status_code}): {_clamped(words, secret)}.",
        hint="FRESH_FLEX_FALLBACK=true lets such requests go at the standard tier, at about twice the price.",
        retryable=bool(full),
        wait=wait_asked(trouble),
        lacks=Lacking.FLEX,
    )


def _never_left(trouble: openai.APIConnectionError) -> str | None:
    name = type(trouble.__cause__).__name__
    return name if name in NEVER_LEFT else None


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
    code, words, _ = said_of(trouble)
    said = _clamped(words, secret)
    if status == 500 and is_about_template(words[:HEARD]):
        return ModelRefused(f"{server} can't show the conversation to this model (500): {said}.")
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
        case _ if code == "context_length_exceeded" or _CONTEXT.search(words[:HEARD]):
            return ModelRefused(
                f"The conversation is longer than the model's context ({status}): {said}.",
                hint="Choose a --model with a longer context, serve it with one, or set a smaller FRESH_MAX_OUTPUT_TOKENS.",
                lacks=Lacking.ROOM,
            )
        case 400 if code == "tool_use_failed":
            # The model has written a call that its server can't read: the next try may be another one.
            return ModelUnclear(f"{server} could not read the model's call (400): {said}.", retryable=True)
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
    if not isinstance(trouble, openai.APIStatusError):
        return False
    if trouble.status_code == 400:
        words = said_of(trouble)[1].lower()
        return "chat/completions" in words or "responses api" in words
    if trouble.status_code not in (404, 405, 501):
        return False
    return trouble.status_code != 404 or not _is_about_model(trouble)


def _is_about_model(trouble: openai.APIStatusError) -> bool:
    code, words, _ = said_of(trouble)
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
    except (TypeError, ValueError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(0.0, (until - datetime.now(UTC)).total_seconds()), LONGEST_WAIT)


def said_of(trouble: openai.APIStatusError) -> tuple[str, str, str]:
    """Read a server's code, words and the field that it names; servers disagree on where they put them."""
    found = trouble.body
    if isinstance(found, dict) and isinstance(found.get("error"), dict):
        found = found["error"]
    if isinstance(found, dict):
        words = found.get("message") or found.get("detail") or found.get("error")
        shown = words if isinstance(words, str) else json.dumps(found, default=str)
        return str(found.get("code") or found.get("type") or ""), shown, str(found.get("param") or "")
    return "", str(found or "no reason given"), ""


def _clamped(words: str, secret: str = "") -> str:
    """Make a server's words one short line without our key."""
    shown = words
    for form in (secret, json.dumps(secret)[1:-1]) if secret else ():
        shown = shown.replace(form, "[key]")
    line = " ".join("".join(c if c.isprintable() else " " for c in shown[: 4 * SHOWN]).split())
    return line[:SHOWN].rstrip(" .") or "no reason given"
