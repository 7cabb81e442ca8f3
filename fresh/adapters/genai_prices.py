"""What models cost, by the genai-prices tables that are installed: offline, and never updated while we run.

genai-prices prices an unknown tier as standard without an error, so tiers are judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache

from genai_prices import Usage as Counted
from genai_prices import calc_price
from genai_prices.types import ModelInfo

from fresh.domain.conversation import Tier, Usage
from fresh.domain.money import ZERO, Usd
from fresh.errors import OperatorMistake

TIERS: Mapping[str, str | None] = {
    "default": None,
    "standard": None,
    "on_demand": None,
    "flex": "flex",
    "priority": "priority",
}
"""What a reply can call its tier, and what the tables call it; None is their price without a tier."""
PER = Decimal(1_000_000)
HOURS = 24
"""Some providers are dearer at some hours of the day; the dearest of the next day is what counts as worst."""
SAMPLE = Counted(input_tokens=1_000_000, output_tokens=1_000_000)
UNHEARD_OF = "-unheard-of"
DATED = re.compile(
    r"-(latest|preview|\d{4}-?\d{2}-?\d{2}|\d{2}-\d{2}|\d{3,4})(-\d{2}-\d{2}|-\d{4}-\d{2}-\d{2})?"
)


@dataclass(frozen=True)
class OwnPrice:
    """A price that the operator set, in US dollars per million tokens."""

    input: Decimal
    output: Decimal

    def of(self, input_tokens: int, output_tokens: int) -> Usd:
        """Price a number of tokens; what is cached costs like the rest."""
        return _ceil((self.input * input_tokens + self.output * output_tokens) / PER)


class GenaiPrices:
    """Price requests and replies. `own` takes the place of the tables for every model."""

    def __init__(self, own: OwnPrice | None = None) -> None:
        self._own = own

    def worst(self, model: str, tier: Tier, input_tokens: int, output_tokens: int) -> Usd:
        """Give the most that a request can be billed.

        A request for the flex tier can be answered, and billed, at the standard one. All of the input may be new, or
        written to the provider's cache, or read from it: each is the dearest with some. Raises OperatorMistake.
        """
        if self._own is not None:
            return self._own.of(input_tokens, output_tokens)
        now = datetime.now(UTC)
        fresh = Usage(input=input_tokens, output=output_tokens)
        written = fresh.model_copy(update={"cache_written": input_tokens})
        cached = fresh.model_copy(update={"cached": input_tokens})
        hours = HOURS if _depends_on_time(model, now.date()) else 1
        return max(
            _price(model, usage, at, now + timedelta(hours=hour))
            for hour in range(hours)
            for at in {TIERS[tier.value], None}
            for usage in (fresh, written, cached)
        ) + Usd(1)

    def cost(self, model: str, tier: str, usage: Usage) -> Usd | None:
        """Give the price of a reply by the tier it names; None for a tier that is not known."""
        if tier not in TIERS:
            return None
        if self._own is not None:
            return self._own.of(usage.input, usage.output)
        return _price(model, usage, TIERS[tier], datetime.now(UTC))


def _price(model: str, usage: Usage, tier: str | None, moment: datetime) -> Usd:
    cached = min(usage.cached, usage.input)
    provider, name = _named(model)
    counted = Counted(
        input_tokens=usage.input,
        cache_read_tokens=cached,
        cache_write_tokens=min(usage.cache_written, usage.input - cached),
        output_tokens=usage.output,
    )
    found = calc_price(
        counted,
        name,
        provider_id=provider,
        genai_request_timestamp=moment,
        price_context={"service_tier": tier} if tier else None,
    )
    return _ceil(found.total_price)


@lru_cache(maxsize=256)
def _depends_on_time(model: str, day: date) -> bool:
    """Say whether a model's price changes from this day to the next."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    usage = Usage(input=1_000_000, output=1_000_000)
    return len({_price(model, usage, None, start + timedelta(hours=hour)) for hour in range(2 * HOURS)}) > 1


@lru_cache(maxsize=256)
def _named(model: str) -> tuple[str | None, str]:
    """Find out under which provider and name the tables know a model: OpenAI's first, then any, then the one it names.

    Raises OperatorMistake for one that they don't know, and for one that costs nothing: a free trial at one gateway is no
    promise, and that a model is free is the operator's word to give.
    """
    for provider, name in _readings(model):
        try:
            found = calc_price(SAMPLE, name, provider_id=provider)
        except LookupError:
            continue
        if found.total_price > 0 and _is_meant(name, found.model):
            return provider, name
    raise _unpriced(model)


def _readings(model: str) -> Iterator[tuple[str | None, str]]:
    yield "openai", model
    yield None, model
    for separator in ":/":
        provider, separated, name = model.partition(separator)
        if separated and provider and name:
            yield provider, name


def _is_meant(name: str, found: ModelInfo) -> bool:
    """Say whether a model was found by its own name or that of a dated version.

    The tables also match by how a name begins, which would give a model that they don't know the price of another.
    """
    if not found.match.is_match(name + UNHEARD_OF):
        return True
    asked, known = name.lower(), found.id.lower()
    return asked == known or (asked.startswith(known) and DATED.fullmatch(asked[len(known) :]) is not None)


def _unpriced(model: str) -> OperatorMistake:
    return OperatorMistake(
        f"No price is known for the model {model[:80]!r}.",
        hint="Set FRESH_PRICE_INPUT and FRESH_PRICE_OUTPUT (US dollars per million tokens), or choose another --model.",
    )


def _ceil(amount: Decimal) -> Usd:
    return Usd(int((amount * 1_000_000).to_integral_value(ROUND_CEILING))) if amount else ZERO
