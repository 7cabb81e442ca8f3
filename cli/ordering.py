"""From what was typed to an order; every mistake is one sentence that names the option."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from fresh.domain.order import RunOrder
from fresh.errors import OperatorMistake

OPTIONS = {
    "kinds": "--kind",
    "features": "--feature",
    "approval": "--no-approval",
}
"""Options that are called otherwise than their field; the others are the field's name with dashes."""


def build_order(given: Mapping[str, object]) -> RunOrder:
    """Build the order from the options that were given. Raises OperatorMistake."""
    try:
        return RunOrder.model_validate(dict(given))
    except ValidationError as bad:
        raise OperatorMistake(_sentence(bad, given), hint="See: fresh auto start --help") from bad


def option(field: str) -> str:
    """Name the option of a field."""
    return OPTIONS.get(field, "--" + field.replace("_", "-"))


def _sentence(bad: ValidationError, given: Mapping[str, object]) -> str:
    first, *more = bad.errors(include_url=False, include_context=False)
    reason = first["msg"].removeprefix("Value error, ").rstrip(".")
    field = str(first["loc"][0]) if first["loc"] else ""
    words = f"{option(field)} {given.get(field)!s}: {reason}" if field else reason
    rest = f" (and {len(more)} more)" if more else ""
    return words[:1].upper() + words[1:] + rest + "."
