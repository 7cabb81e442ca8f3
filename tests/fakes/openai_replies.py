"""How the stand-in for OpenAI counts tokens, and writes a reply on each wire."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import bpe_openai
from pydantic import JsonValue

from tests.fakes.openai_checks import Json
from tests.fakes.openai_script import Step, arguments, entries

FRAME = 4
"""Tokens around each message."""


@cache
def _tokenizer() -> bpe_openai.Encoding:
    return bpe_openai.get_encoding("o200k_base")


@lru_cache(maxsize=20_000)
def count(text: str) -> int:
    """Count the tokens of a text; histories only grow, so most texts were counted before."""
    return len(_tokenizer().encode_ordinary(text.encode("utf-8", "replace").decode()))


@dataclass(frozen=True)
class Counted:
    """The true tokens of one reply."""

    input: int
    cached: int
    cache_written: int
    output: int
    reasoning: int

    @classmethod
    def of(cls, step: Step, body: Json, cached: int) -> Counted:
        """Count by the tokenizer what the script leaves open; no reply is longer than its request allows."""
        given = step.input if step.input is not None else _asked(body)
        made = step.output
        if made is None:
            called = sum(count(call.name + str(arguments(call))) + FRAME for call in step.calls)
            made = count(step.text) + called + step.reasoning + FRAME
        limit = next(
            body[name]
            for name in ("max_output_tokens", "max_completion_tokens", "max_tokens", "model")
            if name in body
        )
        # Only a lenient server takes a request without a limit.
        limit = limit if isinstance(limit, int) else made
        counted = cls(
            given, cached if step.cached is None else step.cached, step.cache_written, made, step.reasoning
        )
        counted = replace(counted, cached=min(counted.cached, given), output=min(made, limit))
        return replace(
            counted,
            cache_written=min(counted.cache_written, given - counted.cached),
            reasoning=min(counted.reasoning, counted.output),
        )


def _asked(body: Json) -> int:
    """Count what a request shows to the model: the words without the wire's syntax, and the tools as JSON."""
    shown = [str(body.get("instructions", "")), json.dumps(body.get("tools", []), ensure_ascii=False)]
    for entry in entries(body):
        for name in ("content", "output", "arguments", "name", "encrypted_content"):
            shown += [str(entry[name])] if entry.get(name) else []
        calls = entry.get("tool_calls")
        shown += [json.dumps(call.get("function")) for call in calls] if isinstance(calls, list) else []  # type: ignore[union-attr]
    return sum(count(text) + FRAME for text in shown)


def responses_body(step: Step, body: Json, counted: Counted, tier: str | None, number: int) -> JsonValue:
    """Write a reply of the Responses wire."""
    output: list[JsonValue] = []
    if step.thought:
        sealed: dict[str, JsonValue] = {"summary": [], "encrypted_content": step.thought}
        output.append({"type": "reasoning", "id": f"rs_{number}", **sealed})
    if step.text:
        kind = "refusal" if step.ended == "refused" else "output_text"
        part: dict[str, JsonValue] = {"type": kind, "refusal" if kind == "refusal" else "text": step.text}
        message: dict[str, JsonValue] = {"type": "message", "id": f"msg_{number}", "role": "assistant"}
        output.append({**message, "status": "completed", "content": [part]})
    for at, call in enumerate(step.calls):
        named = {"id": f"fc_{number}_{at}", "call_id": _id(call.id, number, at), "name": call.name}
        output.append({"type": "function_call", **named, "arguments": arguments(call), "status": "completed"})
    reasons = {"cut_off": "max_output_tokens", "filtered": "content_filter"}
    reason = reasons.get(step.ended)
    whole: dict[str, JsonValue] = {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "error": None,
        "model": body["model"],
        "output": output,
    }
    return whole | _told(step, tier, counted, ("input_tokens", "output_tokens"))


def chat_body(step: Step, body: Json, counted: Counted, tier: str | None, number: int) -> JsonValue:
    """Write a reply of the Chat Completions wire."""
    refused = step.ended == "refused"
    message: dict[str, JsonValue] = {"role": "assistant", "content": None if refused else step.text or None}
    message |= {"refusal": step.text} if refused else {}
    if step.calls:
        message["tool_calls"] = [
            {
                "id": _id(call.id, number, at),
                "type": "function",
                "function": {"name": call.name, "arguments": arguments(call)},
            }
            for at, call in enumerate(step.calls)
        ]
    usual = "tool_calls" if step.calls else "stop"
    reason = {"cut_off": "length", "filtered": "content_filter"}.get(step.ended, usual)
    whole: dict[str, JsonValue] = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
    }
    return whole | _told(step, tier, counted, ("prompt_tokens", "completion_tokens"))


def _id(given: str | None, number: int, at: int) -> str:
    return f"call_{number}_{at}" if given is None else given


def _told(step: Step, tier: str | None, counted: Counted, names: tuple[str, str]) -> dict[str, JsonValue]:
    """Write the tier and the usage as the script wants them told."""
    told: dict[str, JsonValue] = {"service_tier": tier} if tier is not None else {}
    if step.hides_usage:
        return told
    given, made = names
    usage: dict[str, JsonValue] = {
        given: counted.input,
        made: counted.output,
        "total_tokens": counted.input + counted.output,
        f"{given}_details": {"cached_tokens": counted.cached, "cache_write_tokens": counted.cache_written},
        f"{made}_details": {"reasoning_tokens": counted.reasoning},
    }
    return told | {"usage": None if step.nulls_usage else usage if step.usage is None else step.usage}
