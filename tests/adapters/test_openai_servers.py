"""Servers that say they are compatible: what each of them refuses or sends otherwise has an outcome of its own."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from pydantic import JsonValue

from fresh.adapters.openai_model import OpenAIModel, Wire
from fresh.domain.conversation import Call, Ended, Item, Output, Reply, Request, Said, Tier, Told, Tool
from fresh.errors import FreshError, Lacking, ModelRefused, ModelUnclear
from tests.fakes.openai_checks import Json
from tests.fakes.openai_script import Asked, Called, Step
from tests.fakes.openai_server import Rules, Script, serving

READ = Tool(
    name="read_file",
    description="Read a file.",
    parameters={"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)
SHAPE: dict[str, JsonValue] = {"type": "object", "properties": {"tool": {"type": "string"}}}
TOLD = Told(text="Go on.")
TALK: tuple[Item, ...] = (
    Told(text="Here is the repository."),
    Told(text="Here is your task."),
    Call(id="c1", name="read_file", arguments='{"path": "a.py"}'),
    Output(call_id="c1", text="x = 1"),
    Told(text="Three requests are left."),
)


def asking(*items: Item, **more: object) -> Request:
    fields = {"model": "m", "instructions": "Be brief.", "max_output_tokens": 100, "seconds": 20}
    return Request.model_validate({**fields, "items": items or (TOLD,), **more})


@dataclass
class Picky:
    """A server that refuses some requests; every other one gets `ok`."""

    refuses: Callable[[Json], object]
    step: Step
    bodies: list[Json] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Step:
        self.bodies.append(asked.body)
        return self.step if self.refuses(asked.body) else Step(text="ok")


def error(status: int, words: str, **more: JsonValue) -> Step:
    return Step(status=status, error={"message": words, **more})


def tried(brain: Picky, wire: Wire, request: Request, *, is_openai: bool = False) -> Reply:
    """Ask as the meter does: again, for as long as a refusal says that it can help."""
    with serving(Rules(brain, lenient=True)) as server:
        model = OpenAIModel(base_url=server.url, api_key="k", wire=wire, is_openai=is_openai)
        for _ in range(7):
            try:
                return model.send(request, "r")
            except ModelRefused as no:
                if not no.retryable or no.wait != 0.0:
                    raise
    raise AssertionError("it was refused again and again")


# ------------------------------------------------------------------------------------------ fields that aren't known


@pytest.mark.parametrize(
    ("wire", "is_openai", "name", "step"),
    [
        (Wire.CHAT, True, "parallel_tool_calls", error(400, "Unknown parameter: 'parallel_tool_calls'.", param="parallel_tool_calls")),
        (Wire.CHAT, True, "parallel_tool_calls", error(400, "litellm.UnsupportedParamsError: m does not support parameters: ['parallel_tool_calls']", code="400")),
        (Wire.RESPONSES, False, "parallel_tool_calls", Step(status=422, error={"detail": [{"type": "extra_forbidden", "loc": ["body", "parallel_tool_calls"], "msg": "Extra inputs are not permitted"}]})),
        (Wire.RESPONSES, False, "parallel_tool_calls", Step(status=400, error="json: unknown field \"parallel_tool_calls\"")),
        (Wire.RESPONSES, False, "store", error(400, "Unknown parameter: 'store'.")),
        (Wire.RESPONSES, True, "include", error(400, "Encrypted content is not supported with this model.", param="include")),
        (Wire.RESPONSES, True, "prompt_cache_key", error(400, "Unrecognized request argument supplied: prompt_cache_key")),
        (Wire.RESPONSES, True, "truncation", error(400, "Unknown parameter", param="truncation")),
        (Wire.CHAT, False, "response_format", error(400, "'response_format.type' must be 'text'")),
        (Wire.CHAT, False, "response_format", error(400, "Invalid parameter: json_schema is not supported with this model.")),
        (Wire.RESPONSES, False, "text", error(400, "json_schema is unavailable")),
    ],
)  # fmt: skip
def test_a_field_that_a_server_does_not_take_is_left_out_from_then_on(
    wire: Wire, is_openai: bool, name: str, step: Step
) -> None:
    brain = Picky(lambda body: name in body, step)
    request = asking(tools=[READ], shape=SHAPE, cache_key="a")

    assert tried(brain, wire, request, is_openai=is_openai).text == "ok"
    first, last = brain.bodies[0], brain.bodies[-1]
    assert len(brain.bodies) == 2
    assert set(first) - set(last) == {name}
    assert {key: first[key] for key in last} == dict(last)


@pytest.mark.parametrize(
    ("is_openai", "refused", "taken", "step"),
    [
        (False, "max_tokens", "max_completion_tokens",
         error(400, "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", param="max_tokens")),
        (True, "max_completion_tokens", "max_tokens",
         Step(status=422, error={"detail": [{"type": "extra_forbidden", "loc": ["body", "max_completion_tokens"], "msg": "Extra inputs are not permitted"}]})),
    ],
)  # fmt: skip
def test_the_limit_of_a_reply_takes_its_other_name_and_is_never_left_out(
    is_openai: bool, refused: str, taken: str, step: Step
) -> None:
    brain = Picky(lambda body: refused in body, step)
    with serving(Rules(brain, lenient=True)) as server:
        model = OpenAIModel(base_url=server.url, api_key="k", wire=Wire.CHAT, is_openai=is_openai)
        with pytest.raises(ModelRefused, match="asked otherwise from now on"):
            model.send(asking(), "r1")
        assert model.send(asking(), "r2").text == "ok"
    assert brain.bodies[1][taken] == 100
    assert refused not in brain.bodies[1]


def test_a_limit_that_is_too_large_is_not_renamed() -> None:
    words = "max_tokens is too large: 100. This model supports at most 64 completion tokens."
    brain = Picky(lambda body: True, error(400, words))
    with pytest.raises(ModelRefused, match="at most 64"):
        tried(brain, Wire.CHAT, asking())
    assert len(brain.bodies) == 1


@pytest.mark.parametrize("name", ["store", "service_tier"])
def test_what_keeps_a_conversation_private_or_cheap_is_never_left_out_at_openai(name: str) -> None:
    brain = Picky(lambda body: name in body, error(400, f"Unknown parameter: '{name}'.", param=name))
    with pytest.raises(ModelRefused):
        tried(brain, Wire.RESPONSES, asking(), is_openai=True)
    assert len(brain.bodies) == 1


def test_several_things_are_learnt_one_after_the_other_and_only_for_their_model() -> None:
    def refuses(body: Json) -> bool:
        return "response_format" in body or _roles(body)[0] == "system" or _twice(_roles(body))

    def step(body: Json) -> Step:
        if "response_format" in body:
            return error(400, "Unknown parameter: 'response_format'")
        if _roles(body)[0] == "system":
            return error(400, "System role not supported")
        return error(400, "Conversation roles must alternate user/assistant/user/assistant/...")

    bodies: list[Json] = []

    def brain(asked: Asked) -> Step:
        bodies.append(asked.body)
        return step(asked.body) if refuses(asked.body) and asked.body["model"] == "m" else Step(text="ok")

    with serving(Rules(brain, plain=True)) as server:
        model = OpenAIModel(base_url=server.url, api_key="k", wire=Wire.CHAT)
        for _ in range(3):
            with pytest.raises(ModelRefused, match="asked otherwise"):
                model.send(asking(*TALK, shape=SHAPE), "r")
        assert model.send(asking(*TALK, shape=SHAPE), "r").text == "ok"
        assert model.send(asking(*TALK, shape=SHAPE, model="other"), "r").text == "ok"
    assert "response_format" in bodies[-1]
    assert _roles(bodies[-1])[0] == "system"


# ------------------------------------------------------------------------------------------------ roles and templates


def _roles(body: Json) -> list[str]:
    found = body.get("messages", body.get("input"))
    assert isinstance(found, list)
    return [str(entry.get("role", entry.get("type"))) for entry in found if isinstance(entry, dict)]


def _twice(roles: Sequence[str]) -> bool:
    said = [role for role in roles if role != "system"]
    outputs = ("tool", "function_call_output")
    return any(
        one == other == "user" or (one in outputs and other == "user") for one, other in pairwise(said)
    )


@pytest.mark.parametrize("wire", Wire)
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "Conversation roles must alternate user/assistant/user/assistant/..."),
        (
            400,
            "After the optional system message, conversation roles must alternate user and assistant roles",
        ),
        (400, "Unexpected role 'user' after role 'tool'"),
        (500, "Error rendering jinja template: Conversation roles must alternate user/assistant"),
    ],
)
def test_a_template_in_which_roles_alternate_gets_them_so(wire: Wire, status: int, words: str) -> None:
    brain = Picky(lambda body: _twice(_roles(body)), error(status, words))

    assert tried(brain, wire, asking(*TALK)).text == "ok"
    assert len(brain.bodies) == 2
    shown = json.dumps(brain.bodies[-1])
    for text in ("Here is the repository.", "Here is your task.", "x = 1", "Three requests are left."):
        assert shown.count(text) == 1


@pytest.mark.parametrize("wire", Wire)
@pytest.mark.parametrize(
    "words", ["System role not supported", "This model does not support the system role.", "system messages are not allowed"]
)  # fmt: skip
def test_a_template_without_a_system_gets_the_instructions_with_our_first_words(
    wire: Wire, words: str
) -> None:
    brain = Picky(lambda body: "system" in _roles(body) or "instructions" in body, error(400, words))

    assert tried(brain, wire, asking(*TALK)).text == "ok"
    entry = next(one for one in _objects(brain.bodies[-1]) if one.get("role") == "user")
    assert entry["content"] == "Be brief.\n\nHere is the repository."


def _objects(body: Json) -> list[Json]:
    found = body.get("messages", body.get("input"))
    assert isinstance(found, list)
    return [entry for entry in found if isinstance(entry, dict)]


def test_a_template_that_nothing_satisfies_is_refused_in_its_words() -> None:
    brain = Picky(lambda body: True, error(500, "Conversation roles must alternate user/assistant/..."))
    with pytest.raises(ModelRefused, match="can't show the conversation to this model"):
        tried(brain, Wire.CHAT, asking(*TALK))
    assert len(brain.bodies) == 2


# -------------------------------------------------------------------------------------------- what a server can't do


@pytest.mark.parametrize("wire", Wire)
@pytest.mark.parametrize(
    "step",
    [
        error(400, "registry.ollama.ai/library/gemma3:270m does not support tools", type="api_error"),
        error(400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
        error(404, "No endpoints found that support tool use. To learn more, see our docs", code=404),
        error(
            400, "litellm.UnsupportedParamsError: ollama does not support parameters: ['tools'], for model=m"
        ),
        error(400, "`tool calling` is not supported with this model"),
        error(500, "tools param requires --jinja flag", type="server_error"),
        error(422, "Unknown parameter", param="tools"),
        Step(
            status=422, error={"detail": [{"type": "extra_forbidden", "loc": ["body", "tools"], "msg": "no"}]}
        ),
    ],
)
def test_a_model_without_tools_is_known_by_its_refusal(wire: Wire, step: Step) -> None:
    no = _trouble(step, wire, asking(tools=[READ]))
    assert isinstance(no, ModelRefused)
    assert no.lacks is Lacking.TOOLS
    assert "FRESH_TOOLS" in no.hint


def test_words_about_tools_mean_nothing_where_none_were_sent() -> None:
    no = _trouble(error(400, "m does not support tools"), Wire.CHAT, asking())
    assert isinstance(no, ModelRefused)
    assert no.lacks is None


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 8192 tokens. However, you requested 20000 tokens (3616 in the messages, 16384 in the completion).",
        "'max_tokens' or 'max_completion_tokens' is too large: 16384. This model's maximum context length is 8192 tokens.",
        "the request exceeds the available context size (8192 tokens), try increasing it",
        "Requested tokens (9000) exceed context window of 8192",
    ],
)
def test_a_context_without_room_is_known_by_its_refusal(words: str) -> None:
    no = _trouble(error(400, words), Wire.CHAT, asking())
    assert isinstance(no, ModelRefused)
    assert no.lacks is Lacking.ROOM
    assert not no.retryable


@pytest.mark.parametrize(
    ("step", "retryable"),
    [
        (Step(status=429, headers={"Retry-After": "7"}, error={"message": "Resource unavailable", "code": "resource_unavailable"}), True),
        (error(400, "Flex is not available for this model.", param="service_tier"), False),
        (error(400, "Invalid service_tier argument", param="service_tier"), False),
    ],
)  # fmt: skip
def test_a_flex_tier_that_is_full_or_absent_is_known_by_its_refusal(step: Step, retryable: bool) -> None:
    no = _trouble(step, Wire.RESPONSES, asking(tier=Tier.FLEX), is_openai=True)
    assert isinstance(no, ModelRefused)
    assert (no.lacks, no.retryable) == (Lacking.FLEX, retryable)
    assert no.wait == (7 if retryable else None)
    assert "FRESH_FLEX_FALLBACK" in no.hint


def test_a_limited_rate_is_no_full_flex_tier() -> None:
    step = Step(status=429, error={"message": "Rate limit reached", "code": "rate_limit_exceeded"})
    no = _trouble(step, Wire.RESPONSES, asking(tier=Tier.FLEX), is_openai=True)
    assert isinstance(no, ModelRefused)
    assert (no.lacks, no.retryable) == (None, True)


def test_a_model_of_the_chat_wire_alone_moves_to_it() -> None:
    words = "This model is only supported in v1/chat/completions and not in v1/responses."
    brain = Picky(lambda body: "input" in body, error(400, words))
    with serving(Rules(brain, plain=True)) as server:
        model = OpenAIModel(base_url=server.url, api_key="k")
        with pytest.raises(ModelRefused, match="Chat Completions is used from now on"):
            model.send(asking(), "r1")
        assert model.send(asking(), "r2").text == "ok"


def _trouble(step: Step, wire: Wire, request: Request, *, is_openai: bool = False) -> FreshError:
    with serving(Rules(Script.of(step), plain=not is_openai)) as server:
        model = OpenAIModel(base_url=server.url, api_key="k", wire=wire, is_openai=is_openai)
        with pytest.raises((ModelRefused, ModelUnclear)) as raised:
            model.send(request, "r")
    return raised.value


# ------------------------------------------------------------------------------------------ replies of another kind


def chat_reply(message: Json, finish: JsonValue = "stop", **more: JsonValue) -> Step:
    choice: JsonValue = {"index": 0, "message": dict(message), "finish_reason": finish}
    return Step(
        whole={"id": "x", "choices": [choice], "usage": {"prompt_tokens": 5, "completion_tokens": 5}, **more}
    )


def told(step: Step, wire: Wire = Wire.CHAT) -> Reply:
    with serving(Rules(Script.of(step), plain=True)) as server:
        return OpenAIModel(base_url=server.url, api_key="k", wire=wire).send(asking(tools=[READ]), "r")


@pytest.mark.parametrize(
    ("finish", "ended"),
    [
        ("stop", Ended.COMPLETE),
        ("tool_calls", Ended.COMPLETE),
        ("function_call", Ended.COMPLETE),
        ("eos", Ended.COMPLETE),
        ("end_turn", Ended.COMPLETE),
        (None, Ended.COMPLETE),
        ("", Ended.COMPLETE),
        (7, Ended.COMPLETE),
        ("length", Ended.CUT_OFF),
        ("MAX_TOKENS", Ended.CUT_OFF),
        ("model_length", Ended.CUT_OFF),
        ("content_filter", Ended.FILTERED),
        ("SAFETY", Ended.FILTERED),
    ],
)
def test_every_ending_has_a_meaning(finish: JsonValue, ended: Ended) -> None:
    assert told(chat_reply({"content": "hello"}, finish)).ended is ended


@pytest.mark.parametrize("finish", ["error", "abort", "insufficient_system_resource"])
def test_a_reply_that_its_server_broke_off_is_unclear(finish: str) -> None:
    with pytest.raises(ModelUnclear, match=f"ended with '{finish}'") as raised:
        told(chat_reply({"content": "hel"}, finish))
    assert raised.value.retryable


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]}, "one two"),
        ({"content": None, "reasoning_content": "I think so."}, ""),
        ({"content": "", "reasoning": "I think so."}, ""),
        ({"content": "<think>read_file? no.</think>\n\nYes."}, "Yes."),
        ({"content": "<think>never closed"}, ""),
        ({"content": "a <think>b</think> c"}, "a <think>b</think> c"),
        ({"content": "yes", "role": "assistant", "audio": None, "annotations": [], "extra": {"x": 1}}, "yes"),
        ({"content": 7}, ""),
        ({}, ""),
    ],
)
def test_what_a_message_says_is_read_without_its_reasoning(message: Json, text: str) -> None:
    assert told(chat_reply(message)).text == text


@pytest.mark.parametrize(
    "message",
    [
        {"tool_calls": [{"id": "", "type": "function", "function": {"name": "read_file", "arguments": {"path": "a"}}}]},
        {"tool_calls": [{"function": {"name": "read_file", "arguments": '{"path": "a"}'}}]},
        {"tool_calls": [{"id": None, "function": {"name": "read_file", "arguments": '{"path": "a"}'}}], "content": [{"type": "text", "text": ""}]},
        {"function_call": {"name": "read_file", "arguments": '{"path": "a"}'}},
        {"tool_calls": None, "function_call": {"name": "read_file", "arguments": {"path": "a"}}},
    ],
)  # fmt: skip
def test_a_call_is_read_however_it_is_written(message: Json) -> None:
    call = told(chat_reply(message, "tool_calls")).calls[0]
    assert (call.name, json.loads(call.arguments)) == ("read_file", {"path": "a"})
    assert call.id


@pytest.mark.parametrize(
    "usage",
    [
        None, [], "many", {}, {"prompt_tokens": None, "completion_tokens": 3}, {"total_tokens": 9},
        {"prompt_tokens": -1, "completion_tokens": 3}, {"prompt_tokens": "5", "completion_tokens": "5"},
    ],
)  # fmt: skip
def test_usage_that_says_nothing_is_none(usage: JsonValue) -> None:
    step = Step(whole={"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}], "usage": usage})
    assert told(step).usage is None


@pytest.mark.parametrize("details", [None, {}, {"cached_tokens": None}, "none", []])
def test_usage_without_details_counts(details: JsonValue) -> None:
    counted: JsonValue = {
        "prompt_tokens": 7,
        "completion_tokens": 3,
        "prompt_tokens_details": details,
        "completion_tokens_details": details,
    }
    usage = told(Step(whole={"choices": [{"message": {"content": "x"}}], "usage": counted})).usage
    assert usage is not None
    assert (usage.input, usage.cached, usage.output, usage.reasoning) == (7, 0, 3, 0)


@pytest.mark.parametrize(
    ("whole", "says", "retryable"),
    [
        ({"error": {"message": "Provider returned error", "code": 502}}, "Provider returned error", True),
        ({"error": {"message": "Rate limited upstream", "code": 429}}, "Rate limited upstream", True),
        ({"error": {"message": "No credits left", "code": 402}}, "No credits left", False),
        ({"error": "model is loading"}, "model is loading", True),
        ({"error": {"type": "odd"}}, "odd", True),
        ({"choices": [{"error": {"message": "Upstream died", "code": 500}, "finish_reason": "error"}]}, "Upstream died", True),
    ],
)  # fmt: skip
def test_an_error_that_comes_as_a_success_is_unclear_in_its_own_words(
    whole: JsonValue, says: str, retryable: bool
) -> None:
    with pytest.raises(ModelUnclear, match=says) as raised:
        told(Step(whole=whole))
    assert raised.value.retryable is retryable


def test_the_same_on_the_responses_wire() -> None:
    with pytest.raises(ModelUnclear, match="Provider returned error"):
        told(Step(whole={"error": {"message": "Provider returned error", "code": 502}}), Wire.RESPONSES)


@pytest.mark.parametrize("wire", Wire)
def test_a_reply_as_long_as_its_limit_was_cut_off_whatever_its_server_calls_it(wire: Wire) -> None:
    # llama.cpp calls such a reply completed on the Responses wire.
    assert told(Step(text="x", output=100), wire).ended is Ended.CUT_OFF
    assert told(Step(text="x", output=99), wire).ended is Ended.COMPLETE


@pytest.mark.parametrize("wire", Wire)
def test_a_whole_call_at_the_limit_counts_and_half_a_call_does_not(wire: Wire) -> None:
    whole = Called(name="read_file", arguments={"path": "a.py"})
    half = Called(name="read_file", arguments='{"path": "a')
    assert told(Step(calls=(whole,), output=100), wire).ended is Ended.COMPLETE
    assert told(Step(calls=(half,), output=100), wire).ended is Ended.CUT_OFF


# ------------------------------------------------------------------------------------------------- words and schemas


@pytest.mark.parametrize("wire", Wire)
def test_the_shape_of_a_reply_is_asked_for_on_both_wires(wire: Wire) -> None:
    brain = Picky(lambda body: False, Step())
    tried(brain, wire, asking(shape=SHAPE))
    asked: JsonValue = brain.bodies[0].get("response_format", brain.bodies[0].get("text"))
    assert json.dumps(SHAPE) in json.dumps(asked)
    assert '"json_schema"' in json.dumps(asked)


@pytest.fixture
def endless() -> Iterator[str]:
    """Serve errors whose bodies never end."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=pour, args=(connection,), daemon=True).start()

    def pour(connection: socket.socket) -> None:
        with connection:
            connection.recv(1 << 16)
            try:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n")
                while True:
                    connection.sendall(b"no" * 4096)
            except OSError:
                return

    serving = threading.Thread(target=serve, daemon=True)
    serving.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    # A closed socket still serves whoever waits in accept, under a number that the next server may get.
    listening.shutdown(socket.SHUT_RDWR)
    serving.join()
    listening.close()


@pytest.mark.parametrize("wire", Wire)
def test_an_error_without_an_end_is_cut_off(endless: str, wire: Wire) -> None:
    with pytest.raises(ModelRefused, match="400") as raised:
        OpenAIModel(base_url=endless, api_key="k", wire=wire).send(asking(), "r")
    assert len(raised.value.message) < 600


def test_said_words_are_kept_for_the_next_request() -> None:
    reply = told(chat_reply({"content": "<think>hm</think>Yes."}))
    assert reply.items == (Said(text="Yes."),)
