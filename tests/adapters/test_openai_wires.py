"""What is sent on each wire, which wire is spoken, and how replies that servers write badly are read."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from fresh.adapters.openai_model import OpenAIModel, Wire
from fresh.adapters.openai_wires import chat, responses
from fresh.adapters.openai_wires.shapes import Unreadable, parsed, usage
from fresh.domain.conversation import (
    Call,
    Ended,
    Item,
    Output,
    Reply,
    Request,
    Said,
    Thought,
    Tier,
    Told,
    Tool,
)
from fresh.errors import ModelRefused
from tests.fakes.openai_checks import check_chat, check_responses
from tests.fakes.openai_script import Called, Step, entries
from tests.fakes.openai_server import OpenAIServer, Rules, Script, serving

TOOL = Tool(name="look", description="Look.", parameters={"type": "object", "properties": {}})
SEALED = Thought(sealed='{"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"}')


def asking(*items: Item, **more: object) -> Request:
    fields = {"model": "gpt-5-mini", "instructions": "Be brief.", "max_output_tokens": 100, "seconds": 20}
    return Request.model_validate({**fields, "items": items or (Told(text="Hi."),), **more})


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with serving(Rules(Script.of(Step(text="ok")))) as running:
        yield running


# --------------------------------------------------------------------------------------------- which wire


def test_a_server_of_both_wires_is_spoken_to_by_responses(server: OpenAIServer) -> None:
    model = OpenAIModel(base_url=server.url, api_key="k", is_openai=True)
    assert model.send(asking(), "r1").text == "ok"
    assert [entry.wire for entry in server.seen] == ["responses"]


def test_a_server_without_responses_refuses_once_and_is_then_spoken_to_by_chat(server: OpenAIServer) -> None:
    server.rules.wires, server.rules.plain = frozenset({"chat"}), True
    model = OpenAIModel(base_url=server.url, api_key="k")
    with pytest.raises(ModelRefused) as refused:
        model.send(asking(), "r1")
    assert (refused.value.retryable, refused.value.wait) == (True, 0)
    assert model.send(asking(), "r2").text == "ok"
    assert model.send(asking(), "r3").text == "ok"
    assert [(entry.wire, entry.status) for entry in server.seen] == [
        ("responses", 404),
        ("chat", 200),
        ("chat", 200),
    ]
    assert server.seen[0].billed == 0


@pytest.mark.parametrize(
    "step",
    [
        Step(status=405, error={"message": "Method Not Allowed"}),
        Step(status=501, error={"message": "not implemented by this model server"}),
        Step(status=404, error={"message": "Not Found"}),
        Step(status=404, error="404 page not found"),
        Step(whole={"error": "Unexpected endpoint or method. (POST /v1/responses)"}),
    ],
)
def test_servers_say_in_many_ways_that_they_don_t_know_a_wire(server: OpenAIServer, step: Step) -> None:
    server.answers(step)
    model = OpenAIModel(base_url=server.url, api_key="k", is_openai=True)
    with pytest.raises(ModelRefused, match="Chat Completions is used"):
        model.send(asking(), "r1")
    assert model.wire is Wire.CHAT


@pytest.mark.parametrize(
    "error",
    [
        {"message": "The model 'x' does not exist.", "code": "model_not_found"},
        {"message": "model 'x' not found, try pulling it first"},
        "model 'x' not found",
    ],
)
def test_a_model_that_does_not_exist_is_no_unknown_wire(server: OpenAIServer, error: object) -> None:
    server.answers(
        Step.model_validate({"status": 404, "error": {"message": error} if error is str else error})
    )
    if isinstance(error, str):
        server.answers(Step(status=404, error=json.dumps({"error": error})))
    model = OpenAIModel(base_url=server.url, api_key="k", is_openai=True)
    with pytest.raises(ModelRefused, match="no such model") as refused:
        model.send(asking(), "r1")
    assert not refused.value.retryable
    assert model.wire is Wire.RESPONSES


def test_a_wire_that_was_set_is_not_left(server: OpenAIServer) -> None:
    server.rules.wires = frozenset({"chat"})
    model = OpenAIModel(base_url=server.url, api_key="k", wire=Wire.RESPONSES)
    with pytest.raises(ModelRefused) as refused:
        model.send(asking(), "r1")
    assert not refused.value.retryable
    assert "FRESH_WIRE=chat" in refused.value.hint


def test_after_a_reply_a_404_does_not_change_the_wire_any_more(server: OpenAIServer) -> None:
    server.answers(Step(text="ok"), Step(status=404, error="gone"))
    model = OpenAIModel(base_url=server.url, api_key="k", is_openai=True)
    model.send(asking(), "r1")
    with pytest.raises(ModelRefused):
        model.send(asking(), "r2")
    assert model.wire is Wire.RESPONSES


# -------------------------------------------------------------------------------------------- what is sent


def test_the_request_s_id_goes_along_and_nothing_is_kept_by_the_provider(server: OpenAIServer) -> None:
    model = OpenAIModel(base_url=server.url, api_key="k", is_openai=True)
    model.send(asking(tier=Tier.FLEX, cache_key="run-1", tools=(TOOL,)), "hold-7")
    (body,) = server.bodies
    assert server.seen[0].request_id == "hold-7"
    assert {name: body[name] for name in ("store", "truncation", "service_tier", "max_output_tokens")} == {
        "store": False,
        "truncation": "disabled",
        "service_tier": "flex",
        "max_output_tokens": 100,
    }
    assert body["include"] == ["reasoning.encrypted_content"]
    assert body["prompt_cache_key"] == "run-1"
    assert body["parallel_tool_calls"] is False


@pytest.mark.parametrize(("is_openai", "limit"), [(True, "max_completion_tokens"), (False, "max_tokens")])
def test_chat_names_the_limit_as_its_server_knows_it(is_openai: bool, limit: str) -> None:
    body = chat.body(asking(), is_openai=is_openai)
    assert body[limit] == 100
    assert ("service_tier" in body) == is_openai


def test_what_was_said_and_called_in_one_breath_is_one_message_on_chat() -> None:
    items = (
        Told(text="Go."),
        SEALED,
        Said(text="I look."),
        Call(id="a", name="look", arguments="{}"),
        Call(id="b", name="look", arguments='{"x": 1}'),
        Output(call_id="a", text="A"),
        Output(call_id="b", text="B"),
        Said(text="Done."),
    )
    messages = chat.body(asking(*items), is_openai=False)["messages"]
    assert isinstance(messages, list)
    assert [message["role"] for message in messages if isinstance(message, dict)] == [
        *("system", "user", "assistant", "tool", "tool", "assistant")
    ]
    assert "reasoning" not in json.dumps(messages)


def test_the_prefix_of_a_conversation_stays_byte_for_byte_the_same() -> None:
    first = asking(Told(text="Go."), tools=(TOOL,))
    further = asking(
        *first.items, SEALED, Said(text="I."), Call(id="a", name="look", arguments="{ }"), tools=(TOOL,)
    )
    further = asking(*further.items, Output(call_id="a", text="A"), tools=(TOOL,))
    for side, name in ((responses, "input"), (chat, "messages")):
        short, long = side.body(first, is_openai=True), side.body(further, is_openai=True)
        entries = short.pop(name), long.pop(name)
        assert short == long
        assert list(short) == list(long)
        before, after = (json.dumps(each) for each in entries)
        assert after.startswith(before[:-1])


def test_reasoning_that_led_to_nothing_is_not_sent_again() -> None:
    items = (Told(text="Go."), SEALED, Told(text="You were cut off."), SEALED, Said(text="Ah."), SEALED)
    sent = responses.body(asking(*items), is_openai=True)["input"]
    assert isinstance(sent, list)
    assert [entry["type"] for entry in sent if isinstance(entry, dict)] == [
        *("message", "message", "reasoning", "message")
    ]


ITEMS = st.lists(
    st.one_of(
        st.builds(lambda text: [Told(text=text)], st.text()),
        st.builds(lambda text: [Said(text=text)], st.text(min_size=1)),
        st.just([SEALED]),
        st.builds(
            lambda calls, out: [
                *(Call(id="", name=name, arguments=arguments) for name, arguments in calls),
                *(Output(call_id="", text=out) for _ in calls),
            ],
            st.lists(st.tuples(st.text(max_size=80), st.text(max_size=40)), min_size=1, max_size=3),
            st.text(),
        ),
    ),
    max_size=8,
)


@settings(max_examples=200, deadline=None)
@given(groups=ITEMS, is_openai=st.booleans())
def test_whatever_a_conversation_holds_a_strict_server_accepts_it(
    groups: list[list[Item]], is_openai: bool
) -> None:
    items: list[Item] = [Told(text="Go.")]
    for number, group in enumerate(groups):
        calls = [item for item in group if isinstance(item, Call)]
        for place, item in enumerate(group):
            match item:
                case Call():
                    items.append(item.model_copy(update={"id": f"c{number}_{place}"}))
                case Output():
                    items.append(item.model_copy(update={"call_id": f"c{number}_{place - len(calls)}"}))
                case _:
                    items.append(item)
    request = asking(*items, tools=(TOOL,))
    check_responses(responses.body(request, is_openai=is_openai), openai=is_openai)
    check_chat(chat.body(request, is_openai=is_openai), openai=is_openai)


@pytest.mark.parametrize("wire", list(Wire))
@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\x00\x07\x1b", "\ufeff", "🤖\ud83e", "\u2028"])
def test_half_characters_and_control_characters_survive_the_way_there_and_back(
    server: OpenAIServer, wire: Wire, text: str
) -> None:
    server.answers(Step(text=f"[{text}]", calls=(Called(name="look", arguments=f'{{"a": "{text}"}}'),)))
    model = OpenAIModel(base_url=server.url, api_key="k", wire=wire, is_openai=True)
    reply = model.send(asking(Told(text=text), instructions=text), "r1")
    expected = "".join("\N{REPLACEMENT CHARACTER}" if "\ud800" <= sign <= "\udfff" else sign for sign in text)
    assert reply.text == f"[{expected}]"
    assert expected in reply.calls[0].arguments
    assert Reply.model_validate_json(reply.model_dump_json()) == reply
    assert entries(server.bodies[0])[-1]["content"] == expected


# -------------------------------------------------------------------------------------------- what is read


@pytest.mark.parametrize("wire", list(Wire))
def test_calls_that_a_server_named_badly_get_ids_of_their_own(server: OpenAIServer, wire: Wire) -> None:
    badly = tuple(Called(name="look", id=id) for id in ("", "same", "same", "x" * 100, "before"))
    server.answers(Step(calls=badly), Step(text="Fine."))
    model = OpenAIModel(base_url=server.url, api_key="k", wire=wire, is_openai=True)
    first = asking(
        Told(text="Go."),
        Call(id="before", name="look", arguments="{}"),
        Output(call_id="before", text=""),
        tools=(TOOL,),
    )
    reply = model.send(first, "r1")
    ids = [call.id for call in reply.calls]
    assert len({*ids, "before"}) == 6
    assert ids[1] == "same"
    outputs = (Output(call_id=id, text="ok") for id in ids)
    assert model.send(asking(*first.items, *reply.items, *outputs, tools=(TOOL,)), "r2").text == "Fine."


@pytest.mark.parametrize("wire", list(Wire))
def test_a_call_without_a_name_or_with_broken_arguments_can_be_answered(
    server: OpenAIServer, wire: Wire
) -> None:
    odd = (
        Called(name=""),
        Called(name="read file!"),
        Called(name="look", arguments="{not json"),
        Called(name="look", arguments={"a": [1]}, raw=True),
        Called(name="look", arguments=[1], raw=True),
        Called(name="look", arguments=None, raw=True),
    )
    server.answers(Step(calls=odd), Step(text="Fine."))
    model = OpenAIModel(base_url=server.url, api_key="k", wire=wire, is_openai=True)
    reply = model.send(asking(tools=(TOOL,)), "r1")
    assert [call.name for call in reply.calls] == ["", "read file!", "look", "look", "look", "look"]
    assert reply.calls[2].arguments == "{not json"
    assert json.loads(reply.calls[3].arguments) == {"a": [1]}
    outputs = (Output(call_id=call.id, text="no") for call in reply.calls)
    further = asking(Told(text="Hi."), *reply.items, *outputs, tools=(TOOL,))
    assert model.send(further, "r2").text == "Fine."


@pytest.mark.parametrize("wire", list(Wire))
def test_a_refusal_of_the_model_is_filtered_and_its_words_are_kept(server: OpenAIServer, wire: Wire) -> None:
    server.answers(Step(text="I can't.", ended="refused"))
    reply = OpenAIModel(base_url=server.url, api_key="k", wire=wire, is_openai=True).send(asking(), "r1")
    assert (reply.ended, reply.text) == (Ended.FILTERED, "I can't.")


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_reply_that_failed_is_none(status: str) -> None:
    with pytest.raises(Unreadable):
        responses.reply({"status": status, "output": [], "error": {"message": "oh"}}, asking())


def _chat_usage(told: JsonValue) -> object:
    return usage(
        told, "prompt_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details"
    )


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 5}, (10, 0, 0, 5, 0)),
        ({"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": None}, (10, 0, 0, 5, 0)),
        (
            {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 99}},
            (10, 10, 0, 5, 0),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": -1}},
            (10, 0, 0, 5, 0),
        ),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "completion_tokens_details": {"reasoning_tokens": 9},
            },
            (10, 0, 0, 5, 5),
        ),
        # Servers that leave reasoning out of the output put it into the total.
        ({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 40}, (10, 0, 0, 30, 0)),
        ({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 3}, (10, 0, 0, 5, 0)),
        ({"prompt_tokens": 10.0, "completion_tokens": 5}, (10, 0, 0, 5, 0)),
    ],
)
def test_tokens_are_read_as_far_as_they_can_be_true(
    told: JsonValue, expected: tuple[int, int, int, int, int]
) -> None:
    found = _chat_usage(told)
    assert found is not None
    assert tuple(vars(found).values()) == expected


@pytest.mark.parametrize(
    "told",
    [
        *(None, {}, [], "many", 7, {"prompt_tokens": 10}, {"completion_tokens": 5}),
        {"prompt_tokens": -1, "completion_tokens": 5},
        {"prompt_tokens": 2**60, "completion_tokens": 5},
        {"prompt_tokens": "10", "completion_tokens": "5"},
        {"prompt_tokens": True, "completion_tokens": 5},
        {"prompt_tokens": float("nan"), "completion_tokens": float("inf")},
    ],
)
def test_tokens_that_can_t_be_true_are_none(told: JsonValue) -> None:
    assert _chat_usage(told) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(
                        "output",
                        "choices",
                        "message",
                        "content",
                        "text",
                        "type",
                        "tool_calls",
                        "function",
                        "name",
                    ),
                    *(
                        "arguments",
                        "usage",
                        "prompt_tokens",
                        "input_tokens",
                        "output_tokens",
                        "status",
                        "id",
                        "refusal",
                    ),
                    *(
                        "incomplete_details",
                        "reason",
                        "error",
                        "service_tier",
                        "model",
                        "encrypted_content",
                        "summary",
                    ),
                ]
            ),
            inner | st.sampled_from(["message", "function_call", "reasoning", "output_text", "incomplete"]),
            max_size=5,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=400, deadline=None)
@given(body=JSON)
def test_no_json_that_a_server_can_send_breaks_the_reading(body: JsonValue) -> None:
    for side in (responses, chat):
        for whole in (
            body,
            {"output": [body], "usage": body},
            {"choices": [{"message": body}], "usage": body},
        ):
            try:
                reply = side.reply(parsed(json.dumps(whole).encode()), asking())
            except Unreadable:
                continue
            assert Reply.model_validate_json(reply.model_dump_json()) == reply


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('Maybe {"tool": "rm"}? No.\n</think>\n\nYes.', "Yes."),
        ("<think>Hm.</think>Yes.", "Yes."),
        ('Write "</think>" into it.', 'Write "</think>" into it.'),
        ("Say <think>\n</think>\nYes.", "Say <think>\n</think>\nYes."),
    ],
)
def test_reasoning_whose_beginning_stands_in_the_template_is_no_answer(content: str, said: str) -> None:
    found: dict[str, JsonValue] = {"choices": [{"finish_reason": "stop", "message": {"content": content}}]}
    assert chat.reply(found, asking()).text == said


@pytest.mark.parametrize(
    "counted",
    [
        {"prompt_tokens": 0, "completion_tokens": 0},
        {"prompt_tokens": 0.5, "completion_tokens": 3},
        {"prompt_tokens": 9, "completion_tokens": 0},
    ],
)
def test_a_server_that_counts_nothing_names_no_usage(counted: JsonValue) -> None:
    found: dict[str, JsonValue] = {
        "choices": [{"finish_reason": "stop", "message": {"content": "Yes."}}],
        "usage": counted,
    }
    assert chat.reply(found, asking()).usage is None
