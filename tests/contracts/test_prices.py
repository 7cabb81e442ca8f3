"""What prices must promise: no reply within its bound costs more than was foreseen. Expected amounts: vendors' lists."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fresh.adapters.genai_prices import GenaiPrices, OwnPrice
from fresh.domain.conversation import Tier, Usage
from fresh.domain.money import ZERO, Usd
from fresh.errors import OperatorMistake

MODELS = (
    "gpt-5",
    "gpt-5-mini",
    "gpt-5.6-luna",
    "gpt-6.1-sol",
    "gpt-6-luna",
    "claude-sonnet-4-5",
    "deepseek-chat",
)
OWN = OwnPrice(input=Decimal("0.333"), output=Decimal("1.7"))


@st.composite
def usages(draw: st.DrawFn) -> tuple[int, int, Usage]:
    """Draw a bound, an output limit and a usage within them, also beyond where long contexts cost more."""
    bound, limit = draw(st.integers(0, 1_200_000)), draw(st.integers(1, 200_000))
    given_in, made = draw(st.integers(0, bound)), draw(st.integers(0, limit))
    cached = draw(st.integers(0, given_in))
    written = draw(st.integers(0, given_in - cached))
    reasoning = draw(st.integers(0, made))
    return (
        bound,
        limit,
        Usage(input=given_in, cached=cached, cache_written=written, output=made, reasoning=reasoning),
    )


@pytest.mark.parametrize("prices", [GenaiPrices(), GenaiPrices(OWN)], ids=["tables", "own"])
@settings(max_examples=150, deadline=None)
@given(model=st.sampled_from(MODELS), tier=st.sampled_from(Tier), drawn=usages(), flexed=st.booleans())
def test_no_reply_within_its_bound_costs_more_than_was_foreseen(
    prices: GenaiPrices, model: str, tier: Tier, drawn: tuple[int, int, Usage], flexed: bool
) -> None:
    bound, limit, usage = drawn
    answered = Tier.FLEX if flexed and tier is Tier.FLEX else Tier.DEFAULT
    cost = prices.cost(model, answered, usage)
    assert cost is not None
    assert ZERO <= cost <= prices.worst(model, tier, bound, limit)


def test_a_step_costs_what_the_vendor_s_list_says() -> None:
    # gpt-5-mini: $0.25 in, $0.025 cached, $2.00 out per million; flex is half.
    usage = Usage(input=100_000, cached=80_000, output=5_000)
    assert GenaiPrices().cost("gpt-5-mini", "default", usage) == Usd(17_000)
    assert GenaiPrices().cost("gpt-5-mini", "flex", usage) == Usd(8_500)


def test_reasoning_is_part_of_the_output_and_not_paid_twice() -> None:
    plain = GenaiPrices().cost("gpt-5-mini", "default", Usage(input=10, output=100))
    assert GenaiPrices().cost("gpt-5-mini", "default", Usage(input=10, output=100, reasoning=90)) == plain


def test_flex_is_foreseen_at_the_standard_price_because_it_may_be_answered_so() -> None:
    prices = GenaiPrices()
    assert prices.worst("gpt-5-mini", Tier.FLEX, 1000, 1000) == prices.worst(
        "gpt-5-mini", Tier.DEFAULT, 1000, 1000
    )


def test_the_foreseen_price_takes_the_input_as_written_to_the_cache_where_that_is_dearer() -> None:
    # From the GPT-5.6 family on a cache write costs 1.25 times the input.
    prices = GenaiPrices()
    plain = prices.cost("gpt-5.6-luna", "default", Usage(input=100_000, output=0))
    written = prices.cost("gpt-5.6-luna", "default", Usage(input=100_000, cache_written=100_000, output=0))
    assert plain is not None
    assert written is not None
    assert written.micros == plain.micros * 5 // 4
    assert prices.worst("gpt-5.6-luna", Tier.DEFAULT, 100_000, 0) == written + Usd(1)


def test_a_long_context_is_foreseen_at_its_own_price() -> None:
    prices = GenaiPrices()
    short = prices.worst("gpt-6.1-sol", Tier.DEFAULT, 272_000, 0).micros
    long = prices.worst("gpt-6.1-sol", Tier.DEFAULT, 272_001, 0).micros
    assert long > short * 1.5


def test_the_ordinary_tier_of_groq_has_the_ordinary_price() -> None:
    usage = Usage(input=1000, output=10)
    for prices in (GenaiPrices(), GenaiPrices(OWN)):
        assert prices.cost("gpt-5-mini", "on_demand", usage) == prices.cost("gpt-5-mini", "default", usage)


@pytest.mark.parametrize("tier", ["batch", "nonsense", "", "FLEX", "ultrafast", "scale"])
def test_a_tier_that_is_not_known_has_no_price(tier: str) -> None:
    assert GenaiPrices().cost("gpt-5-mini", tier, Usage(input=1, output=1)) is None
    assert GenaiPrices(OWN).cost("gpt-5-mini", tier, Usage(input=1, output=1)) is None


def test_a_reply_upgraded_to_priority_is_charged_so() -> None:
    usage = Usage(input=100_000, output=5_000)
    normal, priority = (GenaiPrices().cost("gpt-5-mini", tier, usage) for tier in ("default", "priority"))
    assert normal is not None
    assert priority is not None
    assert priority > normal


@pytest.mark.parametrize(
    "model",
    [
        "gpt-77",
        "my-own-model",
        "qwen3:8b",
        "",
        ":",
        "/",
        "openai:",
        "gpt-5-nano-super",
        "gpt-5-nano-",
        "x" * 10_000,
    ],
)
def test_a_model_without_a_price_is_refused_with_both_ways_out(model: str) -> None:
    with pytest.raises(OperatorMistake) as refused:
        GenaiPrices().worst(model, Tier.DEFAULT, 1, 1)
    assert repr(model[:80]) in refused.value.message
    assert len(refused.value.message) < 200
    assert "FRESH_PRICE_INPUT" in refused.value.hint
    assert "--model" in refused.value.hint
    with pytest.raises(OperatorMistake):
        GenaiPrices().cost(model, "default", Usage(input=1, output=1))


@pytest.mark.parametrize(
    ("name", "same_as"),
    [
        ("gpt-5-mini-2025-08-07", "gpt-5-mini"),
        ("gpt-5-nano-2025-08-07", "gpt-5-nano"),
        ("openai:gpt-5-mini", "gpt-5-mini"),
        ("openai/gpt-5-mini", "gpt-5-mini"),
        ("gpt-6-luna-2026-10-01", "gpt-6-luna"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
    ],
)
def test_versions_and_names_with_their_provider_cost_the_same(name: str, same_as: str) -> None:
    prices, usage = GenaiPrices(), Usage(input=300_000, cached=1000, output=20_000)
    assert prices.cost(name, "default", usage) == prices.cost(same_as, "default", usage)


def test_a_model_that_costs_nothing_somewhere_is_no_known_price() -> None:
    with pytest.raises(OperatorMistake):
        GenaiPrices().worst("openrouter:openai/gpt-oss-20b:free", Tier.DEFAULT, 1000, 1000)


def test_a_reply_of_no_tokens_costs_nothing_and_is_no_mistake() -> None:
    assert GenaiPrices().cost("gpt-5-mini", "default", Usage(input=0, output=0)) == ZERO


def test_a_price_of_one_s_own_counts_for_every_model_and_rounds_against_the_spender() -> None:
    prices = GenaiPrices(OWN)
    assert prices.cost("my-own-model", "default", Usage(input=1, output=0)) == Usd(1)
    assert prices.worst("my-own-model", Tier.DEFAULT, 1_000_000, 1_000_000) == Usd(2_033_000)


def test_a_free_model_of_one_s_own_is_free() -> None:
    prices = GenaiPrices(OwnPrice(input=Decimal(0), output=Decimal(0)))
    assert prices.worst("llama", Tier.DEFAULT, 10**6, 10**6) == ZERO


def test_the_tables_are_never_updated_over_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("something went online")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert GenaiPrices().worst("gpt-5-mini", Tier.FLEX, 12345, 678) > ZERO
