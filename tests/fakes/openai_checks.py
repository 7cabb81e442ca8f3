"""What a strict vendor refuses: unknown fields, results without calls, calls without results, no limit on the output."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from pydantic import JsonValue

Json: TypeAlias = Mapping[str, JsonValue]

TIERS = ("auto", "default", "flex", "priority")
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
LONGEST_CALL_ID = 64

RESPONSES_PLAIN = {
    "model",
    "instructions",
    "input",
    "tools",
    "max_output_tokens",
    "store",
    "parallel_tool_calls",
    "temperature",
    "text",
}
RESPONSES_OPENAI = {"include", "service_tier", "truncation", "prompt_cache_key", "reasoning", "metadata"}
CHAT_PLAIN = {"model", "messages", "tools", "max_tokens", "temperature", "stream", "response_format"}
CHAT_OPENAI = {
    *("model", "messages", "tools", "max_completion_tokens", "temperature", "response_format"),
    *("service_tier", "store", "parallel_tool_calls", "prompt_cache_key", "reasoning_effort", "metadata"),
}


class Refused(Exception):
    """The server says no, with a status, a code and a sentence."""

    def __init__(self, message: str, *, status: int = 400, code: str | None = None, param: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.param = status, code, param


def check_responses(body: Json, *, openai: bool) -> None:
    """Judge a request on the Responses wire. Raises Refused."""
    _fields(body, RESPONSES_PLAIN | (RESPONSES_OPENAI if openai else set()), {"model", "input"}, "")
    _limit(body.get("max_output_tokens"), "max_output_tokens", least=16)
    _tools(body.get("tools", []), inside=None)
    if openai:
        _openais(body)
        if body.get("truncation", "disabled") != "disabled":
            raise Refused("This stand-in allows no truncation.", param="truncation")
        if body.get("include", []) != ["reasoning.encrypted_content"]:
            raise Refused("Without a store, reasoning must be asked for sealed.", param="include")
    if body.get("store") is not False:
        raise Refused("This stand-in stores nothing: `store` must be false.", param="store")
    _responses_items(_objects(body["input"], "input"))


def _responses_items(items: list[Json]) -> None:
    open_calls: dict[str, str] = {}
    seen: set[str] = set()
    for at, item in enumerate(items):
        param = f"input[{at}]"
        match item.get("type"):
            case "message":
                _fields(item, {"type", "role", "content", "id", "status"}, {"role", "content"}, param)
                # The model may speak after it called a tool, in one and the same reply.
                if item["role"] != "assistant":
                    _closed(open_calls, param)
                _role(item["role"], ("user", "assistant", "system", "developer"), param)
                _text(item["content"], f"{param}.content")
            case "function_call":
                wanted = {"type", "call_id", "name", "arguments"}
                _fields(item, wanted | {"id", "status"}, wanted, param)
                _call(item["call_id"], item["name"], item["arguments"], seen, param)
                open_calls[str(item["call_id"])] = param
            case "function_call_output":
                wanted = {"type", "call_id", "output"}
                _fields(item, wanted | {"id", "status"}, wanted, param)
                _result(item["call_id"], open_calls, param)
                _text(item["output"], f"{param}.output")
            case "reasoning":
                wanted = {"type", "id", "summary", "encrypted_content"}
                _fields(item, wanted | {"content"}, wanted, param)
            case other:
                raise Refused(
                    f"Invalid value: {other!r}. An input item needs its type.",
                    code="invalid_value",
                    param=param,
                )
    _closed(open_calls, "input")
    if not items:
        raise Refused("An empty input asks nothing.", param="input")


def check_chat(body: Json, *, openai: bool) -> None:
    """Judge a request on the Chat Completions wire. Raises Refused."""
    if openai and "max_tokens" in body:
        raise Refused(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            code="unsupported_parameter",
            param="max_tokens",
        )
    limit = "max_completion_tokens" if openai else "max_tokens"
    _fields(body, CHAT_OPENAI if openai else CHAT_PLAIN, {"model", "messages"}, "")
    _limit(body.get(limit), limit, least=1)
    _tools(body.get("tools", []), inside="function")
    if openai:
        _openais(body)
    _messages(_objects(body["messages"], "messages"))


def _messages(messages: list[Json]) -> None:
    open_calls: dict[str, str] = {}
    seen: set[str] = set()
    for at, message in enumerate(messages):
        param = f"messages[{at}]"
        match message.get("role"):
            case "system" | "developer" | "user":
                _fields(message, {"role", "content", "name"}, {"role", "content"}, param)
                _closed(open_calls, param)
                _text(message["content"], f"{param}.content")
            case "assistant":
                _fields(message, {"role", "content", "tool_calls", "refusal"}, {"role"}, param)
                _closed(open_calls, param)
                _assistant(message, open_calls, seen, param)
            case "tool":
                wanted = {"role", "tool_call_id", "content"}
                _fields(message, wanted, wanted, param)
                _result(message["tool_call_id"], open_calls, param)
                _text(message["content"], f"{param}.content")
            case other:
                raise Refused(f"Invalid value: {other!r}.", code="invalid_value", param=f"{param}.role")
    _closed(open_calls, "messages")
    if not any(message.get("role") != "system" for message in messages):
        raise Refused("Messages without a question ask nothing.", param="messages")


def _assistant(message: Json, open_calls: dict[str, str], seen: set[str], param: str) -> None:
    if message.get("content") is not None:
        _text(message["content"], f"{param}.content")
    elif not message.get("tool_calls"):
        raise Refused("An assistant's message needs content or tool calls.", param=param)
    for call in _objects(message.get("tool_calls", []), f"{param}.tool_calls"):
        _fields(call, {"id", "type", "function"}, {"id", "type", "function"}, param)
        called = call["function"]
        if not isinstance(called, dict):
            raise Refused("A function must be an object.", param=param)
        _fields(called, {"name", "arguments"}, {"name", "arguments"}, param)
        _call(call["id"], called["name"], called["arguments"], seen, param)
        open_calls[str(call["id"])] = param


def _openais(body: Json) -> None:
    if body.get("service_tier") not in TIERS:
        raise Refused(f"Invalid service_tier: {body.get('service_tier')!r}.", param="service_tier")
    key = body.get("prompt_cache_key", "k")
    if not isinstance(key, str) or not 0 < len(key) <= 64:
        raise Refused("A prompt_cache_key has 1 to 64 characters.", param="prompt_cache_key")


def _fields(given: Json, known: set[str], needed: set[str], param: str) -> None:
    where = f"{param}." if param else ""
    if unknown := sorted(set(given) - known):
        raise Refused(
            f"Unknown parameter: '{where}{unknown[0]}'.", code="unknown_parameter", param=where + unknown[0]
        )
    if missing := sorted(needed - set(given)):
        raise Refused(
            f"Missing required parameter: '{where}{missing[0]}'.",
            code="missing_required_parameter",
            param=where + missing[0],
        )


def _limit(given: JsonValue, param: str, least: int) -> None:
    if not isinstance(given, int) or isinstance(given, bool) or given < least:
        raise Refused(f"'{param}' must be a whole number of at least {least}, not {given!r}.", param=param)


def _tools(given: JsonValue, inside: str | None) -> None:
    names = set()
    for at, tool in enumerate(_objects(given, "tools")):
        param = f"tools[{at}]"
        if tool.get("type") != "function":
            raise Refused(f"Invalid tool type: {tool.get('type')!r}.", param=param)
        function: JsonValue = tool.get(inside) if inside else {k: v for k, v in tool.items() if k != "type"}
        if not isinstance(function, dict):
            raise Refused("A tool needs its function.", param=param)
        if inside:
            _fields(tool, {"type", inside}, {"type", inside}, param)
        _fields(
            function,
            {"name", "description", "parameters", "strict"},
            {"name", "description", "parameters"},
            param,
        )
        name, parameters = function["name"], function["parameters"]
        if not isinstance(name, str) or not NAME.match(name) or name in names:
            raise Refused(f"Invalid or repeated name of a function: {name!r}.", param=param)
        names.add(name)
        if not isinstance(parameters, dict) or parameters.get("type") != "object":
            raise Refused(f"Invalid schema for function '{name}': it must be of type object.", param=param)


def _objects(given: JsonValue, param: str) -> list[Json]:
    if not isinstance(given, list) or not all(isinstance(entry, dict) for entry in given):
        raise Refused(f"'{param}' must be a list of objects.", code="invalid_type", param=param)
    return [entry for entry in given if isinstance(entry, dict)]


def _role(given: JsonValue, known: Sequence[JsonValue], param: str) -> None:
    if given not in known:
        raise Refused(f"Invalid value: {given!r}.", code="invalid_value", param=f"{param}.role")


def _text(given: JsonValue, param: str) -> None:
    if not isinstance(given, str):
        raise Refused(f"'{param}' must be a text.", code="invalid_type", param=param)


def _call(call_id: JsonValue, name: JsonValue, arguments: JsonValue, seen: set[str], param: str) -> None:
    if not isinstance(call_id, str) or not 0 < len(call_id) <= LONGEST_CALL_ID or call_id in seen:
        raise Refused(f"Invalid or repeated id of a call: {call_id!r}.", param=param)
    if not isinstance(name, str) or not NAME.match(name):
        raise Refused(f"Invalid name of a function: {name!r}.", param=param)
    if not isinstance(arguments, str):
        raise Refused("Arguments must be a text.", code="invalid_type", param=param)
    seen.add(call_id)


def _result(call_id: JsonValue, open_calls: dict[str, str], param: str) -> None:
    if not isinstance(call_id, str) or open_calls.pop(call_id, None) is None:
        raise Refused(f"No tool call found for function call output with call_id {call_id}.", param=param)


def _closed(open_calls: dict[str, str], param: str) -> None:
    for call_id in open_calls:
        raise Refused(f"No tool output found for function call {call_id}.", param=param)
