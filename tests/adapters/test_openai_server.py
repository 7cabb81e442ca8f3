"""The stand-in for OpenAI is strict, and its books are on disk whatever becomes of it or of its answers."""

from __future__ import annotations

import json
import threading
import urllib.request
from pathlib import Path

import pytest

from fresh.adapters.openai_model import OpenAIModel, Wire
from fresh.domain.conversation import Call, Item, Output, Request, Said, Told
from fresh.errors import ModelRefused, ModelUnclear
from tests.fakes.openai_checks import Refused, check_chat, check_responses
from tests.fakes.openai_script import Asked, Called, Fate, Script, Step, Thread
from tests.fakes.openai_server import Rules, read_log, serving, serving_process

MESSAGE = {"type": "message", "role": "user", "content": "Hi."}
CALL = {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "c", "output": "x"}
RIGHT = {"model": "m", "input": [MESSAGE], "max_output_tokens": 100, "store": False}


def asking(*items: Item) -> Request:
    return Request(
        model="gpt-5-mini", instructions="Be brief.", items=items, max_output_tokens=100, seconds=20
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_output_tokens": None},
        {"max_tokens": 5},
        {"store": True},
        {"input": []},
        {"input": [{"role": "user", "content": "no type"}]},
        {"input": [MESSAGE, RESULT]},
        {"input": [MESSAGE, CALL]},
        {"input": [MESSAGE, CALL, MESSAGE, RESULT]},
        {"input": [MESSAGE, CALL, CALL, RESULT]},
        {"input": [MESSAGE, CALL, RESULT, RESULT]},
        {"input": [MESSAGE, {**CALL, "name": "two words"}, RESULT]},
        {"input": [MESSAGE, {**CALL, "arguments": {}}, RESULT]},
        {"tools": [{"type": "function", "name": "a", "description": "", "parameters": {"type": "string"}}]},
        {"tools": [{"type": "web_search"}]},
        {"service_tier": "flex"},
    ],
)
def test_a_wrong_request_is_refused_as_the_vendor_does(wrong: dict[str, object]) -> None:
    check_responses(RIGHT, openai=False)
    with pytest.raises(Refused):
        check_responses({**RIGHT, **wrong}, openai=False)


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "system", "content": "alone"}],
        [{"role": "tool", "tool_call_id": "c", "content": "x"}],
        [{"role": "assistant", "content": None}],
        [{"role": "user", "content": "x", "surprise": 1}],
    ],
)
def test_wrong_messages_are_refused(messages: list[dict[str, object]]) -> None:
    with pytest.raises(Refused):
        check_chat({"model": "m", "messages": messages, "max_tokens": 5}, openai=False)


def test_the_bill_is_counted_from_tokens_and_rates_and_never_beyond_the_limit_of_the_output() -> None:
    # $1, $0.10 cached and $10 a million tokens; flex is half.
    step = Step(text="x", input=1000, cached=500, output=99_999, tier="flex")
    with serving(Rules(Script.of(step))) as server:
        model = OpenAIModel(base_url=server.url, api_key="k", wire=Wire.RESPONSES, is_openai=True)
        model.send(asking(Told(text="Hi.")), "r1")
        assert server.billed == (500 + 50 + 100 * 10) // 2


@pytest.mark.parametrize("fate", [Fate.VANISHED, Fate.RESET, Fate.BROKEN, Fate.TRUNCATED])
def test_a_reply_that_is_lost_is_in_the_books_before_it_is_lost(tmp_path: Path, fate: Fate) -> None:
    log = tmp_path / "log.jsonl"
    with serving(Rules(Script.of(Step(text="x", fate=fate)), log=log)) as server:
        model = OpenAIModel(base_url=server.url, api_key="k", wire=Wire.CHAT, is_openai=True)
        with pytest.raises(ModelUnclear):
            model.send(asking(Told(text="Hi.")), "r1")
        (entry,) = read_log(log)
        assert entry.request_id == "r1"
        assert entry.billed > 0


def test_a_refusal_costs_nothing() -> None:
    with serving(Rules(Script.of(Step(status=429)))) as server:
        with pytest.raises(ModelRefused):
            OpenAIModel(base_url=server.url, api_key="k").send(asking(Told(text="Hi.")), "r1")
        assert server.billed == 0


def test_several_agents_have_their_own_threads_on_one_server() -> None:
    script = Script(
        threads=tuple(
            Thread(match=f"agent {name}", steps=(Step(text=f"{name} one"), Step(text=f"{name} two")))
            for name in ("a", "b", "c")
        )
    )
    heard: dict[str, list[str]] = {}

    def talk(url: str, name: str) -> None:
        model = OpenAIModel(base_url=url, api_key=name, wire=Wire.RESPONSES, is_openai=True)
        first = asking(Told(text=f"You are agent {name}."))
        reply = model.send(first, f"{name}1")
        again = model.send(asking(*first.items, *reply.items, Told(text="And?")), f"{name}2")
        heard[name] = [reply.text, again.text]

    with serving(Rules(script)) as server:
        talking = [threading.Thread(target=talk, args=(server.url, name)) for name in "abc"]
        for each in talking:
            each.start()
        for each in talking:
            each.join()
    assert heard == {name: [f"{name} one", f"{name} two"] for name in "abc"}


def test_a_thread_by_turn_gives_the_same_answer_to_a_request_that_is_sent_again() -> None:
    script = Script(threads=(Thread(by_turn=True, steps=(Step(text="one"), Step(text="two"))),))
    with serving(Rules(script)) as server:
        model = OpenAIModel(base_url=server.url, api_key="k", wire=Wire.CHAT, is_openai=True)
        first = asking(Told(text="Hi."))
        assert [model.send(first, f"r{n}").text for n in range(3)] == ["one"] * 3
        further = asking(Told(text="Hi."), Said(text="one"), Told(text="And?"))
        assert model.send(further, "r4").text == "two"


def test_a_brain_reads_the_request_and_answers_it() -> None:
    def brain(asked: Asked) -> Step:
        return Step(text=f"{asked.turn}: {asked.last}")

    with serving(Rules(brain)) as server:
        model = OpenAIModel(base_url=server.url, api_key="k", wire=Wire.RESPONSES, is_openai=True)
        call = Call(id="c", name="look", arguments="{}")
        items = (Told(text="Hi."), call, Output(call_id="c", text="seen"))
        assert model.send(asking(*items), "r1").text == "1: seen"


def test_the_beginning_that_did_not_change_is_counted_as_cached() -> None:
    long = "The quick brown fox jumps over the lazy dog. " * 300
    with serving(Rules(Script.of(Step(text="ok")))) as server:
        model = OpenAIModel(base_url=server.url, api_key="k", wire=Wire.RESPONSES, is_openai=True)
        first = asking(Told(text=long))
        reply = model.send(first, "r1")
        again = model.send(asking(*first.items, *reply.items, Told(text="And?")), "r2")
    assert reply.usage is not None
    assert again.usage is not None
    assert reply.usage.cached == 0
    assert again.usage.cached / again.usage.input > 0.9


def test_it_runs_as_a_process_with_a_script_from_a_file(tmp_path: Path) -> None:
    script, log = tmp_path / "script.json", tmp_path / "log.jsonl"
    called = Called(name="look", arguments={"path": "a"})
    script.write_text(Script.of(Step(calls=(called,)), Step(text="Done.")).model_dump_json())
    with serving_process(script, log) as url:
        model = OpenAIModel(base_url=url, api_key="k", wire=Wire.RESPONSES, is_openai=True)
        first = asking(Told(text="Hi."))
        reply = model.send(first, "r1")
        result = Output(call_id=reply.calls[0].id, text="x")
        assert model.send(asking(*first.items, *reply.items, result), "r2").text == "Done."
        with urllib.request.urlopen(url.removesuffix("/v1") + "/_log", timeout=10) as answer:
            told = json.load(answer)
    assert [entry["request_id"] for entry in told] == ["r1", "r2"]
    assert [entry.request_id for entry in read_log(log)] == ["r1", "r2"]
