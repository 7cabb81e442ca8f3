"""What the stand-in for OpenAI answers: steps in the order of a conversation, or a brain that reads the request."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from pydantic import Field, JsonValue

from fresh.domain.value import Value
from tests.fakes.openai_checks import Json


class Called(Value):
    """A tool that the model calls; an object as arguments is sent as an object, as some servers do, if `raw`."""

    name: str = ""
    arguments: JsonValue = Field(default_factory=dict)
    id: str | None = None
    raw: bool = False


class Fate(StrEnum):
    """What becomes of an answer on its way."""

    WHOLE = "whole"
    VANISHED = "vanished"
    """The connection ends without a byte."""
    RESET = "reset"
    BROKEN = "broken"
    """The connection ends in the middle of the body."""
    TRUNCATED = "truncated"
    """Half a body arrives as if it were whole."""
    EMPTY = "empty"
    HTML = "html"
    GARBAGE = "garbage"
    TRICKLED = "trickled"
    """A byte every now and then, for ever."""


class Step(Value):
    """One answer. Without `input` and `output` the server counts tokens itself; it always bills what is true.

    `usage` is told in place of the true one, `whole` in place of the whole body. `bills` says whether it costs; by default every reply that was
    made does, also when it is lost, and no refusal.
    """

    text: str = ""
    calls: tuple[Called, ...] = ()
    thought: str = ""
    input: int | None = None
    cached: int | None = None
    cache_written: int = 0
    output: int | None = None
    reasoning: int = 0
    usage: JsonValue = None
    hides_usage: bool = False
    nulls_usage: bool = False
    tier: str | None = None
    ended: str = "complete"
    status: int = 200
    headers: dict[str, str] = Field(default_factory=dict)
    error: JsonValue = None
    sleep: float = 0.0
    fate: Fate = Fate.WHOLE
    whole: JsonValue = None
    bills: bool | None = None

    @property
    def is_billed(self) -> bool:
        """Say whether this answer costs something."""
        return self.status == 200 if self.bills is None else self.bills


@dataclass(frozen=True)
class Asked:
    """One request as the server understands it: the wire, the body, and how often this conversation asked before."""

    wire: str
    body: Json
    turn: int
    attempt: int

    @property
    def opening(self) -> str:
        """Everything that was said to the model before it first answered."""
        told: list[str] = [str(self.body.get("instructions", ""))]
        for entry in entries(self.body):
            if entry.get("role") not in ("system", "developer", "user"):
                break
            told.append(str(entry.get("content")))
        return "\n".join(told)

    @property
    def last(self) -> str:
        """The words or the tool's result that the model answers to."""
        entry = entries(self.body)[-1]
        return str(entry.get("output", entry.get("content")))


Brain: TypeAlias = Callable[[Asked], Step]


def entries(body: Json) -> list[Json]:
    """List the items or messages of a request."""
    found = body.get("input", body.get("messages"))
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


class Thread(Value):
    """The answers to the conversations in whose beginning `match` occurs; the last one is repeated.

    `by_turn` chooses by the answers that stand in the request, so that a conversation that was cut off goes on where it
    was; else every request takes the next step.
    """

    match: str = ""
    steps: tuple[Step, ...] = Field(min_length=1)
    by_turn: bool = False


class Script(Value):
    """Threads for several agents at once; the first that matches a conversation answers it."""

    threads: tuple[Thread, ...] = Field(min_length=1)

    @classmethod
    def of(cls, *steps: Step) -> Script:
        """Make the script of a server that answers everybody alike."""
        return cls(threads=(Thread(steps=steps),))

    def __call__(self, asked: Asked) -> Step:
        for thread in self.threads:
            if thread.match in asked.opening:
                place = asked.turn if thread.by_turn else asked.attempt
                return thread.steps[min(place, len(thread.steps) - 1)]
        return Step(
            status=500, error={"message": f"No thread matches {asked.opening[:200]!r}.", "type": "script"}
        )


def turns(body: Json) -> int:
    """Count the model's own answers in a request: everything between two things that we said is one."""
    own = [_is_models(entry) for entry in entries(body)]
    return sum(now and not before for before, now in zip([False, *own], own, strict=False))


def _is_models(entry: Json) -> bool:
    return entry.get("role") == "assistant" or entry.get("type") in ("function_call", "reasoning")


def arguments(called: Called) -> JsonValue:
    """Write arguments as the wire has them: a text of JSON, unless the server is one that sends an object."""
    if called.raw or isinstance(called.arguments, str):
        return called.arguments
    return json.dumps(called.arguments)
