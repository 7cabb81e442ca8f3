"""What goes to a model and what comes back, in words that no vendor owns; all of it survives JSON unchanged.

A conversation only ever grows at its end: a provider caches the longest prefix that it has seen before, byte by byte.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from fresh.domain.value import Value


class Told(Value):
    """What we tell the model."""

    type: Literal["told"] = "told"
    text: str


class Said(Value):
    """What the model said."""

    type: Literal["said"] = "said"
    text: str


class Call(Value):
    """A tool that the model calls; `arguments` stand exactly as they came, and may be no JSON."""

    type: Literal["call"] = "call"
    id: str
    name: str
    arguments: str


class Output(Value):
    """What a called tool gave."""

    type: Literal["output"] = "output"
    call_id: str
    text: str


class Thought(Value):
    """Reasoning that only its provider can read: an item of its own wire as JSON, carried along and never shown."""

    type: Literal["thought"] = "thought"
    sealed: str


Item = Annotated[Told | Said | Call | Output | Thought, Field(discriminator="type")]


class Tool(Value):
    """A function that the model may call; `parameters` is a JSON Schema of an object."""

    name: str
    description: str
    parameters: dict[str, JsonValue]


class Tier(StrEnum):
    """How fast, and at which price, a provider answers; no other tier is ever asked for."""

    DEFAULT = "default"
    FLEX = "flex"


class Request(Value):
    """One request to a model. `seconds` is how long its reply may take.

    `shape` is a JSON Schema that the words of the reply are to follow, where the server can hold a model to it.
    """

    model: str
    instructions: str
    tools: tuple[Tool, ...] = ()
    items: tuple[Item, ...]
    max_output_tokens: int = Field(gt=0)
    tier: Tier = Tier.DEFAULT
    cache_key: str = ""
    shape: dict[str, JsonValue] | None = None
    seconds: float = 120.0


class Usage(Value):
    """Tokens of one reply as the provider counts them: `input` includes what was cached or written to the cache,
    `output` includes reasoning."""

    input: int = Field(ge=0)
    cached: int = Field(default=0, ge=0)
    cache_written: int = Field(default=0, ge=0)
    output: int = Field(ge=0)
    reasoning: int = Field(default=0, ge=0)


class Ended(StrEnum):
    """Why a reply ended."""

    COMPLETE = "complete"
    CUT_OFF = "cut_off"
    FILTERED = "filtered"


class Reply(Value):
    """What one request brought. `usage` and `tier` are None where the provider named none."""

    items: tuple[Item, ...]
    ended: Ended = Ended.COMPLETE
    usage: Usage | None = None
    tier: str | None = None
    model: str = ""

    @property
    def calls(self) -> tuple[Call, ...]:
        """The tools that the model calls, in its order."""
        return tuple(item for item in self.items if isinstance(item, Call))

    @property
    def text(self) -> str:
        """Everything that the model said."""
        return "\n".join(item.text for item in self.items if isinstance(item, Said))


class Anchor(Value):
    """What is known of a growing conversation: its first `items` items came to `tokens` tokens."""

    items: int
    tokens: int
