"""The bound on input tokens is never under the true count of a real tokenizer, whatever is in the prompt."""

from __future__ import annotations

import base64
import json
import random
from functools import cache

import bpe_openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fresh.domain.bound import FRAME, FRAME_OF_ITEM, anchor_after, input_bound
from fresh.domain.conversation import (
    Anchor,
    Call,
    Item,
    Output,
    Reply,
    Request,
    Said,
    Thought,
    Told,
    Tool,
    Usage,
)

NASTY = {
    "cuneiform": "".join(chr(0x12000 + n % 900) for n in range(4000)),
    "emoji": "🤖👩‍👩‍👧‍👦🏳️‍🌈🧿" * 500,
    "base64": base64.b64encode(random.Random(1).randbytes(20000)).decode(),
    "code": "def f(a, b):\n    return a + b  # sum\n" * 500,
    "control": "".join(chr(n) for n in range(32)) * 200,
    "hex": random.Random(2).randbytes(10000).hex(),
    "spaces": " " * 50_000 + "\n\t" * 5000,
    "any": "".join(chr(random.Random(3).randrange(0xE000, 0x10FFFF)) for _ in range(3000)),
}


@cache
def tokenizer() -> bpe_openai.Encoding:
    return bpe_openai.get_encoding("o200k_base")


def tokens(text: str) -> int:
    return len(tokenizer().encode_ordinary(text.encode("utf-8", "replace").decode()))


def rendered(arguments: str) -> str:
    """Show a call's arguments as the most talkative template does."""
    try:
        return json.dumps(json.loads(arguments), indent=4)
    except ValueError:
        return arguments


def true_count(request: Request) -> int:
    """Count what a server's template shows the model: every text as it is, tools as indented JSON, some framing."""
    shown = [request.instructions]
    shown += [json.dumps(tool.model_dump(), indent=4, ensure_ascii=False) for tool in request.tools]
    for item in request.items:
        match item:
            case Call():
                shown.append(item.name + rendered(item.arguments))
            case Output() | Told() | Said():
                shown.append(item.text)
            case _:
                shown.append(item.sealed)
    return sum(tokens(text) + 8 for text in shown)


def asking(*items: Item, tools: tuple[Tool, ...] = (), instructions: str = "Improve the code.") -> Request:
    return Request(model="m", instructions=instructions, items=items, tools=tools, max_output_tokens=100)


@pytest.mark.parametrize("name", NASTY)
def test_no_text_has_more_tokens_than_the_bound(name: str) -> None:
    text = NASTY[name]
    for item in (Told(text=text), Output(call_id="c", text=text), Call(id="c", name="edit", arguments=text)):
        assert true_count(asking(item)) <= input_bound(asking(item))
    assert true_count(asking(Told(text="x"), instructions=text)) <= input_bound(
        asking(Told(text="x"), instructions=text)
    )


def test_ten_megabytes_of_tool_output_are_bounded_at_once() -> None:
    request = asking(Output(call_id="c", text=NASTY["base64"] * 400))
    assert (
        input_bound(request)
        >= 10_000_000
        > true_count(asking(Output(call_id="c", text=NASTY["base64"]))) * 100
    )


def test_huge_tool_schemas_are_bounded() -> None:
    deep: dict[str, object] = {"type": "string", "description": "𒀀" * 200}
    for level in range(60):
        deep = {"type": "object", "properties": {f"level{level}": deep}}
    tool = Tool.model_validate({"name": "t", "description": "d" * 5000, "parameters": deep})
    request = asking(Told(text="x"), tools=(tool,) * 12)
    assert true_count(request) <= input_bound(request)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=400), min_size=1, max_size=8))
def test_any_text_in_any_script_is_bounded(texts: list[str]) -> None:
    request = asking(*(Told(text=text) for text in texts))
    assert true_count(request) <= input_bound(request)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=300), min_size=1, max_size=5), st.lists(st.text(max_size=300), max_size=5))
def test_what_follows_an_anchor_is_bounded_too(first: list[str], then: list[str]) -> None:
    request = asking(*(Told(text=text) for text in first))
    reply = Reply(items=(Said(text="Done."),), usage=Usage(input=true_count(request), output=30))
    anchor = anchor_after(request, reply)
    assert anchor is not None
    further = asking(*request.items, *reply.items, *(Told(text=text) for text in then))
    assert true_count(further) <= input_bound(further, anchor)


def test_an_anchor_makes_the_bound_of_a_long_conversation_tight() -> None:
    request = asking(Told(text=NASTY["code"]))
    anchor = Anchor(items=1, tokens=true_count(request))
    further = asking(*request.items, Told(text="go on"))
    assert input_bound(further, anchor) <= anchor.tokens + 40 + FRAME_OF_ITEM
    assert input_bound(further) > 2 * input_bound(further, anchor)


@pytest.mark.parametrize("share", [0, 0.1, 0.3])
def test_an_anchor_that_counts_only_what_was_not_cached_is_not_believed(share: float) -> None:
    request = asking(Told(text=NASTY["code"]), Told(text="go on"))
    told = int(true_count(request) * share)
    assert input_bound(request, Anchor(items=1, tokens=told)) == input_bound(request)


def test_an_anchor_that_is_absurdly_great_makes_no_bound_worse() -> None:
    request = asking(Told(text="x"), Told(text="go on"))
    assert input_bound(request, Anchor(items=1, tokens=2**53)) == input_bound(request)


def test_reasoning_sealed_in_many_bytes_does_not_make_an_anchor_unbelievable() -> None:
    sealed = Thought(sealed=json.dumps({"encrypted_content": NASTY["base64"]}))
    request = asking(Told(text="x"), sealed, Said(text="ok"), Told(text="go on"))
    assert input_bound(request, Anchor(items=3, tokens=900)) < 1100


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.text(max_size=10) | st.integers() | st.booleans(),
        lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
        max_leaves=40,
    )
)
def test_arguments_that_a_template_writes_anew_are_bounded(arguments: object) -> None:
    compact = json.dumps({"a": arguments}, ensure_ascii=False, separators=(",", ":"))
    request = asking(Call(id="c", name="edit", arguments=compact))
    assert true_count(request) <= input_bound(request)


def test_an_anchor_of_a_longer_conversation_is_not_believed() -> None:
    request = asking(Told(text="x"))
    assert input_bound(request, Anchor(items=9, tokens=5000)) == input_bound(request)


def test_a_short_request_costs_little_more_than_its_frame() -> None:
    assert input_bound(asking(Told(text="x"), instructions="y")) < FRAME + FRAME_OF_ITEM + 50


def test_no_usage_is_no_anchor() -> None:
    assert anchor_after(asking(Told(text="x")), Reply(items=())) is None
