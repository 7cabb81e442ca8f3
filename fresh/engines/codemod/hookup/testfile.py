"""The test that comes with a command: it runs the command and compares with what the function itself returns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fresh.engines.codemod.hookup.binding import call
from fresh.engines.codemod.hookup.clis import Cli, Hookup
from fresh.engines.codemod.hookup.layout import indented
from fresh.engines.codemod.hookup.samples import Sample
from fresh.engines.codemod.hookup.showing import Way
from fresh.engines.codemod.hookup.spelling import Import
from fresh.engines.codemod.hookup.suites import Suite
from fresh.engines.codemod.hookup.trials import Started

STANDARD = ("asyncio", "contextlib", "dataclasses", "io", "json", "pathlib", "sys", "tempfile", "unittest")


@dataclass(frozen=True)
class Case:
    """One test: what its name says, and the sample that it uses."""

    says: str
    sample: Sample


@dataclass(frozen=True)
class TestFile:
    """Write a test module. `started` is how the command line ended when it was tried; `returns_nothing` is its
    main function's annotation."""

    __test__ = False

    cli: Cli
    hookup: Hookup
    suite: Suite
    started: Started
    returns_nothing: bool = False

    def write(self, cases: Sequence[Case], enums: Sequence[tuple[str, str]]) -> str:
        """Write the whole module; `enums` are (module, name) of the classes that the samples name."""
        body: list[str] = []
        for case in cases:
            body += ["", ""] if not self.suite.unittest or not body else [""]
            body += self._method(case) if self.suite.unittest else self._function(case)
        if self.suite.unittest:
            name = "".join(part.title() for part in self.hookup.word.replace("_", "-").split("-"))
            body = ["", "", f"class {name}CommandTest(unittest.TestCase):", *indented(body[2:])]
        wanted = self._imports("\n".join(body), enums)
        return "\n".join([*wanted, *body]) + "\n"

    def _imports(self, body: str, enums: Sequence[tuple[str, str]]) -> list[str]:
        entry, function = self.cli.entry, self.hookup.function
        wanted = [Import(entry.module, entry.attribute), Import(function.module.name, function.name)]
        wanted += [Import(module, name) for module, name in enums if f"{name}." in body]
        modules = ("asyncio", "contextlib", "io", "json", "sys", "tempfile")
        standard = [name for name in modules if re.search(rf"(?<![\w.\"']){name}\b[.,]", body)]
        wanted += [Import(name) for name in standard]
        wanted += [Import("dataclasses", "asdict")] if "asdict(" in body else []
        wanted += [Import("pathlib", "Path")] if "Path(" in body or ": Path" in body else []
        wanted += [Import("unittest")] if self.suite.unittest else []
        wanted += [Import("unittest", "mock")] if "mock.patch" in body else []
        wanted += [Import("pytest")] if "pytest." in body else []
        wanted += [Import(f"{self.cli.library}.testing", "CliRunner")] if "CliRunner" in body else []
        return _sorted(wanted)

    def _function(self, case: Case) -> list[str]:
        fixtures = []
        if case.sample.setup():
            fixtures.append("tmp_path: Path" if self.suite.annotated else "tmp_path")
        if self._captures:
            fixtures.append("capsys: pytest.CaptureFixture[str]" if self.suite.annotated else "capsys")
        if self.cli.entry.way == "argv":
            fixtures.append("monkeypatch: pytest.MonkeyPatch" if self.suite.annotated else "monkeypatch")
        returns = " -> None" if self.suite.annotated else ""
        name = f"test_{self.hookup.word.replace('-', '_')}_command_{case.says}"
        head = self.suite.layout.wrap(f"def {name}(", fixtures, f"){returns}:")
        return [
            *head,
            *indented([*case.sample.setup(), *self._arranged(case), *self._acted(case), *self._asserted()]),
        ]

    def _method(self, case: Case) -> list[str]:
        returns = " -> None" if self.suite.annotated else ""
        setup = list(case.sample.setup())
        if setup:
            folder = ["folder = tempfile.TemporaryDirectory()", "self.addCleanup(folder.cleanup)"]
            setup = [*folder, "tmp_path = Path(folder.name)", *setup]
        lines = [*setup, *self._arranged(case), *self._acted(case), *self._asserted()]
        return [f"def test_{case.says}(self){returns}:", *indented(lines)]

    @property
    def _captures(self) -> bool:
        return not self.suite.unittest and (
            self.cli.entry.way != "object" or self.hookup.showing.way is Way.NONE
        )

    def _arranged(self, case: Case) -> list[str]:
        """Call the function itself."""
        values = {name: given.source for name, given in case.sample.given.items()}
        opening, arguments = call(self.hookup.function.name, self.hookup.function, values)
        closing = ")"
        if self.hookup.function.is_async:
            opening, closing = f"asyncio.run({opening}", "))"
        if self.hookup.showing.way is not Way.NONE:
            return self.suite.layout.wrap(f"expected = {opening}", arguments, closing, 8)
        called = self.suite.layout.wrap(opening, arguments, closing, 12)
        if self.suite.unittest:
            return [
                "direct = io.StringIO()",
                "with contextlib.redirect_stdout(direct):",
                *indented(called),
                "expected = direct.getvalue()",
            ]
        return [*called, "expected = capsys.readouterr().out"]

    def _acted(self, case: Case) -> list[str]:
        """Run the command."""
        quoted, wrap = self.suite.layout.text, self.suite.layout.wrap
        words = [
            *map(quoted, self.cli.words),
            quoted(self.hookup.word),
            *case.sample.words(self.hookup.bound),
        ]
        attribute = self.cli.entry.attribute
        if self.cli.entry.way != "object":
            return ["", *self._started(words)]
        single = f"result = CliRunner().invoke({attribute}, [{', '.join(words)}])"
        if len(single) + 8 <= self.suite.layout.width:
            return ["", single]
        return [
            "",
            *wrap("arguments = [", words, "]", 8),
            f"result = CliRunner().invoke({attribute}, arguments)",
        ]

    def _started(self, words: list[str]) -> list[str]:
        """Call the main function, with its words or with sys.argv set to them."""
        entry, quoted, wrap = self.cli.entry, self.suite.layout.text, self.suite.layout.wrap
        argv = [quoted(entry.program), *words]
        lines: list[str] = []
        called = f"{entry.attribute}()"
        if entry.way == "main":
            keyword = f"{entry.keyword}=" if entry.keyword else ""
            called = f"{entry.attribute}({keyword}[{', '.join(words)}])"
            if len(called) + 24 > self.suite.layout.width:
                lines = wrap("arguments = [", words, "]", 8)
                called = f"{entry.attribute}({keyword}arguments)"
        elif not self.suite.unittest:
            lines = [f"monkeypatch.setattr({quoted('sys.argv')}, [{', '.join(argv)}])"]
            if len(lines[0]) + 8 > self.suite.layout.width:
                lines = [*wrap("argv = [", argv, "]", 8), f"monkeypatch.setattr({quoted('sys.argv')}, argv)"]
        if not self.started.exited and not self.returns_nothing:
            called = f"code = {called}"
        contexts = self._contexts()
        if self.suite.unittest:
            lines.append("output = io.StringIO()")
            lines += wrap("argv = [", argv, "]", 8) if entry.way == "argv" else []
        lines += [f"{'    ' * depth}with {context}:" for depth, context in enumerate(contexts)]
        return [*lines, *indented([called], len(contexts))]

    def _contexts(self) -> list[str]:
        """List what the call happens in."""
        contexts = []
        if self.started.exited:
            contexts.append(
                ("self.assertRaises" if self.suite.unittest else "pytest.raises") + "(SystemExit) as stop"
            )
        if self.suite.unittest and self.cli.entry.way == "argv":
            contexts.append(f"mock.patch.object(sys, {self.suite.layout.text('argv')}, argv)")
        if self.suite.unittest:
            contexts.append("contextlib.redirect_stdout(output)")
        return contexts

    def _asserted(self) -> list[str]:
        shown = (
            "expected" if self.hookup.showing.way is Way.NONE else self.hookup.showing.expected("expected")
        )
        shown = shown.replace('"', self.suite.layout.quote) if self.suite.layout.quote not in shown else shown
        lines = []
        if self.cli.entry.way == "object":
            output = "result.output"
            lines.append(self._same("result.exit_code", "0"))
        else:
            output = "output.getvalue()" if self.suite.unittest else "capsys.readouterr().out"
            code = "stop.exception.code" if self.suite.unittest else "stop.value.code"
            code = code if self.started.exited else "code"
            if self.started.code is not None:
                lines.append(self._same(code, "0"))
            elif self.started.exited or not self.returns_nothing:
                lines.append(
                    f"self.assertIsNone({code})" if self.suite.unittest else f"assert {code} is None"
                )
        return ["", *lines, self._same(output, shown)]

    def _same(self, left: str, right: str) -> str:
        return f"self.assertEqual({left}, {right})" if self.suite.unittest else f"assert {left} == {right}"


def _sorted(wanted: Sequence[Import]) -> list[str]:
    """Write import statements in three blocks, names of one module together."""
    blocks: dict[int, list[str]] = {0: [], 1: [], 2: []}
    third = {"pytest", "click", "typer"}
    named: dict[str, list[str]] = {}
    for one in wanted:
        names = named.setdefault(one.module, [])
        if one.name and one.name not in names:
            names.append(one.name)
        elif not one.name:
            names.insert(0, "")
    for module in sorted(named):
        top = module.partition(".")[0]
        block = blocks[0 if top in STANDARD else 1 if top in third else 2]
        if "" in named[module]:
            block.append(f"import {module}")
        names = sorted((name for name in named[module] if name), key=lambda name: (name[:1].islower(), name))
        if names:
            block.append(f"from {module} import {', '.join(names)}")
    for block in blocks.values():
        block.sort(key=lambda line: line.startswith("from"))
    lines: list[str] = []
    for block in blocks.values():
        lines += ["", *block] if lines and block else block
    return lines
