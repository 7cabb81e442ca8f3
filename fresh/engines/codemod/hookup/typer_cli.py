"""Commands of a typer app."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from fresh.engines.codemod.hookup.binding import Bound, Place
from fresh.engines.codemod.hookup.clis import Hookup, write_body
from fresh.engines.codemod.hookup.edits import Edits, Insertion
from fresh.engines.codemod.hookup.groups import Group, chain, find_groups
from fresh.engines.codemod.hookup.launches import Launch, launch_of
from fresh.engines.codemod.hookup.layout import indented
from fresh.engines.codemod.hookup.mishaps import caught
from fresh.engines.codemod.hookup.neighbours import echoes, gap_before, habits_of
from fresh.engines.codemod.hookup.shapes import Sort
from fresh.engines.codemod.hookup.sources import Module, Sources
from fresh.engines.codemod.hookup.spelling import Spelling, writes_unions
from fresh.engines.codemod.hookup.trials import Entry

TYPES = {Sort.TEXT: "str", Sort.INT: "int", Sort.FLOAT: "float", Sort.SWITCH: "bool"}


@dataclass(frozen=True)
class TyperCli:
    """One place where `@app.command()` can stand."""

    group: Group
    root: Group
    words: tuple[str, ...]
    module: Module
    launch: Launch
    unions: bool
    library: str = "typer"

    @property
    def taken(self) -> frozenset[str]:
        """The commands that are there."""
        return frozenset({word for word, _, _ in self.group.commands} | self.group.registered)

    @property
    def entry(self) -> Entry:
        """Call the root app."""
        return Entry(
            module=self.root.module.name,
            attribute=self.root.variable,
            way="object",
            program=self.launch.words[0],
        )

    def reserved(self) -> frozenset[str]:
        """Names that no parameter may have: those that the command's code uses."""
        names = {"typer", "json", "asyncio", "asdict", "sorted", "list", "tuple", "set", "frozenset", "item"}
        return frozenset(names)

    def refusal(self, bound: Sequence[Bound]) -> str | None:
        """Refuse what typer knows no choices for."""
        for one in bound:
            shape = one.parameter.shape
            if shape.literals and not isinstance(shape.literals[0], str):
                return f"{one.parameter.name} is a Literal of numbers, which typer can't express"
            if shape.choices is not None and not shape.choices.by_value:
                return f"{one.parameter.name} is an Enum whose values are no text, which typer can't express"
        return None

    def write(self, hookup: Hookup, spelling: Spelling) -> Edits:
        """Write the decorated function after the last command of the app."""
        own = [(word, node) for word, node, module in self.group.commands if module is self.module]
        habits, nodes = habits_of(self.module, own), [node for _, node in own]
        reads = {bound.parameter.name: bound.local for bound in hookup.bound}
        taken = {*reads.values(), *spelling.taken}
        echo = "print"
        if echoes(self.module, nodes, "echo", "typer"):
            echo = (
                f"{spelling.whole('typer')}.echo"
                if "typer.echo" not in self.module.imported.values()
                else "echo"
            )
        body = write_body(hookup, spelling, reads, "list", False, echo, taken)
        body = caught(self.module, nodes, hookup.function, body)
        ordered = sorted(
            hookup.bound, key=lambda bound: (self._has_default(bound), bound.place is not Place.ARGUMENT)
        )
        parameters = [self._parameter(bound, hookup, spelling) for bound in ordered]
        name = habits.name(hookup.word, spelling.taken)
        naming = "" if name.replace("_", "-") == hookup.word else hookup.layout.text(hookup.word)
        group = self.group.variable
        if self.module is not self.group.module:
            group = spelling.name(self.group.module.name, group)
        lines = [
            f"@{group}.command({naming})",
            *hookup.layout.wrap(f"def {name}(", parameters, ") -> None:"),
            *indented([hookup.layout.docstring(hookup.summary)] if hookup.summary else []),
            *indented(body),
        ]
        functions = [node for node in self.module.tree.body if isinstance(node, ast.FunctionDef)]
        line = self.group.sites.get(self.module.path, self.group.statement.lineno)
        gap = gap_before(self.module, nodes or functions)
        return Edits(after={line: [Insertion(tuple(lines), gap=gap)]})

    def _has_default(self, bound: Bound) -> bool:
        return not bound.required

    def _parameter(self, bound: Bound, hookup: Hookup, spelling: Spelling) -> str:
        kind, details = self._kind(bound, hookup, spelling), self._details(bound, hookup)
        default = self._default(bound, hookup, spelling)
        wants = "Argument" if bound.place is Place.ARGUMENT else "Option"
        named = bound.place is Place.OPTION and bound.parameter.default is None and bound.required
        if not details and not named:
            return f"{bound.local}: {kind}" + (f" = {default}" if default else "")
        callee = f"{spelling.whole('typer')}.{wants}"
        if re.search(r"\bAnnotated\[", self.module.text) or "typer.Option(" not in self.module.text:
            marked = f"{spelling.name('typing', 'Annotated')}[{kind}, {callee}({', '.join(details)})]"
            return f"{bound.local}: {marked}" + (f" = {default}" if default else "")
        return f"{bound.local}: {kind} = {callee}({', '.join([default or '...', *details])})"

    def _kind(self, bound: Bound, hookup: Hookup, spelling: Spelling) -> str:
        shape = bound.parameter.shape
        kind = TYPES.get(shape.sort, "str")
        if shape.sort is Sort.PATH:
            kind = spelling.name("pathlib", "Path")
        elif shape.choices is not None:
            kind = spelling.name(shape.choices.module, shape.choices.name)
        elif shape.sort is Sort.LITERAL:
            choices = ", ".join(hookup.layout.literal(value) for value in shape.literals)
            kind = f"{spelling.name('typing', 'Literal')}[{choices}]"
        if shape.many:
            old = "typing.List" in self.module.imported.values()
            kind = f"{spelling.name('typing', 'List') if old else 'list'}[{kind}]"
        if bound.absent_is_none:
            kind = f"{kind} | None" if self.unions else f"{spelling.name('typing', 'Optional')}[{kind}]"
        return kind

    def _details(self, bound: Bound, hookup: Hookup) -> list[str]:
        details = []
        if bound.place is not Place.ARGUMENT and bound.flag != f"--{bound.local.replace('_', '-')}":
            flags = bound.flag
            if bound.place is Place.SWITCH:
                flags = f"{bound.flag}/{bound.off_flag}"
            details.append(hookup.layout.text(flags))
        elif bound.place is Place.ARGUMENT and bound.local.endswith("_"):
            details.append(f"metavar={hookup.layout.text(bound.word.upper())}")
        if bound.parameter.help:
            details.append(f"help={hookup.layout.text(bound.parameter.help)}")
        return details

    def _default(self, bound: Bound, hookup: Hookup, spelling: Spelling) -> str:
        default, shape = bound.parameter.default, bound.parameter.shape
        if bound.required:
            return ""
        if default is None:
            return "None" if bound.absent_is_none else "False"
        if default.literal is None:
            return "None"
        if shape.choices is not None and not shape.many:
            return f"{spelling.name(shape.choices.module, shape.choices.name)}.{default.literal}"
        if default.constant and not hookup.lazy:
            return spelling.name(hookup.function.module.name, default.constant)
        if shape.sort is Sort.PATH and not shape.many:
            return f"{spelling.name('pathlib', 'Path')}({hookup.layout.literal(default.literal)})"
        literal = list(default.literal) if isinstance(default.literal, tuple) else default.literal
        return hookup.layout.literal(literal)


def find_typer(sources: Sources, launches: tuple[Launch, ...]) -> tuple[list[TyperCli], list[str]]:
    """Find every place for a command, and say what was found and can't be used."""
    found: list[TyperCli] = []
    refused: list[str] = []
    groups = find_groups(sources)
    for group in groups.values():
        top = chain(group, groups) if group.library == "typer" else None
        if top is None:
            continue
        root, words = top
        where = f"the typer app {root.variable} in {root.module.path}"
        launch = launch_of(root.module, frozenset({root.variable}), launches, sources)
        inner = [each for each in groups.values() if each.parent == group.key]
        if launch is None:
            refused.append(f"nothing starts {where}")
        elif group is root and len(group.commands) < 2 and not group.callback and not inner:
            refused.append(
                f"{where} has {len(group.commands)} command, and a second would change how it is called"
            )
        else:
            for path in sorted({group.module.path, *group.sites}):
                module = sources.at(path)
                if module is not None:
                    found.append(TyperCli(group, root, words, module, launch, writes_unions(module, sources)))
    return found, refused
