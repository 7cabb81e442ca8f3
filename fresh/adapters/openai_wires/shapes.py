"""Reading replies that any server may have written: what is missing or of the wrong type is left out, not believed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from pydantic import JsonValue

from fresh.domain.conversation import Call, Ended, Item, Reply, Request, Usage

Json: TypeAlias = "Mapping[str, JsonValue]"

MOST_TOKENS = 2**53
"""The greatest count that every JSON reader agrees on."""


SHAPE = "action"
"""What the schema of a reply is called on the wire."""
LONGEST_ID = 64
LONGEST_NAME = 64


class Unreadable(ValueError):
    """A reply has not the shape that its wire prescribes."""


class ErrorInside(Unreadable):
    """A reply is an error, though its status says that all is well; `code` is 0 where none is named."""

    def __init__(self, words: str, code: int) -> None:
        super().__init__(words)
        self.code = code


class WireUnknown(Unreadable):
    """A reply says that its server does not speak this wire."""


def parsed(body: bytes) -> Json:
    """Read a body as a JSON object. Raises Unreadable."""
    try:
        value: JsonValue = json.loads(body)
    except (ValueError, RecursionError) as bad:
        raise Unreadable(f"{len(body)} bytes that are no JSON") from bad
    if not isinstance(value, dict):
        raise Unreadable("JSON that is no object")
    return value


def mapping(value: JsonValue) -> Json:
    """Read an object; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: JsonValue) -> Sequence[Json]:
    """Read a list of objects; what is none is left out."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def text(value: JsonValue) -> str:
    """Read a text; anything else is none."""
    return whole(value) if isinstance(value, str) else ""


def whole(given: str) -> str:
    """Replace halves of characters: JSON can name them, and nothing that speaks UTF-8 can write them."""
    return given.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def count(value: JsonValue) -> int | None:
    """Read a number of tokens; None for what can't be one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    return int(value) if 0 <= value <= MOST_TOKENS else None


def usage(found: JsonValue, given: str, made: str, given_details: str, made_details: str) -> Usage | None:
    """Read the tokens under the names of one wire; None when either of the two sums is missing.

    A request without a token of input does not exist: servers that count nothing name zero.
    """
    sums = mapping(found)
    tokens_in, tokens_out = count(sums.get(given)), count(sums.get(made))
    if not tokens_in or tokens_out is None:
        return None
    # Some servers leave reasoning out of the output, and in the total.
    tokens_out = max(tokens_out, (count(sums.get("total_tokens")) or 0) - tokens_in)
    inside, outside = mapping(sums.get(given_details)), mapping(sums.get(made_details))
    cached = min(count(inside.get("cached_tokens")) or 0, tokens_in)
    return Usage(
        input=tokens_in,
        cached=cached,
        cache_written=min(count(inside.get("cache_write_tokens")) or 0, tokens_in - cached),
        output=tokens_out,
        reasoning=min(count(outside.get("reasoning_tokens")) or 0, tokens_out),
    )


def replied(
    found: Json, request: Request, items: Sequence[Item], ended: Ended, *, given: str, made: str
) -> Reply:
    """Put a reply together; `given` and `made` are how its wire calls the tokens of input and output."""
    used = usage(found.get("usage"), given, made, f"{given}_details", f"{made}_details")
    if used is not None and not used.output and items:
        used = None
    if ended is Ended.COMPLETE and used is not None and used.output >= request.max_output_tokens:
        # Some servers call a reply complete that ran into its limit.
        ended = Ended.COMPLETE if _calls_whole(items) else Ended.CUT_OFF
    return Reply(
        items=told_apart(items, request.items),
        ended=ended,
        usage=used,
        tier=text(found.get("service_tier")) or None,
        model=text(found.get("model")),
    )


def _calls_whole(items: Sequence[Item]) -> bool:
    """Say whether a reply calls something, and nothing by half."""
    calls = [item for item in items if isinstance(item, Call)]
    return bool(calls) and all(sendable(call.arguments) == (call.arguments or "{}") for call in calls)


def demand_no_error(found: Json) -> None:
    """Raise ErrorInside for an error that came with a status of success."""
    error = found.get("error")
    if not error:
        return
    inside = mapping(error)
    words = text(error) or text(inside.get("message")) or json.dumps(error)
    code = inside.get("code")
    raise ErrorInside(words, code if isinstance(code, int) and not isinstance(code, bool) else 0)


def writable(body: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Make a body one that UTF-8 can write."""
    written = json.dumps(body, ensure_ascii=False)
    if written.isascii() or (cleaned := whole(written)) == written:
        return body
    clean: dict[str, JsonValue] = json.loads(cleaned)
    return clean


def arguments(value: JsonValue) -> str:
    """Read the arguments of a call; some servers give an object where the wire has a text."""
    return text(value) if isinstance(value, str) else whole(json.dumps(value, ensure_ascii=False))


def sendable(given: str) -> str:
    """Give arguments back to a server; templates parse them, so what is no JSON object goes as one."""
    try:
        if isinstance(json.loads(given or "{}"), dict):
            return given or "{}"
    except (ValueError, RecursionError):
        pass
    return json.dumps({"not_json": given[:2000]}, ensure_ascii=False)


def name_sendable(given: str) -> str:
    """Give the name of a called tool back to a server; what a model made up may be no name that it takes."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", given)[:LONGEST_NAME] or "unnamed"


def told_apart(items: Sequence[Item], before: Sequence[Item]) -> tuple[Item, ...]:
    """Give calls without an id of their own one by their place; `before` is the conversation so far."""
    seen = {item.id for item in before if isinstance(item, Call)}
    named: list[Item] = []
    for place, item in enumerate(items, start=len(before)):
        if isinstance(item, Call):
            own = item.id if 0 < len(item.id) <= LONGEST_ID and item.id not in seen else f"call_{place}"
            while own in seen:
                own += "x"
            item = item.model_copy(update={"id": own})
            seen.add(own)
        named.append(item)
    return tuple(named)
