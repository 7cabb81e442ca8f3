"""US dollars as integer micro-dollars; floats exist only where JSON or a person needs one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

MICROS = 1_000_000
MOST = 10**12
"""Dollars; their micro-dollars still fit into 64 bits."""


@dataclass(frozen=True, order=True)
class Usd:
    """An amount in micro-dollars (1 USD = 1,000,000)."""

    micros: int = 0

    @classmethod
    def of(cls, dollars: int | float | str | Decimal) -> Usd:
        """Read an amount in dollars; fractions of a micro-dollar round up, against the spender.

        Raises ValueError for what is no finite number, or more than a trillion.
        """
        try:
            amount = Decimal(str(dollars))
            if abs(amount) > MOST:
                raise ValueError(f"{dollars!r} is more than a trillion dollars")
            return cls(int((amount * MICROS).to_integral_value(ROUND_CEILING)))
        except ArithmeticError as bad:
            raise ValueError(f"{dollars!r} is not an amount in US dollars") from bad

    def __add__(self, other: Usd) -> Usd:
        return Usd(self.micros + other.micros)

    def __sub__(self, other: Usd) -> Usd:
        return Usd(self.micros - other.micros)

    def __str__(self) -> str:
        return f"${Decimal(self.micros) / MICROS:.2f}"

    @property
    def exact(self) -> str:
        """The amount for arithmetic that people follow: to the cent, or as far as it takes."""
        digits = f"{Decimal(self.micros) / MICROS:.6f}".rstrip("0")
        whole, _, fraction = digits.partition(".")
        return f"${whole}.{fraction:0<2}"

    @property
    def dollars(self) -> float:
        """The amount as a JSON number; six decimals survive the round trip through `of`."""
        return self.micros / MICROS

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        def read(given: Usd | int | float | str | Decimal) -> Usd:
            return given if isinstance(given, Usd) else cls.of(given)

        return core_schema.no_info_plain_validator_function(
            read,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda amount: amount.dollars, return_schema=core_schema.float_schema(), when_used="json"
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "number", "minimum": 0}


ZERO = Usd(0)
