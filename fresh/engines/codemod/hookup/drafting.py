"""Decide everything about one hookup before a file is touched: the place, the command, its samples, its output."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fresh.domain.feature import Feature
from fresh.engines.codemod.hookup.argparse_cli import find_argparse
from fresh.engines.codemod.hookup.binding import Bound, bind
from fresh.engines.codemod.hookup.click_cli import find_click
from fresh.engines.codemod.hookup.clis import Cli, Hookup, choose
from fresh.engines.codemod.hookup.dangers import find_danger
from fresh.engines.codemod.hookup.functions import Function, read_function
from fresh.engines.codemod.hookup.launches import read_launches
from fresh.engines.codemod.hookup.layout import Layout
from fresh.engines.codemod.hookup.rehearsal import rehearse
from fresh.engines.codemod.hookup.samples import Sample
from fresh.engines.codemod.hookup.sources import Module, Sources
from fresh.engines.codemod.hookup.spelling import imports_late, prefers_relative, relative
from fresh.engines.codemod.hookup.suites import read_suite
from fresh.engines.codemod.hookup.typer_cli import find_typer
from fresh.errors import Declined
from fresh.ports import Bench

SPOKEN = re.compile(
    r"\b(?:call|name|rename)\b[^`'\"]*[`'\"]([a-z][a-z0-9]*(?:-[a-z0-9]+)*)[`'\"]", re.IGNORECASE
)

FEW = 3


@dataclass(frozen=True)
class Draft:
    """What will be written. `plain` is the sample of the first test, `full` one with more options, if there are any.

    `unexercised` names the parameters that no sample sets, `unmoved` those whose sample leaves the result as it was.
    """

    cli: Cli
    why: str
    hookup: Hookup
    plain: Sample
    full: Sample | None
    unexercised: tuple[str, ...]
    unmoved: tuple[str, ...]

    @property
    def command(self) -> tuple[str, ...]:
        """What people type, up to the command."""
        return (*self.cli.launch.words, *self.cli.words, self.hookup.word)


def draft(bench: Bench, sources: Sources, *, lazy: bool = False, word: str = "") -> Draft:
    """Decide; `lazy` asks for an import inside of the command, `word` for a name. Raises Declined."""
    feature = bench.ticket.feature
    _refuse_kind(feature)
    function = read_function(feature, sources)
    danger = find_danger(function, sources)
    if danger is not None:
        raise Declined(
            f"{function.name} uses {danger}, which no automatic test may run on people's machines."
        )
    cli, why = choose(find_clis(sources), function, sources)
    lazy = lazy or sources.reaches(function.module.name, cli.module.name)
    if lazy:
        _refuse_early_names(cli.module, function)
    lazy = lazy or (imports_late(cli.module) and not any(one.shape.choices for one in function.parameters))
    layout = layout_of(cli.module, sources)
    bound = _bound(cli, function)
    quoting = read_suite(sources, cli.module, layout).layout
    strict = cli.library != "argparse"
    rehearsal = rehearse(bench, function, bound, sources, quoting, strict)
    home = function.module.name
    if prefers_relative(cli.module, sources):
        home = relative(cli.module.package, home) or home
    hookup = Hookup(function, name_command(cli, function, word), bound, rehearsal.showing, lazy, home, layout)
    return Draft(cli, why, hookup, rehearsal.plain, rehearsal.full, rehearsal.unexercised, rehearsal.unmoved)


def find_clis(sources: Sources) -> list[Cli]:
    """Find every place where a command can be added. Raises Declined with what there is instead."""
    launches = read_launches(sources)
    found: list[Cli] = []
    refused: list[str] = []
    for find in (find_click, find_typer, find_argparse):
        usable, notes = find(sources, launches)
        found, refused = [*found, *usable], [*refused, *notes]
    if not found:
        more = [f"and {len(refused) - FEW} more like these"] if len(refused) > FEW else []
        reasons = (
            "; ".join([*refused[:FEW], *more]) or "there is no click group, typer app or argparse parser"
        )
        raise Declined(f"The project has no command line to extend: {reasons}.")
    return found


def layout_of(module: Module, sources: Sources) -> Layout:
    """Read the layout of a module."""
    return Layout.of(module.text, sources.text("pyproject.toml"), sources.text("setup.cfg"))


def name_command(cli: Cli, function: Function, asked: str = "") -> str:
    """Name the command like the function, with its module before it when that name is taken. Raises Declined."""
    stem = function.name.strip("_").replace("_", "-").lower()
    module = function.module.name.rpartition(".")[2].strip("_").replace("_", "-").lower()
    choices = [asked] if asked else [stem, f"{module}-{stem}"]
    for choice in choices:
        if choice not in cli.taken:
            return choice
    raise Declined(f"{cli.module.path} has commands named {' and '.join(choices)} already.")


def asked_word(asked: str) -> str:
    """Read the one request in words that code can follow: another name for the command. Raises Declined."""
    if not asked.strip():
        return ""
    found = SPOKEN.search(asked)
    if found is None:
        raise Declined(
            "codemod can't follow this request; the one it understands is another name for the command.",
            hint="Ask for: rename it to `other-name`. The llm engine follows free words.",
        )
    return found[1]


def _refuse_kind(feature: Feature) -> None:
    if feature.is_class or "." in feature.qualname:
        raise Declined(
            f"{feature.qualname} is no plain function; a command has no live object to call it on."
        )
    if feature.name.startswith("_"):
        raise Declined(f"{feature.name} is private.")


def _bound(cli: Cli, function: Function) -> tuple[Bound, ...]:
    reserved = set(cli.reserved())
    if cli.library != "argparse":
        reserved |= {function.name, *cli.module.defined, *cli.module.imported}
    bound = bind(function, reserved)
    refusal = cli.refusal(bound)
    if refusal is not None:
        raise Declined(f"{function.name} can't become a command of {cli.module.path}: {refusal}.")
    return bound


def _refuse_early_names(module: Module, function: Function) -> None:
    """A circular import can wait inside of a command, but an Enum's choices are needed when it is defined."""
    for parameter in function.parameters:
        if parameter.shape.choices is not None:
            raise Declined(
                f"{function.module.path} and {module.path} import each other, and the choices of "
                f"{parameter.name} would be needed too early."
            )
