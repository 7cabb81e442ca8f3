"""Prices that anybody can multiply: $1 per million tokens in, $10 per million out; flex at half of it."""

from __future__ import annotations

from dataclasses import dataclass

from fresh.domain.conversation import Tier, Usage
from fresh.domain.money import Usd
from fresh.errors import OperatorMistake


@dataclass
class FakePrices:
    """Price every model but the ones that have none."""

    unpriced: frozenset[str] = frozenset()
    input: int = 1
    output: int = 10

    def worst(self, model: str, tier: Tier, input_tokens: int, output_tokens: int) -> Usd:
        if model in self.unpriced:
            raise OperatorMistake(f"No price is known for the model {model!r}.")
        return Usd(self.input * input_tokens + self.output * output_tokens)

    def cost(self, model: str, tier: str, usage: Usage) -> Usd | None:
        whole = self.input * usage.input + self.output * usage.output
        return {"default": Usd(whole), "flex": Usd(-(-whole // 2)), "priority": Usd(2 * whole)}.get(tier)
