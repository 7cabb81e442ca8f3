"""Commands of a click group."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from fresh.engines.codemod.hookup.binding import Bound, Place
from fresh.engines.codemod.hookup.clis import Hookup, write_body
from fresh.engines.codemod.hookup.edits import Edits, Insertion
from fresh.engines.codemod.hookup.groups import STRIPPED, Group, chain, command_word, find_groups
from fresh.engines.codemod.hookup.launches import Launch, launch_of
from fresh.engines.codemod.hookup.layout import indented
from fresh.engines.codemod.hookup.mishaps import caught
from fresh.engines.codemod.hookup.neighbours import echoes, gap_before, habits_of
from fresh.engines.codemod.hookup.shapes import Shape, Sort
from fresh.engines.codemod.hookup.sources import Module, Sources
from fresh.engines.codemod.hookup.spelling import Spelling, writes_unions
from fresh.engines.codemod.hookup.trials import Entry

TYPES = {Sort.TEXT: "str", Sort.INT: "int", Sort.FLOAT: "float", Sort.ENUM: "str", Sort.SWITCH: "bool"}


@dataclass(frozen=True)
class ClickCli:
    """One place where `@group.command()` can stand: the group's module, or one that registers commands already."""

    group: Group
    root: Group
    words: tuple[str, ...]
    module: Module
    launch: Launch
    unions: bool
    library: str = "click"

    @property
    def taken(self) -> frozenset[str]:
        """The commands that are there."""
        return frozenset({word for word, _, _ in self.group.commands} | self.group.registered)

    @property
    def entry(self) -> Entry:
        """Call the root group."""
        return Entry(
            module=self.root.module.name,
            attribute=self.root.variable,
            way="object",
            program=self.launch.words[0],
        )

    def reserved(self) -> frozenset[str]:
        """Names that no parameter may have: those that the command's code uses."""
        return frozenset(
            {"click", "json", "asyncio", "asdict", "sorted", "list", "tuple", "set", "frozenset", "item"}
        )

    def refusal(self, bound: Sequence[Bound]) -> str | None:
        """Refuse choices among numbers: click before 8.2 has none."""
        for one in bound:
            if one.parameter.shape.literals and not isinstance(one.parameter.shape.literals[0], str):
                return f"{one.parameter.name} is a Literal of numbers, which click's Choice can't express"
        return None

    def write(self, hookup: Hookup, spelling: Spelling) -> Edits:
        """Write the decorated function after the last command of the group."""
        own = [(word, node) for word, node, module in self.group.commands if module is self.module]
        habits = habits_of(self.module, own)
        nodes = [node for _, node in own]
        local = {bound.local for bound in hookup.bound}
        group = self._group_name(spelling)
        reads = {bound.parameter.name: bound.local for bound in hookup.bound}
        echo = "print"
        if echoes(self.module, nodes, "echo", "click"):
            echo = self._spell("echo", spelling)
        body = write_body(hookup, spelling, reads, "tuple", True, echo, {*local, *spelling.taken})
        body = caught(self.module, nodes, hookup.function, body)
        parameters = [self._parameter(bound, hookup, spelling, nodes) for bound in hookup.bound]
        name = habits.name(hookup.word, spelling.taken)
        arguments = [self._annotated(bound, habits.annotated, spelling) for bound in hookup.bound]
        head = hookup.layout.wrap(f"def {name}(", arguments, ") -> None:" if habits.annotated else "):")
        lines = [
            f"@{group}.command({self._naming(name, hookup, nodes)})",
            *(line for parameter in parameters for line in parameter),
            *head,
            *indented(self._documented(hookup, name)),
            *indented(body),
        ]
        line = self._anchor()
        return Edits(after={line: [Insertion(tuple(lines), gap=self._gap(nodes))]})

    def _documented(self, hookup: Hookup, name: str) -> list[str]:
        return [hookup.layout.docstring(hookup.summary)] if hookup.summary else []

    def _gap(self, nodes: Sequence[ast.FunctionDef | ast.AsyncFunctionDef]) -> int:
        functions = [node for node in self.module.tree.body if isinstance(node, ast.FunctionDef)]
        return gap_before(self.module, list(nodes) or functions)

    def _anchor(self) -> int:
        if self.module.path in self.group.sites:
            return self.group.sites[self.module.path]
        return self.group.statement.lineno

    def _group_name(self, spelling: Spelling) -> str:
        if self.module is self.group.module:
            return self.group.variable
        return spelling.name(self.group.module.name, self.group.variable)

    def _spell(self, name: str, spelling: Spelling) -> str:
        for library in ("click", "rich_click"):
            for local, origin in self.module.imported.items():
                if origin == library:
                    return f"{local}.{name}"
        return spelling.name("click", name)

    def _naming(
        self, name: str, hookup: Hookup, nodes: Sequence[ast.FunctionDef | ast.AsyncFunctionDef]
    ) -> str:
        derived = command_word(ast.Name("command"), name, "click")
        return (
            "" if derived == hookup.word and not name.endswith(STRIPPED) else hookup.layout.text(hookup.word)
        )

    def _annotated(self, bound: Bound, annotated: bool, spelling: Spelling) -> str:
        if not annotated:
            return bound.local
        shape = bound.parameter.shape
        kind = TYPES.get(shape.sort, "str")
        if shape.sort is Sort.PATH:
            kind = spelling.name("pathlib", "Path")
        if shape.many:
            kind = f"tuple[{kind}, ...]"
        elif bound.absent_is_none:
            kind = f"{kind} | None" if self.unions else f"{spelling.name('typing', 'Optional')}[{kind}]"
        return f"{bound.local}: {kind}"

    def _parameter(
        self,
        bound: Bound,
        hookup: Hookup,
        spelling: Spelling,
        nodes: Sequence[ast.FunctionDef | ast.AsyncFunctionDef],
    ) -> list[str]:
        layout, shape = hookup.layout, bound.parameter.shape
        items: list[str] = []
        if bound.place is Place.ARGUMENT:
            kind, items = "argument", [layout.text(bound.local)]
            if shape.many:
                items += ["nargs=-1", "required=True"]
        else:
            kind, flags = "option", bound.flag
            if bound.place is Place.SWITCH and self._is_pair(bound):
                flags = f"{bound.flag}/{bound.off_flag}"
            items = [layout.text(flags)]
            if bound.word.replace("-", "_") != bound.local:
                items.append(layout.text(bound.local))
            items += ["multiple=True"] if shape.many else []
            items += ["required=True"] if bound.required else []
            items += ["is_flag=True"] if bound.place is Place.SWITCH and not self._is_pair(bound) else []
        items += self._typed(shape, hookup, spelling)
        default = self._default(bound, hookup, spelling)
        if default:
            items.append(f"default={default}")
            if any("show_default" in ast.dump(node) for node in nodes) and bound.place is Place.OPTION:
                items.append("show_default=True")
        if bound.place is not Place.ARGUMENT and bound.parameter.help:
            items.append(f"help={layout.text(bound.parameter.help)}")
        return layout.wrap(f"@{self._spell(kind, spelling)}(", items, ")")

    def _is_pair(self, bound: Bound) -> bool:
        """A switch needs a way off when it is on, or undecided, by default."""
        default = bound.parameter.default
        return bound.absent_is_none or (default is not None and default.literal is True)

    def _typed(self, shape: Shape, hookup: Hookup, spelling: Spelling) -> list[str]:
        if shape.sort in (Sort.INT, Sort.FLOAT):
            return [f"type={TYPES[shape.sort]}"]
        if shape.sort is Sort.PATH:
            return [f"type={self._spell('Path', spelling)}(path_type={spelling.name('pathlib', 'Path')})"]
        if shape.sort is Sort.LITERAL:
            return [f"type={self._spell('Choice', spelling)}({hookup.layout.literal(list(shape.literals))})"]
        if shape.choices is not None:
            enum = spelling.name(shape.choices.module, shape.choices.name)
            part = "value" if shape.choices.by_value else "name"
            return [f"type={self._spell('Choice', spelling)}([item.{part} for item in {enum}])"]
        return []

    def _default(self, bound: Bound, hookup: Hookup, spelling: Spelling) -> str:
        default, shape = bound.parameter.default, bound.parameter.shape
        if bound.place is Place.SWITCH and bound.absent_is_none:
            return "None"
        if default is None or default.literal is None or default.literal == ():
            return ""
        if bound.place is Place.SWITCH:
            return "True" if default.literal is True else ""
        if shape.choices is not None:
            enum = spelling.name(shape.choices.module, shape.choices.name)
            return f"{enum}.{default.literal}.{'value' if shape.choices.by_value else 'name'}"
        if default.constant and not hookup.lazy:
            return spelling.name(hookup.function.module.name, default.constant)
        literal = list(default.literal) if isinstance(default.literal, tuple) else default.literal
        return hookup.layout.literal(literal)


def find_click(sources: Sources, launches: tuple[Launch, ...]) -> tuple[list[ClickCli], list[str]]:
    """Find every place for a command, and say what was found and can't be used."""
    found: list[ClickCli] = []
    refused: list[str] = []
    groups = find_groups(sources)
    for group in groups.values():
        top = chain(group, groups) if group.library == "click" else None
        if top is None:
            continue
        root, words = top
        launch = launch_of(root.module, frozenset({root.variable}), launches, sources)
        if launch is None:
            refused.append(f"nothing starts the click group {root.variable} in {root.module.path}")
            continue
        sites = {group.module.path, *group.sites}
        for path in sorted(sites):
            module = sources.at(path)
            if module is not None:
                found.append(ClickCli(group, root, words, module, launch, writes_unions(module, sources)))
    return found, refused
