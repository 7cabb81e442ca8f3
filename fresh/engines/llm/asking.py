"""Requests to a model: which model, at which tier, how long a reply may be, and what always comes first in them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from fresh.domain.agent import Ticket
from fresh.domain.budget import Purpose
from fresh.domain.conversation import Reply, Request, Tier, Told
from fresh.engines.llm.history import History
from fresh.engines.llm.meter import Meter
from fresh.engines.llm.prompting import words
from fresh.engines.llm.tools import tools
from fresh.errors import BudgetExhausted

WRAP_UP_TOKENS = 600
FLEX_SECONDS = 900.0
DEFAULT_SECONDS = 300.0
ROOMIER = 2


@dataclass(frozen=True)
class Asker:
    """Ask one model. `flex` lets orders for the night use the cheaper tier; `calls_tools` is false for models that
    know no tool calls and write them as text."""

    meter: Meter
    model: str
    max_output_tokens: int = 16_384
    flex: bool = True
    calls_tools: bool = True

    def ask(self, ticket: Ticket, history: History, *, roomy: bool = False) -> Reply:
        """Send the conversation as it stands and keep the reply. Raises what `Meter.ask` raises.

        `roomy` leaves more room for a reply where the last one was cut off, if the money allows it.
        """
        request = self.request(ticket, history)
        if roomy:
            wide = request.model_copy(update={"max_output_tokens": self.max_output_tokens * ROOMIER})
            try:
                return history.answered(wide, self.meter.ask(ticket, wide, anchor=history.anchor))
            except BudgetExhausted:
                pass
        return history.answered(request, self.meter.ask(ticket, request, anchor=history.anchor))

    def wrap_up(self, ticket: Ticket, history: History, text: str) -> Reply:
        """Ask for a few words from the money that is kept aside for it."""
        request = self.request(ticket, history).model_copy(
            update={
                "tools": (),
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
        return Request(
            model=ticket.order.model or self.model,
            instructions=instructions(self.calls_tools),
            tools=tools() if self.calls_tools else (),
            items=tuple(history.items),
            max_output_tokens=self.max_output_tokens,
            tier=tier,
            cache_key=ticket.agent_id,
            seconds=FLEX_SECONDS if tier is Tier.FLEX else DEFAULT_SECONDS,
        )


def instructions(calls_tools: bool = True) -> str:
    """Give what every conversation begins with, whatever it is about."""
    if calls_tools:
        return words("instructions")
    listed = "\n".join(
        f"- {tool.name}: {tool.description} arguments: {json.dumps(tool.parameters)}" for tool in tools()
    )
    return f"{words('instructions')}\n\n{words('tools', tools=listed)}"
