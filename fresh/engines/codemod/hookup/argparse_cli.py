"""Commands of an argparse parser with subparsers."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from fresh.engines.codemod.hookup.argparse_options import argument
from fresh.engines.codemod.hookup.binding import Bound
from fresh.engines.codemod.hookup.clis import Hookup, write_body
from fresh.engines.codemod.hookup.dispatches import Dispatch, Style, find_dispatch
from fresh.engines.codemod.hookup.edits import Edits, Insertion
from fresh.engines.codemod.hookup.launches import Launch, launch_of
from fresh.engines.codemod.hookup.layout import indented
from fresh.engines.codemod.hookup.mains import Main, find_main
from fresh.engines.codemod.hookup.mishaps import caught
from fresh.engines.codemod.hookup.neighbours import AnyFunction, Habits, functions_named, habits_of
from fresh.engines.codemod.hookup.parsers import Builder, find_builder
from fresh.engines.codemod.hookup.sources import Module, Sources
from fresh.engines.codemod.hookup.spelling import Spelling, free_name
from fresh.engines.codemod.hookup.trials import Entry
from fresh.inventory.layout import Role


@dataclass(frozen=True)
class ArgparseCli:
    """A parser with subparsers whose dispatch can be extended."""

    module: Module
    launch: Launch
    builder: Builder
    dispatch: Dispatch
    main: Main
    words: tuple[str, ...] = ()
    library: str = "argparse"

    @property
    def taken(self) -> frozenset[str]:
        """The commands that are there."""
        return self.builder.taken

    @property
    def entry(self) -> Entry:
        """Call the function that parses."""
        return self.main.entry

    def reserved(self) -> frozenset[str]:
        """Attributes of the namespace that are spoken for."""
        return frozenset({self.builder.dest, self.dispatch.key, *self.builder.dests} - {""})

    def refusal(self, bound: Sequence[Bound]) -> str | None:
        """argparse expresses everything that a shape can be."""
        return None

    def write(self, hookup: Hookup, spelling: Spelling) -> Edits:
        """Write the subparser, and the function or the branch behind it."""
        parser, edits = self._subparser_name(hookup), Edits()
        definition = self._subparser(parser, hookup, spelling)
        delegated = bool(self._delegates()) or self.dispatch.style in (Style.DEFAULTS, Style.TABLE)
        name = ""
        if delegated:
            habits = habits_of(self.module, self._delegates())
            name = self._function(habits, hookup, spelling, edits)
        if self.dispatch.style is Style.DEFAULTS:
            definition.append(f"{parser}.set_defaults({self.dispatch.key}={name})")
        edits.after.setdefault(self.builder.last, []).append(Insertion(tuple(definition), self.builder.gap))
        if self.dispatch.style is Style.TABLE:
            edits.items[self.dispatch.line] = (hookup.layout.text(hookup.word), name)
        elif self.dispatch.style is not Style.DEFAULTS:
            self._branch(name, hookup, spelling, edits)
        return edits

    def _delegates(self) -> list[tuple[str, AnyFunction]]:
        pairs = [(word or self._word_of(name), name) for word, name in self.dispatch.delegates]
        return functions_named(self.module, pairs)

    def _word_of(self, function: str) -> str:
        """Guess the command behind a function from the commands that are there."""
        fitting = [word for word in self.taken if word and word.replace("-", "_") in function]
        return max(fitting, key=len, default=function)

    def _subparser_name(self, hookup: Hookup) -> str:
        names = [name for _, name in self.builder.names]
        if len(names) > 1 and len(set(names)) == 1:
            return names[0]
        stem = hookup.word.replace("-", "_")
        around = [name.replace(word.replace("-", "_"), "{}") for word, name in self.builder.names if word]
        shaped = [shape.format(stem) for shape in around if shape.count("{}") == 1 and shape != "{}"]
        taken = {part.id for part in ast.walk(self.builder.scope) if isinstance(part, ast.Name)}
        return free_name([*shaped[-1:], f"{stem}_parser", f"{stem}_subparser"], taken | self.module.defined)

    def _subparser(self, parser: str, hookup: Hookup, spelling: Spelling) -> list[str]:
        depth = 4 if isinstance(self.builder.scope, AnyFunction) else 0
        items = [hookup.layout.text(hookup.word)]
        if hookup.summary:
            items.append(f"help={hookup.layout.text(hookup.summary.replace('%', '%%'))}")
        lines = hookup.layout.wrap(f"{parser} = {self.builder.subparsers}.add_parser(", items, ")", depth)
        if not hookup.bound and self.dispatch.style is not Style.DEFAULTS:
            lines = hookup.layout.wrap(f"{self.builder.subparsers}.add_parser(", items, ")", depth)
        for bound in hookup.bound:
            lines += hookup.layout.wrap(
                f"{parser}.add_argument(", argument(bound, hookup, spelling), ")", depth
            )
        return lines

    def _body(self, namespace: str, hookup: Hookup, spelling: Spelling, taken: set[str]) -> list[str]:
        reads = {}
        for bound in hookup.bound:
            read, default = f"{namespace}.{bound.local}", bound.parameter.default
            if bound.parameter.shape.many and default is not None and default.literal:
                assert isinstance(default.literal, tuple)
                read = f"{read} or {hookup.layout.literal(list(default.literal))}"
            reads[bound.parameter.name] = read
        return write_body(hookup, spelling, reads, "list", True, "print", taken | spelling.taken)

    def _function(self, habits: Habits, hookup: Hookup, spelling: Spelling, edits: Edits) -> str:
        nodes = [node for _, node in self._delegates()]
        model = nodes[-1] if nodes else None
        arguments, namespace = "args", "args"
        if model is not None and model.args.args:
            place = self._namespace_place(model)
            arguments, namespace = ast.unparse(model.args), model.args.args[place].arg
        name = habits.name(hookup.word, spelling.taken | {hookup.function.name})
        body = self._body(
            namespace, hookup, spelling, {part.arg for part in model.args.args} if model else set()
        )
        body = caught(self.module, nodes, hookup.function, body)
        returns = (
            f" -> {ast.unparse(model.returns)}" if model is not None and model.returns is not None else ""
        )
        if model is not None and any(_returns_zero(node) for node in nodes):
            body = [*body, "return 0"]
        documented = hookup.summary and any(ast.get_docstring(node) for node in nodes)
        lines = [
            f"def {name}({arguments}){returns}:",
            *indented([hookup.layout.docstring(hookup.summary)] if documented else []),
            *indented(body),
        ]
        insertion = Insertion(tuple(lines), habits.gap)
        if habits.last_line is not None:
            edits.after.setdefault(habits.last_line, []).append(insertion)
        else:
            edits.before.setdefault(self._outermost(), []).append(insertion)
        return name

    def _namespace_place(self, model: AnyFunction) -> int:
        names = [argument.arg for argument in model.args.args]
        used = [names.index(name) for name in ("args", "namespace", "ns", "options", "opts") if name in names]
        return used[0] if used else len(names) - 1

    def _outermost(self) -> int:
        """Find the top-level statement that holds the builder."""
        for node in self.module.tree.body:
            if node.lineno <= self.builder.last <= (node.end_lineno or node.lineno):
                return node.lineno
        return self.builder.last

    def _branch(self, name: str, hookup: Hookup, spelling: Spelling, edits: Edits) -> None:
        dispatch = self.dispatch
        scope: ast.AST = dispatch.scope if dispatch.scope is not None else self.module.tree
        taken = {part.id for part in ast.walk(scope) if isinstance(part, ast.Name)}
        if name:
            call = f"{name}({dispatch.namespace})"
            body = [f"return {call}" if isinstance(dispatch.branch[-1], ast.Return) else call]
        else:
            body = self._body(dispatch.namespace, hookup, spelling, taken)
            last = dispatch.branch[-1]
            if isinstance(last, ast.Return):
                zero = _returns_zero(scope) or isinstance(last.value, ast.Call)
                body.append("return 0" if zero and last.value is not None else "return")
        word = hookup.layout.text(hookup.word)
        if dispatch.style is Style.MATCH:
            edits.cases[dispatch.line] = (f"case {word}:", *indented(body))
            return
        lines = (f"if {dispatch.subject} == {word}:", *indented(body))
        if dispatch.separate:
            edits.after.setdefault(dispatch.line, []).append(Insertion(lines, dispatch.branch_gap))
        else:
            edits.branches[dispatch.line] = lines


def _returns_zero(node: ast.AST) -> bool:
    annotated = (
        isinstance(node, AnyFunction) and node.returns is not None and ast.unparse(node.returns) == "int"
    )
    return annotated or any(
        isinstance(part, ast.Return)
        and isinstance(part.value, ast.Constant)
        and part.value.value == 0
        and part.value.value is not False
        for part in ast.walk(node)
    )


def find_argparse(sources: Sources, launches: tuple[Launch, ...]) -> tuple[list[ArgparseCli], list[str]]:
    """Find every parser with subparsers, and say what was found and can't be used."""
    found: list[ArgparseCli] = []
    refused: list[str] = []
    for path in sources.paths(Role.PRODUCT, Role.TOOL):
        if "ArgumentParser" not in sources.text(path) and "add_subparsers" not in sources.text(path):
            continue
        module = sources.at(path)
        if module is None:
            continue
        builder = find_builder(module)
        dispatch = find_dispatch(module, builder) if builder is not None else None
        functions = frozenset(node.name for node in module.tree.body if isinstance(node, AnyFunction))
        launch = launch_of(module, functions, launches, sources)
        main = find_main(module, launch, sources) if launch is not None else None
        if builder is None:
            refused.append(f"the argparse parser in {path} has no subcommands")
        elif dispatch is None:
            refused.append(
                f"the argparse parser in {path} finds its commands' code in a way that codemod can't extend"
            )
        elif launch is None:
            refused.append(f"nothing starts the argparse parser in {path}")
        elif main is None:
            refused.append(f"no function that a test could call runs the argparse parser in {path}")
        else:
            found.append(ArgparseCli(module, launch, builder, dispatch, main))
    return found, refused
