"""What models cost, by the genai-prices tables that are installed: offline, and never updated while we run.

genai-prices prices an unknown tier as standard without an error, so tiers are judged here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache

from genai_prices import Usage as Counted
from genai_prices import calc_price

from fresh.domain.conversation import Tier, Usage
from fresh.domain.money import ZERO, Usd
from fresh.errors import OperatorMistake

TIERS: Mapping[str, str | None] = {"default": None, "standard": None, "flex": "flex", "priority": "priority"}
"""What a reply can call its tier, and what the tables call it; None is their price without a tier."""
PER = Decimal(1_000_000)
HOURS = 24
"""Some providers are dearer at some hours of the day; the dearest of the next day is what counts as worst."""


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
        written to the provider's cache, which some sell at a higher price. Raises OperatorMistake.
        """
        if self._own is not None:
            return self._own.of(input_tokens, output_tokens)
        now = datetime.now(UTC)
        written = Usage(input=input_tokens, cache_written=input_tokens, output=output_tokens)
        fresh = Usage(input=input_tokens, output=output_tokens)
        tiers = {TIERS[tier.value], None}
        moments = (now + timedelta(hours=hour) for hour in range(HOURS if _depends_on_time(model) else 1))
        return max(
            _price(model, usage, tier_name, moment)
            for moment in moments
            for tier_name in tiers
            for usage in (written, fresh)
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
    counted = Counted(
        input_tokens=usage.input,
        cache_read_tokens=cached,
        cache_write_tokens=min(usage.cache_written, usage.input - cached),
        output_tokens=usage.output,
    )
    provider, name = _named(model)
    try:
        found = calc_price(
            counted,
            name,
            provider_id=provider,
            genai_request_timestamp=moment,
            price_context={"service_tier": tier} if tier else None,
        )
    except LookupError:
        raise _unpriced(model) from None
    if found.total_price <= 0 and usage.input + usage.output > 0:
        # A free trial of one gateway is no promise; a model that costs nothing is the operator's word to give.
        raise _unpriced(model)
    return _ceil(found.total_price)


@lru_cache(maxsize=256)
def _depends_on_time(model: str) -> bool:
    """Say whether a model's price changes within a day."""
    now, usage = datetime.now(UTC), Usage(input=1_000_000, output=1_000_000)
    return len({_price(model, usage, None, now + timedelta(hours=hour)) for hour in range(HOURS)}) > 1


@lru_cache(maxsize=256)
def _named(model: str) -> tuple[str | None, str]:
    """Split `provider:model`; a model alone is looked up with OpenAI first, then with everybody."""
    provider, separator, name = model.partition(":")
    if separator and provider:
        return provider, name
    for candidate in ("openai", None):
        try:
            calc_price(Counted(input_tokens=1, output_tokens=1), model, provider_id=candidate)
        except LookupError:
            continue
        return candidate, model
    raise _unpriced(model)


def _unpriced(model: str) -> OperatorMistake:
    return OperatorMistake(
        f"No price is known for the model {model[:80]!r}.",
        hint="Set FRESH_PRICE_INPUT and FRESH_PRICE_OUTPUT (US dollars per million tokens), or choose another --model.",
    )


def _ceil(amount: Decimal) -> Usd:
    return Usd(int((amount * 1_000_000).to_integral_value(ROUND_CEILING))) if amount else ZERO
