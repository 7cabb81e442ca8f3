"""The way to a language model, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fresh.domain.agent import Ticket
from fresh.domain.bound import input_bound
from fresh.domain.conversation import Request, Told
from fresh.domain.money import Usd
from fresh.domain.order import EngineName
from fresh.domain.stops import why_stop_agent
from fresh.ports import (
    Lessons,
    Prices,
    Transcripts,
)
from fresh.settings import Settings
from fresh.wiring.box import Toolbox

if TYPE_CHECKING:
    from fresh.engines.llm.meter import Meter

MODELS = "fresh-models"
SHORT_BRIEF = 6000
"""Bytes of a brief about a feature of some thirty lines."""


def give_model(tools: Toolbox, settings: Settings, transcripts: Transcripts, taught: Lessons) -> None:
    """Give a toolbox the engine that asks a language model."""
    from fresh.engines.llm.asking import Asker
    from fresh.engines.llm.engine import LlmEngine

    prices = _prices(settings)
    asker = Asker(
        _meter(settings, tools, prices),
        settings.default_model,
        settings.max_output_tokens,
        calls_tools=None if settings.tools is None else settings.tools == "called",
        seconds=settings.reply_seconds,
    )
    engine = LlmEngine(asker, transcripts, tools.clock, secrets=settings.secrets(), taught=taught)

    tools.engines = {**tools.engines, EngineName.LLM: engine}
    tools.least = lambda order: cost_of_first_request(settings, settings.model_of(order.model))
    tools.model_of = lambda order: settings.model_of(order.model)


def cost_of_first_request(settings: Settings, model: str) -> Usd:
    """Say the most that an agent's first request can cost. Raises OperatorMistake for a model without a price."""
    from fresh.engines.llm.asking import instructions
    from fresh.engines.llm.tools import shape, tools

    called = settings.tools != "spoken"
    first = Request(
        model=model,
        instructions=instructions(called),
        tools=tools() if called else (),
        shape=None if called else shape(),
        items=(Told(text="x" * SHORT_BRIEF),),
        max_output_tokens=settings.max_output_tokens,
    )
    return _prices(settings).worst(model, first.tier, input_bound(first), first.max_output_tokens)


def _meter(settings: Settings, tools: Toolbox, prices: Prices) -> Meter:
    """Put the way to the model together; the key stays in it."""
    from fresh.adapters.openai_model import OpenAIModel, Wire
    from fresh.engines.llm.meter import Meter

    def halted(ticket: Ticket) -> str | None:
        record, requests = tools.journal.run(ticket.run_id), tools.journal.stop_requests(ticket.run_id)
        return why_stop_agent(record, requests, tools.clock.now(), ticket.agent_id)

    key = settings.openai_api_key
    return Meter(
        model=OpenAIModel(
            base_url=settings.openai_base_url,
            api_key=key.get_secret_value() if key is not None else "",
            wire=Wire(settings.wire) if settings.wire is not None else None,
            is_openai=settings.knows_openai,
        ),
        ledger=tools.ledger,
        prices=prices,
        clock=tools.clock,
        host=tools.host,
        permit=lambda: tools.place(MODELS, "model"),
        halted=halted,
        flex_fallback=settings.flex_fallback,
        day_budget=None if settings.day_budget is None else Usd.of(settings.day_budget),
    )


def _prices(settings: Settings) -> Prices:
    from fresh.adapters.genai_prices import GenaiPrices, OwnPrice

    own = settings.own_price()
    return GenaiPrices(None if own is None else OwnPrice(*own))
