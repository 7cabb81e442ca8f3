"""Requests to a model: which model, at which tier, how long a reply may be, and what always comes first in them.

Some models can't call tools. They are told of the tools in words and write each call as JSON, to which a server that can
do so holds them. Who refuses tools says so at the first request, which costs nothing.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from fresh.domain.agent import Ticket
from fresh.domain.budget import Purpose
from fresh.domain.conversation import Anchor, Reply, Request, Tier, Told
from fresh.engines.llm.history import History
from fresh.engines.llm.prompting import words
from fresh.engines.llm.tools import shape, tools
from fresh.errors import BudgetExhausted, Lacking, ModelRefused

WRAP_UP_TOKENS = 600
FLEX_SECONDS = 900.0
DEFAULT_SECONDS = 300.0
ROOMIER = 2
LEAST_TOKENS = 512
"""Output tokens below which no reply can hold an edit."""


class Answers(Protocol):
    """Who gives the reply to a request: a meter before a model, or a transcript."""

    def ask(
        self, ticket: Ticket, request: Request, *, anchor: Anchor | None, purpose: Purpose = Purpose.WORK
    ) -> Reply:
        """Give the reply. Raises BudgetExhausted, ModelRefused, ModelUnclear, Halted."""
        ...


@dataclass(frozen=True)
class Asker:
    """Ask one model. `flex` lets orders for the night use the cheaper tier; `calls_tools` is false for models that
    know no tool calls and write them as text, and None finds that out. `seconds` limits each reply in place of the
    tier's own limit."""

    meter: Answers
    model: str
    max_output_tokens: int = 16_384
    flex: bool = True
    calls_tools: bool | None = None
    seconds: float | None = None
    _speaking: set[str] = field(default_factory=set)
    _room: dict[str, int] = field(default_factory=dict)
    _begun: dict[str, str] = field(default_factory=dict)

    def ask(self, ticket: Ticket, history: History, *, roomy: bool = False) -> Reply:
        """Send the conversation as it stands and keep the reply. Raises what `Answers.ask` raises.

        `roomy` leaves more room for a reply where the last one was cut off, if the money allows it.
        """
        while True:
            request = self.request(ticket, history)
            try:
                return self._ask(ticket, history, request, roomy)
            except ModelRefused as no:
                if not self._gives_way(ticket, request, no):
                    raise

    def _gives_way(self, ticket: Ticket, request: Request, no: ModelRefused) -> bool:
        """Ask for less where a server can't do what was asked for; false when nothing is left to go without."""
        if no.lacks is Lacking.TOOLS and request.tools and self.calls_tools is None:
            self._speaking.add(request.model)
            return True
        if no.lacks is Lacking.ROOM and request.max_output_tokens >= 2 * LEAST_TOKENS:
            self._room[ticket.agent_id] = request.max_output_tokens // 2
            return True
        return False

    def _ask(self, ticket: Ticket, history: History, request: Request, roomy: bool) -> Reply:
        # What an earlier reply counted holds for its own instructions and tools; another process may have had others.
        same = self._begun.get(ticket.agent_id) == _beginning(request)
        anchor = history.anchor if same else None
        reply: Reply | None = None
        if roomy and ticket.agent_id not in self._room:
            wide = request.model_copy(update={"max_output_tokens": self.max_output_tokens * ROOMIER})
            with suppress(BudgetExhausted):
                reply = self.meter.ask(ticket, wide, anchor=anchor)
        reply = reply or self.meter.ask(ticket, request, anchor=anchor)
        self._begun[ticket.agent_id] = _beginning(request)
        return history.answered(request, reply)

    def wrap_up(self, ticket: Ticket, history: History, text: str) -> Reply:
        """Ask for a few words from the money that is kept aside for it."""
        request = self.request(ticket, history).model_copy(
            update={
                "tools": (),
                "shape": None,
                "items": (Told(text=text),),
                "instructions": "You write short, factual notes for the person who takes over.",
                "max_output_tokens": min(WRAP_UP_TOKENS, self.max_output_tokens),
            }
        )
        reply = self.meter.ask(ticket, request, anchor=None, purpose=Purpose.WRAP_UP)
        return history.answered(request, reply, Purpose.WRAP_UP)

    def request(self, ticket: Ticket, history: History) -> Request:
        """Make the request for the conversation as it stands.

        A provider finds what it has cached by the key and the beginning of a request. The key is the agent's: the long
        part of a conversation is its own, and one key for all agents of a run would get more requests a minute than
        providers keep on one machine.
        """
        tier = Tier.FLEX if self.flex and ticket.order.overnight else Tier.DEFAULT
        model = ticket.order.model or self.model
        called = self.calls_tools is not False and model not in self._speaking
        if self.calls_tools is None and history.is_mute:
            called = False
        return Request(
            model=model,
            instructions=instructions(called),
            tools=tools() if called else (),
            shape=None if called else shape(),
            items=tuple(history.items),
            max_output_tokens=self._room.get(ticket.agent_id, self.max_output_tokens),
            tier=tier,
            cache_key=ticket.agent_id,
            seconds=self.seconds or (FLEX_SECONDS if tier is Tier.FLEX else DEFAULT_SECONDS),
        )


def _beginning(request: Request) -> str:
    """Give what stands before every conversation with this model, as a digest."""
    stands = request.model_dump_json(include={"model", "instructions", "tools", "shape"})
    return hashlib.sha256(stands.encode()).hexdigest()


def instructions(calls_tools: bool = True) -> str:
    """Give what every conversation begins with, whatever it is about."""
    if calls_tools:
        return words("instructions")
    listed = "\n".join(
        f"- {tool.name}: {tool.description} arguments: {json.dumps(tool.parameters)}" for tool in tools()
    )
    return f"{words('instructions')}\n\n{words('tools', tools=listed)}"
