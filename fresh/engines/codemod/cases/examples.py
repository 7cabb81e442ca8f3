"""Uses of a function that people wrote down: doctests, documentation, calls in code and tests."""

from __future__ import annotations

import ast
import doctest
import re
from collections.abc import Iterator
from dataclasses import replace

from fresh.engines.codemod.cases.inside.wire import Argument, Call, Import
from fresh.engines.codemod.cases.materials import packages_of
from fresh.engines.codemod.cases.naming import Names, names_of
from fresh.engines.codemod.cases.screening import is_test
from fresh.engines.texts import text_of
from fresh.ports import Bench

MOST = 40
MOST_FILES = 400
LARGEST = 400_000
ARROW = re.compile(r"\s(?:->|=>|→|==>|--?>|#\s*=>)\s+(\S.*)$")
TEXTS = (".md", ".rst", ".txt")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def examples_of(bench: Bench, function: Function, imported: Import, own_path: str) -> tuple[Call, ...]:
    """Collect calls with literal arguments; documented ones, which say what comes out, come first."""
    reader = _Reader(function, imported)
    documented = list(reader.from_text(ast.get_docstring(function, clean=True) or "", "docstring"))
    called: list[Call] = []
    own = packages_of(bench)
    for path in _candidates(bench, own_path):
        text = _read(bench, path)
        if function.name + "(" not in text:
            continue
        if path.endswith(TEXTS) or (">>>" in text and not is_test(path)):
            documented += reader.from_text(text, path)
        if path.endswith(".py"):
            called += reader.from_code(text, path, own)
    unique: dict[tuple[Argument, ...], Call] = {}
    for call in documented + called:
        unique.setdefault(call.arguments, call)
    return tuple(unique.values())[:MOST]


def _candidates(bench: Bench, own_path: str) -> list[str]:
    paths = [path for path in bench.paths() if path.endswith((*TEXTS, ".py"))]
    return sorted(paths, key=lambda path: (path != own_path, not path.endswith(TEXTS), path))[:MOST_FILES]


def _read(bench: Bench, path: str) -> str:
    """Read a file; one that is huge, or can't be read, holds no examples."""
    text = text_of(bench, path)
    return text if len(text) <= LARGEST else ""


class _Reader:
    """Turn call expressions into calls of one function."""

    def __init__(self, function: Function, imported: Import) -> None:
        arguments = function.args
        self.name = function.name
        self.imported = imported
        self.positional = [item.arg for item in (*arguments.posonlyargs, *arguments.args)]
        self.exclusive = len(arguments.posonlyargs)
        self.required = len(self.positional) - len(arguments.defaults)
        self.known = {*self.positional, *(item.arg for item in arguments.kwonlyargs)}
        self.spread = arguments.vararg is not None

    def from_text(self, text: str, origin: str) -> Iterator[Call]:
        """Read `>>>` examples, and `f(1) -> 2`, with what they show; names bound to literals earlier are filled in."""
        yield from self._from_arrows(text, origin)
        try:
            examples = doctest.DocTestParser().get_examples(text)
        except ValueError:
            return
        names = Names()
        for example in examples:
            try:
                statement = ast.parse(example.source.strip()).body
            except SyntaxError:
                continue
            if len(statement) != 1:
                continue
            node = statement[0]
            if (
                isinstance(node, ast.Assign)
                and len(node.targets) == 1
                and isinstance(node.targets[0], ast.Name)
            ):
                names.constants[node.targets[0].id] = node.value
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                call = self.read(node.value, origin, names)
                if call:
                    yield replace(call, expected=_shown(example.want))

    def _from_arrows(self, text: str, origin: str) -> Iterator[Call]:
        """Read lines such as `quote('a b') -> 'a%20b'`; what an arrow leads to must be a literal."""
        for line in text.splitlines():
            start, arrow = line.find(self.name + "("), ARROW.search(line)
            if arrow is None or not 0 <= start < arrow.start() or ">>>" in line:
                continue
            expected = _shown(arrow[1].rstrip(".")) or _shown(arrow[1])
            try:
                node = ast.parse(line[start : arrow.start()].strip(), mode="eval").body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            call = self.read(node, origin, Names()) if expected and isinstance(node, ast.Call) else None
            if call:
                yield replace(call, expected=expected)

    def from_code(self, text: str, origin: str, own: set[str]) -> Iterator[Call]:
        """Read calls in source code."""
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            return
        names = names_of(tree, own)
        for node in ast.walk(tree):
            call = self.read(node, origin, names) if isinstance(node, ast.Call) else None
            if call:
                yield call

    def read(self, node: ast.Call, origin: str, names: Names) -> Call | None:
        """Make a call of an expression when it is one of this function and its arguments mean the same elsewhere."""
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        too_many = len(node.args) > len(self.positional) and not self.spread
        if called != self.name or too_many or any(item.arg not in self.known for item in node.keywords):
            return None
        arguments: list[Argument] = []
        imports = [self.imported]
        for place, value in enumerate((*node.args, *(item.value for item in node.keywords))):
            found = names.portable(value)
            if found is None:
                return None
            imports += found.imports
            if place < len(node.args):
                arguments.append(self._argument(place, found.source))
            else:
                name = node.keywords[place - len(node.args)].arg or ""
                arguments.append(Argument(name, found.source, name not in self.positional[: self.required]))
        if [item.keyword for item in arguments] != sorted(item.keyword for item in arguments):
            return None
        return Call(self.name, tuple(arguments), imports=tuple(dict.fromkeys(imports)), origin=origin)

    def _argument(self, place: int, source: str) -> Argument:
        if place >= len(self.positional):
            return Argument("", source)
        optional = place >= self.required and place >= self.exclusive and not self.spread
        return Argument(self.positional[place], source, optional)


def _shown(want: str) -> str:
    try:
        return repr(ast.literal_eval(want.strip()))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return ""
