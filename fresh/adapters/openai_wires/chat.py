"""The Chat Completions wire, which nearly every server of models speaks."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from fresh.adapters.openai_wires.shapes import (
    Json,
    Unreadable,
    arguments,
    mapping,
    mappings,
    name_sendable,
    replied,
    sendable,
    text,
)
from fresh.domain.conversation import Call, Ended, Item, Output, Reply, Request, Said, Thought, Told

PATH = "/chat/completions"

ENDINGS = {"length": Ended.CUT_OFF, "content_filter": Ended.FILTERED}


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
        raise Unreadable("a reply without a choice")
    message = mapping(choices[0].get("message"))
    items: list[Item] = []
    ended = ENDINGS.get(text(choices[0].get("finish_reason")), Ended.COMPLETE)
    said = _said(message.get("content"))
    if refusal := text(message.get("refusal")):
        said, ended = said or refusal, Ended.FILTERED
    items += [Said(text=said)] if said else []
    for call in mappings(message.get("tool_calls")):
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
    if isinstance(content, str):
        return text(content)
    return "".join(text(part.get("text")) for part in mappings(content))
