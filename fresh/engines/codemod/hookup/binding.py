"""Where each parameter goes on the command line, and how what arrives there becomes the function's value."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from fresh.engines.codemod.hookup.functions import Function
from fresh.engines.codemod.hookup.shapes import Sort
from fresh.engines.codemod.hookup.signatures import Parameter
from fresh.errors import Declined


class Place(StrEnum):
    """How a parameter is given."""

    ARGUMENT = "argument"
    OPTION = "option"
    SWITCH = "switch"


@dataclass(frozen=True)
class Bound:
    """One parameter on the command line; `local` is the name under which the command finds its value."""

    parameter: Parameter
    place: Place
    local: str

    @property
    def word(self) -> str:
        """The parameter's name as people type it."""
        return self.parameter.name.strip("_").replace("_", "-").lower() or "value"

    @property
    def flag(self) -> str:
        """The option. A switch is long even with one letter: argparse derives the off switch from long ones alone."""
        return f"-{self.word}" if len(self.word) == 1 and self.place is not Place.SWITCH else f"--{self.word}"

    @property
    def off_flag(self) -> str:
        """The long option that switches off."""
        return f"--no-{self.word}"

    @property
    def required(self) -> bool:
        """Whether people must give it."""
        shape = self.parameter.shape
        return self.parameter.default is None and not shape.optional and self.place is not Place.SWITCH

    @property
    def absent_is_none(self) -> bool:
        """Whether the function gets None when nothing is typed."""
        default = self.parameter.default
        return default.literal is None if default is not None else self.parameter.shape.optional


def bind(function: Function, reserved: Collection[str]) -> tuple[Bound, ...]:
    """Place every parameter: required ones are arguments, the others options; local names avoid `reserved`."""
    found: list[Bound] = []
    lists = 0
    for parameter in function.parameters:
        shape = parameter.shape
        place = Place.ARGUMENT
        if shape.sort is Sort.SWITCH and not shape.many:
            place = Place.SWITCH
        elif (
            parameter.default is not None
            or shape.optional
            or parameter.keyword_only
            or (shape.many and lists)
        ):
            place = Place.OPTION
        lists += bool(shape.many)
        local = parameter.name.lower().strip("_") or "value"
        while local in reserved or local in {bound.local for bound in found}:
            local += "_"
        found.append(Bound(parameter, place, local))
    _refuse_clashes(function.name, found)
    return tuple(found)


def _refuse_clashes(function: str, found: list[Bound]) -> None:
    flags = [
        flag for bound in found if bound.place is not Place.ARGUMENT for flag in (bound.flag, bound.off_flag)
    ]
    clashing = sorted({flag for flag in flags if flags.count(flag) > 1} | ({"--help", "-h"} & set(flags)))
    if clashing:
        raise Declined(
            f"{function} has parameters that would clash on the command line: {', '.join(clashing)}."
        )


def converted(bound: Bound, read: str, container: str, enum: str) -> str:
    """Write the expression that turns what was typed into the function's value.

    `read` is where the command finds it, `container` what the library collects several values in, `enum` how the
    Enum is spelled when the library delivers text for it.
    """
    shape, optional = bound.parameter.shape, bound.absent_is_none
    chooses = f"{enum}({{}})" if shape.choices is not None and shape.choices.by_value else f"{enum}[{{}}]"
    if not shape.many:
        if not enum:
            return read
        value = chooses.format(read)
        return f"{value} if {read} is not None else None" if optional else value
    value = read if shape.many == container else f"{shape.many}({read})"
    if enum:
        each = f"{chooses.format('item')} for item in {read}"
        value = {"list": f"[{each}]", "set": f"{{{each}}}"}.get(shape.many, f"{shape.many}({each})")
    if not optional:
        return value
    return f"{read} or None" if value == read else f"{value} if {read} else None"


def call(callee: str, function: Function, values: dict[str, str]) -> tuple[str, list[str]]:
    """Write a call as its opening and its arguments, for those parameters that `values` holds."""
    arguments = []
    named = False
    for parameter in function.parameters:
        if parameter.name not in values:
            named = True
            continue
        value = values[parameter.name]
        by_name = parameter.keyword_only or (
            not parameter.positional_only and (named or parameter.default is not None)
        )
        arguments.append(f"{parameter.name}={value}" if by_name else value)
    return f"{callee}(", arguments
