"""Calls that a model writes as text: some models know no tool calls, and some forget them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from pydantic import JsonValue

from fresh.domain.conversation import Call, Ended, Reply
from fresh.engines.llm.tools import SHAPES, Finish, FinishPlan

_FENCED = re.compile(r"```(?:json)?\s*\n(.*?)```", re.DOTALL)
_NAMES = ("tool", "name", "action", "function")
_ARGUMENTS = ("arguments", "parameters", "args", "input")
MOST_STARTS = 20
NAMES = frozenset(shape.name for shape in SHAPES)


def calls_of(reply: Reply, *, planning: bool) -> tuple[Call, ...]:
    """List the calls of a reply: its own, else the one that its text holds; none of a reply that was cut off counts.

    A call from text has no id: it is answered in words.
    """
    if reply.ended is not Ended.COMPLETE:
        return ()
    if reply.calls:
        return reply.calls
    for found in _objects(reply.text):
        if (call := _as_call(found, planning)) is not None:
            return (call,)
    return ()


def _as_call(found: dict[str, JsonValue], planning: bool) -> Call | None:
    if isinstance(inside := found.get("function"), dict):
        found = inside
    name = next((found[key] for key in _NAMES if isinstance(found.get(key), str)), None)
    given = next((found[key] for key in _ARGUMENTS if isinstance(found.get(key), dict | str)), None)
    if isinstance(name, str) and given is not None:
        return Call(id="", name=name, arguments=given if isinstance(given, str) else json.dumps(given))
    if isinstance(name, str) and name in NAMES:
        # Small models often leave the arguments' own object out.
        rest = {key: value for key, value in found.items() if key not in _NAMES}
        return Call(id="", name=name, arguments=json.dumps(rest))
    wanted = {"summary", "files"} if planning else {"summary"}
    known = set((FinishPlan if planning else Finish).model_fields)
    if wanted <= found.keys() <= known:
        return Call(id="", name=(FinishPlan if planning else Finish).name, arguments=json.dumps(found))
    return None


def _objects(text: str) -> Iterator[dict[str, JsonValue]]:
    """Find JSON objects: the whole text, what stands in fences, then whatever begins with a brace."""
    decoder = json.JSONDecoder()
    for candidate in (text.strip(), *(part.strip() for part in _FENCED.findall(text))):
        yield from _object(decoder, candidate)
    at = text.find("{")
    for _ in range(MOST_STARTS):
        if at < 0:
            return
        yield from _object(decoder, text[at:])
        at = text.find("{", at + 1)


def _object(decoder: json.JSONDecoder, text: str) -> Iterator[dict[str, JsonValue]]:
    try:
        found, _ = decoder.raw_decode(text)
    except (ValueError, RecursionError):
        return
    if isinstance(found, dict):
        yield found
