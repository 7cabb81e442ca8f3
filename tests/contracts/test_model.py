"""What every model must do: the scripted one, and the openai adapter on both wires against a strict server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from fresh.adapters.openai_model import OpenAIModel, Wire
from fresh.domain.conversation import (
    Call,
    Ended,
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
from fresh.errors import ModelRefused, ModelUnclear
from fresh.ports import Model
from tests.fakes.model import ScriptedModel
from tests.fakes.openai_script import Called, Fate, Step
from tests.fakes.openai_server import Rules, Script, serving

READ = Tool(
    name="read_file",
    description="Read a file.",
    parameters={"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)


def asking(*items: Item, **more: object) -> Request:
    fields = {
        "model": "gpt-5-mini",
        "instructions": "Improve the code.",
        "tools": (READ,),
        "max_output_tokens": 500,
    }
    return Request.model_validate({**fields, "items": items or (Told(text="Go on."),), "seconds": 20, **more})


@dataclass
class Stage:
    """A model, and how to tell it what comes next."""

    model: Model
    script: Callable[..., None]
    asked: Callable[[], int]


@pytest.fixture(params=["scripted", "responses", "chat", "plain-responses", "plain-chat"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    if request.param == "scripted":
        model = ScriptedModel()
        yield Stage(
            model, lambda *steps: model.then(*map(scripted, steps)) and None, lambda: len(model.requests)
        )
        return
    plain = request.param.startswith("plain")
    wire = Wire(request.param.removeprefix("plain-"))
    with serving(Rules(Script.of(Step()), plain=plain)) as server:
        adapter = OpenAIModel(base_url=server.url, api_key="sk-test", wire=wire, is_openai=not plain)
        yield Stage(adapter, server.answers, lambda: len(server.seen))


def scripted(step: Step) -> Reply | ModelRefused | ModelUnclear:
    """Say in our own words what a step of the server means."""
    if step.status == 429:
        wait = step.headers.get("Retry-After")
        return ModelRefused("The rate is limited.", retryable=True, wait=float(wait) if wait else None)
    if step.status == 400:
        return ModelRefused("The request is wrong.")
    if step.status >= 500 or step.fate is not Fate.WHOLE:
        return ModelUnclear("Nothing readable came.", retryable=True)
    items: list[Item] = [Said(text=step.text)] if step.text else []
    items += [
        Call(id=call.id or "", name=call.name, arguments=json.dumps(call.arguments)) for call in step.calls
    ]
    usage = None
    if not step.hides_usage:
        usage = Usage(
            input=step.input or 0,
            cached=step.cached or 0,
            output=step.output or 0,
            reasoning=step.reasoning,
        )
    return Reply(items=tuple(items), ended=Ended(step.ended), usage=usage, tier=step.tier)


def test_what_the_model_says_comes_back_with_its_tokens(stage: Stage) -> None:
    stage.script(Step(text="Done: ✓ 日本 🤖", input=120, cached=64, output=30, reasoning=10, tier="default"))
    reply = stage.model.send(asking(), "r1")
    assert reply.text == "Done: ✓ 日本 🤖"
    assert reply.ended is Ended.COMPLETE
    assert reply.usage == Usage(input=120, cached=64, output=30, reasoning=10)
    assert reply.tier == "default"
    assert reply.model == "gpt-5-mini"


def test_a_call_of_a_tool_has_an_id_a_name_and_arguments_as_json(stage: Stage) -> None:
    stage.script(Step(text="I look.", calls=(Called(name="read_file", arguments={"path": "a.py"}),)))
    reply = stage.model.send(asking(), "r1")
    (call,) = reply.calls
    assert call.id
    assert (call.name, json.loads(call.arguments)) == ("read_file", {"path": "a.py"})
    assert reply.text == "I look."


def test_a_conversation_goes_on_with_the_results_of_its_calls(stage: Stage) -> None:
    stage.script(
        Step(calls=tuple(Called(name="read_file", arguments={"path": path}) for path in ("a.py", "b.py"))),
        Step(text="Both are fine."),
    )
    first = asking()
    reply = stage.model.send(first, "r1")
    one, two = reply.calls
    assert one.id != two.id
    results = (Output(call_id=one.id, text="A = 1"), Output(call_id=two.id, text="B = 2"))
    again = asking(*first.items, *reply.items, *results)
    assert stage.model.send(again, "r2").text == "Both are fine."


def test_a_reply_without_usage_says_so(stage: Stage) -> None:
    stage.script(Step(text="Hm.", hides_usage=True))
    assert stage.model.send(asking(), "r1").usage is None


def test_a_reply_that_ran_into_its_limit_was_cut_off(stage: Stage) -> None:
    stage.script(Step(text="I was just", ended="cut_off"))
    assert stage.model.send(asking(), "r1").ended is Ended.CUT_OFF


def test_a_filtered_reply_says_so(stage: Stage) -> None:
    stage.script(Step(text="No.", ended="filtered"))
    assert stage.model.send(asking(), "r1").ended is Ended.FILTERED


def test_a_limit_of_the_rate_is_a_refusal_with_its_wait(stage: Stage) -> None:
    stage.script(Step(status=429, headers={"Retry-After": "7"}))
    with pytest.raises(ModelRefused) as refused:
        stage.model.send(asking(), "r1")
    assert refused.value.retryable
    assert refused.value.wait == 7


def test_a_wrong_request_is_a_refusal_for_good(stage: Stage) -> None:
    stage.script(Step(status=400, error={"message": "no"}))
    with pytest.raises(ModelRefused) as refused:
        stage.model.send(asking(), "r1")
    assert not refused.value.retryable


@pytest.mark.parametrize("step", [Step(status=500), Step(fate=Fate.VANISHED), Step(fate=Fate.TRUNCATED)])
def test_a_lost_reply_is_unclear_and_can_be_tried_again(stage: Stage, step: Step) -> None:
    stage.script(step, Step(text="Now."))
    with pytest.raises(ModelUnclear) as unclear:
        stage.model.send(asking(), "r1")
    assert unclear.value.retryable
    assert stage.model.send(asking(), "r2").text == "Now."


@pytest.mark.parametrize("step", [Step(text="x"), Step(status=429), Step(status=500), Step(fate=Fate.BROKEN)])
def test_every_send_is_one_request_whatever_comes_of_it(stage: Stage, step: Step) -> None:
    stage.script(step, step)
    for number in (1, 2):
        with suppress(ModelRefused, ModelUnclear):
            stage.model.send(asking(), f"r{number}")
        assert stage.asked() == number


def test_a_request_can_carry_what_its_reply_brought_unchanged_through_json(stage: Stage) -> None:
    stage.script(
        Step(text="I think.", thought="sealed", calls=(Called(name="read_file"),)), Step(text="Yes.")
    )
    reply = stage.model.send(asking(), "r1")
    kept = Reply.model_validate_json(reply.model_dump_json())
    assert kept == reply
    (call,) = kept.calls
    again = asking(Told(text="Go on."), *kept.items, Output(call_id=call.id, text="ok"))
    assert stage.model.send(again, "r2").text == "Yes."


def test_sealed_reasoning_is_neither_said_nor_called(stage: Stage) -> None:
    stage.script(Step(text="I think.", thought="sealed"))
    reply = stage.model.send(asking(), "r1")
    assert reply.text == "I think."
    assert all(isinstance(item, Said | Thought) for item in reply.items)
