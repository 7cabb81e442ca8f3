"""What every command line of a project has in common, whatever library it is written with."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fresh.engines.codemod.hookup.binding import Bound, call, converted
from fresh.engines.codemod.hookup.edits import Edits
from fresh.engines.codemod.hookup.functions import Function
from fresh.engines.codemod.hookup.launches import Launch
from fresh.engines.codemod.hookup.layout import Layout
from fresh.engines.codemod.hookup.showing import Showing
from fresh.engines.codemod.hookup.sources import Module, Sources
from fresh.engines.codemod.hookup.spelling import Spelling
from fresh.engines.codemod.hookup.trials import Entry

AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Hookup:
    """The command that is to be written: `word` is what people type, `bound` where its parameters go.

    `lazy` means that the function is imported inside of the command; `home` is how its module is spelled there.
    """

    function: Function
    word: str
    bound: tuple[Bound, ...]
    showing: Showing
    lazy: bool
    home: str
    layout: Layout

    @property
    def summary(self) -> str:
        """The help of the command."""
        return self.function.docstring.summary


class Cli(Protocol):
    """One place where a command can be added."""

    @property
    def module(self) -> Module:
        """The module that is edited."""
        ...

    @property
    def launch(self) -> Launch:
        """How people start it."""
        ...

    @property
    def words(self) -> tuple[str, ...]:
        """The words between the program and the command: the groups above it."""
        ...

    @property
    def taken(self) -> frozenset[str]:
        """The commands that are there."""
        ...

    @property
    def library(self) -> str:
        """The library that it is written with."""
        ...

    @property
    def entry(self) -> Entry:
        """How Python code starts it."""
        ...

    def reserved(self) -> frozenset[str]:
        """Names that no parameter may have."""
        ...

    def refusal(self, bound: Sequence[Bound]) -> str | None:
        """Say what of these parameters the library can't express."""
        ...

    def write(self, hookup: Hookup, spelling: Spelling) -> Edits:
        """Write the command. Raises Declined."""
        ...


@dataclass(frozen=True)
class Body:
    """The code of a command: imports that must wait, then the call and what is done with its value."""

    lines: tuple[str, ...]
    callee: str


def callee_of(hookup: Hookup, spelling: Spelling) -> str:
    """Spell the function in the edited module; a lazy one is imported where it is called."""
    if hookup.lazy:
        return hookup.function.name
    return spelling.name(hookup.function.module.name, hookup.function.name)


def write_body(
    hookup: Hookup,
    spelling: Spelling,
    reads: dict[str, str],
    container: str,
    enum_is_text: bool,
    echo: str,
    taken: set[str],
) -> list[str]:
    """Write the statements of a command. `reads` says for each parameter where its value is found."""
    values = {}
    for bound in hookup.bound:
        choices = bound.parameter.shape.choices
        enum = spelling.name(choices.module, choices.name) if choices is not None and enum_is_text else ""
        values[bound.parameter.name] = converted(bound, reads[bound.parameter.name], container, enum)
    callee = callee_of(hookup, spelling)
    opening, arguments = call(callee, hookup.function, values)
    closing = ")"
    if hookup.function.is_async:
        opening, closing = f"{spelling.whole('asyncio')}.run({opening}", "))"
    for module, name in hookup.showing.imports():
        spelled = spelling.name(module, name) if name else spelling.whole(module)
        if spelled != (name or module):
            taken.add(spelled)
    lines = [f"from {hookup.home} import {hookup.function.name}"] if hookup.lazy else []
    return [*lines, *hookup.showing.command(opening, arguments, closing, echo, taken, hookup.layout)]


def choose(clis: Sequence[Cli], function: Function, sources: Sources) -> tuple[Cli, str]:
    """Take the command line nearest to the function, always the same one; say why."""
    ranked = sorted(clis, key=lambda cli: _rank(cli, function, sources))
    best = ranked[0]
    where = f"`{' '.join((*best.launch.words, *best.words))}` in {best.module.path}"
    if len(ranked) == 1:
        return best, f"{where} is the project's one {best.library} command line ({best.launch.why})"
    topic = " and its group is about the same module" if _on_topic(best, function, sources) else ""
    return best, f"{where} is nearest to {function.module.path} of {len(ranked)} places for a command{topic}"


def _rank(cli: Cli, function: Function, sources: Sources) -> tuple[bool, int, int, int, str, str]:
    here, there = cli.module.package.split("."), function.module.package.split(".")
    common = len(posixpath.commonprefix([here, there]))
    distance = len(here) + len(there) - 2 * common
    topic = _on_topic(cli, function, sources)
    return (not topic, distance, len(cli.words), -len(cli.taken), cli.module.path, " ".join(cli.words))


def _on_topic(cli: Cli, function: Function, sources: Sources) -> bool:
    """Say whether a nested group is named after the function's module."""
    if not cli.words:
        return False
    stem = function.module.name.rpartition(".")[2]
    return cli.words[-1].replace("-", "_").rstrip("s") == stem.rstrip("s")
