"""The record of one agent's conversation with a model: what was given and what came back, in order.

Everything else that an engine knows of a conversation follows from it: what to send next, which calls are not carried
out yet, and how the files of its tree stand.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from fresh.domain.budget import Purpose
from fresh.domain.conversation import Call, Item, Output, Reply, Said, Told
from fresh.domain.redaction import Redactor
from fresh.domain.value import Value
from fresh.domain.work import Plan, Work


class Round(StrEnum):
    """What a part of the conversation is for."""

    PLAN = "plan"
    WORK = "work"


class Closing(Value):
    """How a round ended: with a plan, with work, or with the reason why there is neither.

    `declined` means that it can't be done well, `failed` that the engine had to stop before it knew.
    """

    plan: Plan | None = None
    work: Work | None = None
    declined: str | None = None
    failed: str | None = None


class Opened(Value):
    """A round begins."""

    type: Literal["opened"] = "opened"
    round: Round
    ordinal: int = 0
    items: tuple[Item, ...]


class Answered(Value):
    """A reply came."""

    type: Literal["answered"] = "answered"
    model: str
    reply: Reply
    purpose: Purpose = Purpose.WORK


class Given(Value):
    """What we say to a reply: the outputs of calls, or words.

    `done` counts the calls of the reply that were carried out for it. `stopping` says why the engine stops the round,
    and `writes_up` whether the model is asked what it leaves behind; `closing` ends it.
    """

    type: Literal["given"] = "given"
    items: tuple[Item, ...] = ()
    done: int = 0
    stopping: str | None = None
    writes_up: bool = False
    closing: Closing | None = None


Turn = Annotated[Opened | Answered | Given, Field(discriminator="type")]


def redact_items(items: tuple[Item, ...], redact: Redactor) -> tuple[Item, ...]:
    """Leave our own secrets out, and what can't be stored; sealed reasoning stays as it is."""
    return tuple(_redact(item, redact) for item in items)


def _redact(item: Item, redact: Redactor) -> Item:
    match item:
        case Told() | Said() | Output():
            return item.model_copy(update={"text": redact(_whole(item.text))})
        case Call():
            return item.model_copy(
                update={"name": redact(_whole(item.name)), "arguments": redact.json(_whole(item.arguments))}
            )
        case _:
            return item


def _whole(text: str) -> str:
    """Replace half surrogate pairs, which no UTF-8 can hold."""
    return text.encode("utf-8", "replace").decode()
