"""The Chat Completions wire, which nearly every server of models speaks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import JsonValue

from fresh.adapters.openai_wires.shapes import (
    SHAPE,
    Json,
    Unreadable,
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

PATH = "/chat/completions"

ENDINGS = {
    "length": Ended.CUT_OFF,
    "max_tokens": Ended.CUT_OFF,
    "model_length": Ended.CUT_OFF,
    "content_filter": Ended.FILTERED,
    "safety": Ended.FILTERED,
    "sensitive": Ended.FILTERED,
    "refusal": Ended.FILTERED,
}
"""Why a reply ended, as servers name it; what is not listed is a whole reply."""
BROKEN = frozenset({"error", "abort", "cancelled", "insufficient_system_resource"})
"""Endings of a reply that its server itself did not finish."""
_THOUGHT = re.compile(r"\A\s*<think(?:ing)?>.*?(?:</think(?:ing)?>\s*|\Z)", re.DOTALL)
"""Reasoning that a server left in the words: it is no answer, and would be paid again with every request."""
_CLOSING = re.compile(r"^[ \t]*</think(?:ing)?>[ \t]*$", re.MULTILINE)
"""Its end, where a template has written its beginning, which is no part of the reply then."""


def body(request: Request, *, is_openai: bool) -> dict[str, JsonValue]:
    """Write a request. OpenAI's reasoning models refuse `max_tokens`, and older servers know nothing else."""
    written: dict[str, JsonValue] = {
        "model": request.model,
        "messages": [{"role": "system", "content": request.instructions}, *_messages(request.items)],
        "max_completion_tokens" if is_openai else "max_tokens": request.max_output_tokens,
    }
    if request.tools:
        written["tools"] = [
            {"type": "function", "function": tool.model_dump(mode="json")} for tool in request.tools
        ]
    if request.shape:
        named: dict[str, JsonValue] = {"name": SHAPE, "schema": request.shape}
        written["response_format"] = {"type": "json_schema", "json_schema": named}
    if is_openai:
        written |= {"service_tier": request.tier.value, "store": False}
        if request.tools:
            written["parallel_tool_calls"] = False
        if request.cache_key:
            written["prompt_cache_key"] = request.cache_key
    return written


def _messages(items: Sequence[Item]) -> list[JsonValue]:
    """Write a conversation; what the model said and called in one breath is one message."""
    messages: list[dict[str, JsonValue]] = []
    for item in items:
        match item:
            case Told():
                messages.append({"role": "user", "content": item.text})
            case Output():
                messages.append({"role": "tool", "tool_call_id": item.call_id, "content": item.text})
            case Thought():
                continue
            case Said() | Call():
                if not messages or messages[-1]["role"] != "assistant":
                    messages.append({"role": "assistant", "content": None})
                _add(messages[-1], item)
    return list(messages)


def _add(message: dict[str, JsonValue], item: Said | Call) -> None:
    if isinstance(item, Said):
        message["content"] = f"{message['content'] or ''}{item.text}"
        return
    calls = message.setdefault("tool_calls", [])
    assert isinstance(calls, list)
    calls.append(
        {
            "id": item.id,
            "type": "function",
            "function": {"name": name_sendable(item.name), "arguments": sendable(item.arguments)},
        }
    )


def reply(found: Json, request: Request) -> Reply:
    """Read a reply. Raises Unreadable."""
    choices = mappings(found.get("choices"))
    if not choices:
        demand_no_error(found)
        raise Unreadable("a reply without a choice")
    demand_no_error(choices[0])
    message = mapping(choices[0].get("message"))
    items: list[Item] = []
    why = text(choices[0].get("finish_reason")).lower()
    if why in BROKEN:
        raise Unreadable(f"a reply that ended with {why!r}")
    ended = ENDINGS.get(why, Ended.COMPLETE)
    said = _said(message.get("content"))
    if refusal := text(message.get("refusal")):
        said, ended = said or refusal, Ended.FILTERED
    items += [Said(text=said)] if said else []
    for call in mappings(message.get("tool_calls")) or _older(message):
        called = mapping(call.get("function"))
        items.append(
            Call(
                id=text(call.get("id")),
                name=text(called.get("name")),
                arguments=arguments(called.get("arguments")),
            )
        )
    return replied(found, request, items, ended, given="prompt_tokens", made="completion_tokens")


def _said(content: JsonValue) -> str:
    """Read a message's text; some servers give it in parts."""
    parts = [text(part.get("text")) for part in mappings(content)]
    said = text(content) or "".join(parts)
    closing = _CLOSING.search(said)
    if closing is not None and "<think" not in said[: closing.start()]:
        return said[closing.end() :].lstrip()
    return _THOUGHT.sub("", said)


def _older(message: Json) -> list[Json]:
    """Read the one call of servers that still speak as the wire did in its beginning."""
    called = message.get("function_call")
    return [{"function": called}] if isinstance(called, dict) else []
