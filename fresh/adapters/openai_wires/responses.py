"""The Responses wire, without any state on the server: the whole conversation goes along, reasoning sealed."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pydantic import JsonValue

from fresh.adapters.openai_wires.shapes import (
    SHAPE,
    Json,
    Unreadable,
    WireUnknown,
    arguments,
    demand_no_error,
    mapping,
    mappings,
    name_sendable,
    replied,
    sendable,
    text,
)
from fresh.domain.conversation import Call, Ended, Item, Output, Reply, Request, Said, Thought, Told

PATH = "/responses"
THOUGHT = ("type", "id", "summary", "encrypted_content")
"""The fields of sealed reasoning that its provider takes back."""


def body(request: Request, *, is_openai: bool) -> dict[str, JsonValue]:
    """Write a request. What only OpenAI's own servers know is left out for others."""
    written: dict[str, JsonValue] = {
        "model": request.model,
        "instructions": request.instructions,
        "input": [_sent(item) for item in _without_loose_thoughts(request.items)],
        "max_output_tokens": request.max_output_tokens,
        "store": False,
    }
    if request.tools:
        written["tools"] = [
            {"type": "function", **tool.model_dump(mode="json"), "strict": False} for tool in request.tools
        ]
        written["parallel_tool_calls"] = False
    if request.shape:
        written["text"] = {"format": {"type": "json_schema", "name": SHAPE, "schema": request.shape}}
    if is_openai:
        written |= {
            "include": ["reasoning.encrypted_content"],
            "service_tier": request.tier.value,
            "truncation": "disabled",
        }
        if request.cache_key:
            written["prompt_cache_key"] = request.cache_key
    return written


def _without_loose_thoughts(items: Sequence[Item]) -> list[Item]:
    """Leave out reasoning that led to nothing, as in a reply that was cut off: the vendor refuses it."""
    kept: list[Item] = []
    led_on = False
    for item in reversed(items):
        if not isinstance(item, Thought):
            led_on = isinstance(item, Said | Call)
        if led_on or not isinstance(item, Thought):
            kept.append(item)
    return kept[::-1]


def _sent(item: Item) -> JsonValue:
    match item:
        case Told():
            return {"type": "message", "role": "user", "content": item.text}
        case Said():
            return {"type": "message", "role": "assistant", "content": item.text}
        case Call():
            return {
                "type": "function_call",
                "call_id": item.id,
                "name": name_sendable(item.name),
                "arguments": sendable(item.arguments),
            }
        case Output():
            return {"type": "function_call_output", "call_id": item.call_id, "output": item.text}
        case Thought():
            sealed: JsonValue = json.loads(item.sealed)
            return sealed


def reply(found: Json, request: Request) -> Reply:
    """Read a reply. Raises Unreadable."""
    if not isinstance(found.get("output"), list):
        if _is_about_paths(found):
            raise WireUnknown("an error in place of a reply")
        demand_no_error(found)
        raise Unreadable("a reply without output")
    items: list[Item] = []
    ended = _ended(found)
    for entry in mappings(found.get("output")):
        match entry.get("type"):
            case "message":
                parts = mappings(entry.get("content"))
                said = "".join(text(part.get("text")) or text(part.get("refusal")) for part in parts)
                if any(part.get("type") == "refusal" for part in parts):
                    ended = Ended.FILTERED
                items += [Said(text=said)] if said else []
            case "function_call":
                items.append(
                    Call(
                        id=text(entry.get("call_id")) or text(entry.get("id")),
                        name=text(entry.get("name")),
                        arguments=arguments(entry.get("arguments")),
                    )
                )
            case "reasoning" if entry.get("encrypted_content"):
                # What is not sealed stands only in the server's memory, which we ask it not to have.
                kept = {name: entry[name] for name in THOUGHT if name in entry}
                items.append(Thought(sealed=json.dumps({"summary": []} | kept)))
            case _:
                continue
    return replied(found, request, items, ended, given="input_tokens", made="output_tokens")


def _is_about_paths(found: Json) -> bool:
    """Recognise servers that answer to an unknown path with 200 and an error."""
    error = found.get("error")
    return "endpoint" in (text(error) or text(mapping(error).get("message"))).lower()


def _ended(found: Json) -> Ended:
    if found.get("status") in ("failed", "cancelled"):
        why = text(mapping(found.get("error")).get("message"))
        # Whole: what is cut before the key is taken out may end with half of it.
        raise Unreadable(f"a reply that {found.get('status')}: {why}")
    if found.get("status") != "incomplete":
        return Ended.COMPLETE
    why = text(mapping(found.get("incomplete_details")).get("reason"))
    return Ended.FILTERED if why == "content_filter" else Ended.CUT_OFF
