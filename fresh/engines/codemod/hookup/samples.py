"""Arguments that make sense: from examples in documentation, from calls in the project, else by their types."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fresh.engines.codemod.hookup.binding import Bound, Place
from fresh.engines.codemod.hookup.functions import Function
from fresh.engines.codemod.hookup.layout import Layout
from fresh.engines.codemod.hookup.shapes import Shape, Sort
from fresh.engines.codemod.hookup.sources import Sources, dotted
from fresh.inventory.layout import Role

MOST = 60
TEXTS = (
    "hello world",
    "The quick brown fox jumps over the lazy dog",
    "Hello, World!",
    "42",
    "alpha,beta",
    "2024-01-31",
    '{"name": "alpha", "size": 3}',
    "name=alpha",
    "alpha@example.com",
    "https://example.com/alpha?size=3",
    "#336699",
    "12:30",
    "1.2.3",
    "<b>alpha</b>",
    "10.0.0.1",
    "en_US",
    "a",
)
HINTS = (
    ("url|uri|link|href", "https://example.com/alpha?size=3"),
    ("json|payload", '{"name": "alpha", "size": 3}'),
    ("date|day", "2024-01-31"),
    ("mail", "alpha@example.com"),
    ("colou?r|hex", "#336699"),
    ("time|clock|duration", "12:30"),
    ("version|semver", "1.2.3"),
    ("html|xml|markup", "<b>alpha</b>"),
    ("addr|^ip", "10.0.0.1"),
    ("locale|lang", "en_US"),
    ("sep|delim|joiner", ","),
    ("char|letter|symbol|fill|pad", "x"),
)
NUMBERS: dict[Sort, tuple[int | float, ...]] = {
    Sort.INT: (3, 12, 100, 1, 0, 2024, 255),
    Sort.FLOAT: (2.5, 0.25, 100.0, 1.0),
}
CONTENTS = (
    ("txt", "alpha\nbeta gamma\ndelta epsilon zeta\n"),
    ("json", '{"name": "alpha", "size": 3}\n'),
    ("csv", "name,size\nalpha,3\nbeta,5\n"),
    ("toml", '[alpha]\nname = "beta"\nsize = 3\n'),
    ("md", "# Alpha\n\nBeta gamma.\n"),
    ("py", "alpha = 3\n"),
)
PATHLIKE = re.compile(r"path|file(name)?$|dir(ectory)?$|folder")
FOLDER = re.compile(r"dir|folder|root|tree")
DOCUMENTS = (".md", ".rst", ".txt")


@dataclass(frozen=True)
class Given:
    """One parameter's value: `source` in Python, `words` on the command line (Python too), `setup` to make it."""

    source: str
    words: tuple[str, ...]
    setup: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sample:
    """Values for some parameters; the others keep their defaults. `origin` says where it was found."""

    given: dict[str, Given] = field(default_factory=dict)
    origin: str = "the types of its parameters"

    def setup(self) -> tuple[str, ...]:
        """List the statements that come first."""
        return tuple(line for given in self.given.values() for line in given.setup)

    def words(self, bound: Sequence[Bound]) -> list[str]:
        """Write what is typed after the command, as Python expressions: arguments first, then options."""
        ordered = sorted(bound, key=lambda one: one.place is not Place.ARGUMENT)
        return [
            word
            for one in ordered
            if (given := self.given.get(one.parameter.name)) is not None
            for word in given.words
        ]


class Sampler:
    """Make samples for one function in one spelling; `enums` says how each Enum parameter's class is spelled."""

    def __init__(
        self,
        function: Function,
        bound: Sequence[Bound],
        enums: dict[str, str],
        layout: Layout,
        strict_dashes: bool,
    ) -> None:
        self._function = function
        self._bound = {one.parameter.name: one for one in bound}
        self._enums = enums
        self._layout = layout
        self._strict_dashes = strict_dashes

    @property
    def implied(self) -> dict[str, Given]:
        """Give what the function demands and the command line does not: a switch is off, an optional value absent."""
        silent = [one for one in self._bound.values() if one.parameter.default is None and not one.required]
        return {one.parameter.name: Given("None" if one.absent_is_none else "False", ()) for one in silent}

    def required(self) -> Iterator[Sample]:
        """Try values for what must be given: all different first, so that a mix-up shows, the likeliest first."""
        names = [one.parameter.name for one in self._bound.values() if one.required]
        pools = [list(self.values(name)) for name in names]
        ranks = itertools.product(*(range(len(pool)) for pool in pools))

        def likely(rank: tuple[int, ...]) -> tuple[int, int, int, tuple[int, ...]]:
            sources = [pool[place].source for pool, place in zip(pools, rank, strict=True)]
            return (len(sources) - len(set(sources)), sum(rank), max(rank, default=0), rank)

        ordered = sorted(itertools.islice(ranks, 20_000), key=likely)
        for rank in ordered[:MOST]:
            given = {name: pool[place] for name, pool, place in zip(names, pools, rank, strict=True)}
            yield Sample({**self.implied, **given})

    def values(self, name: str, beside: Sequence[str] = ()) -> Iterator[Given]:
        """List values for one parameter that are not its default; `beside` are words that the others contain."""
        one = self._bound[name]
        shape, default = one.parameter.shape, one.parameter.default
        near: list[object] = list(beside) if not shape.many else [[word] for word in beside]
        for value in [*self._literals(name, shape), *(near if shape.sort is Sort.TEXT else ())]:
            if default is not None and value == default.literal:
                continue
            given = value if isinstance(value, Given) else self.given(name, value)
            if given is not None:
                yield given

    def given(self, name: str, value: object) -> Given | None:
        """Express a literal for a parameter; None when it does not fit."""
        one = self._bound[name]
        shape = one.parameter.shape
        if shape.sort in (Sort.PATH, Sort.ENUM):
            return None
        if shape.many:
            if not isinstance(value, list | tuple | set | frozenset) or not value:
                return None
            items = sorted(value) if isinstance(value, set | frozenset) else list(value)
            texts = [self._text(shape, item) for item in items]
            if any(text is None for text in texts):
                return None
            words = self._worded(one, [text for text in texts if text is not None])
            return None if words is None else Given(self._container(shape, items), words)
        text = self._text(shape, value)
        if text is None:
            return None
        if shape.sort is Sort.SWITCH:
            return Given(repr(value), self._switch(one, bool(value)))
        words = self._worded(one, [text])
        literal = float(value) if shape.sort is Sort.FLOAT and isinstance(value, int) else value
        return None if words is None else Given(self._layout.literal(literal), words)

    def _literals(self, name: str, shape: Shape) -> Iterator[object]:
        if shape.sort is Sort.PATH:
            yield from self._paths(name, shape)
        elif shape.choices is not None:
            for member, value in shape.choices.members:
                typed = str(value) if shape.choices.by_value else member
                words = self._worded(self._bound[name], [typed])
                source = f"{self._enums[name]}.{member}"
                whole = f"{{{source}}}" if "set" in shape.many else f"[{source}]" if shape.many else source
                default = self._bound[name].parameter.default
                if words is not None and (default is None or default.literal != member):
                    yield Given(f"frozenset({whole})" if shape.many == "frozenset" else whole, words)
        elif shape.sort is Sort.SWITCH:
            yield from (True, False)
        else:
            if shape.sort is Sort.TEXT and not shape.many and PATHLIKE.search(name):
                yield from itertools.islice(self._paths(name, shape), 3)
            singles = self._singles(name, shape)
            if not shape.many:
                yield from singles
                return
            if shape.sort is Sort.TEXT:
                yield from (["alpha", "beta"], ["beta=2", "alpha=1"], ["3", "5"])
            else:
                yield list(singles[:3])

    def _singles(self, name: str, shape: Shape) -> list[str | int | float]:
        if shape.literals:
            return list(shape.literals)
        if shape.sort in NUMBERS:
            return list(NUMBERS[shape.sort])
        hinted = [text for pattern, text in HINTS if re.search(pattern, name.lower())]
        return [*hinted, *(text for text in TEXTS if text not in hinted)]

    def _text(self, shape: Shape, value: object) -> str | None:
        """Write one value as it is typed; None when it is of another sort."""
        if shape.sort is Sort.SWITCH:
            return str(value) if isinstance(value, bool) else None
        if isinstance(value, bool):
            return None
        if shape.literals:
            return str(value) if value in shape.literals else None
        if shape.sort is Sort.TEXT:
            return value if isinstance(value, str) and "\0" not in value else None
        if shape.sort is Sort.INT:
            return str(value) if isinstance(value, int) else None
        return repr(float(value)) if isinstance(value, int | float) else None

    def _worded(self, one: Bound, texts: list[str]) -> tuple[str, ...] | None:
        if one.place is Place.ARGUMENT:
            dashed = [text for text in texts if text.startswith("-")]
            if any(self._strict_dashes or not re.fullmatch(r"-\d+(\.\d+)?", text) for text in dashed):
                return None
            return tuple(self._layout.text(text) for text in texts)
        words: list[str] = []
        for text in texts:
            if not text.startswith("-"):
                words += [one.flag, text]
            elif one.flag.startswith("--"):
                words.append(f"{one.flag}={text}")
            else:
                return None
        return tuple(self._layout.text(word) for word in words)

    def _switch(self, one: Bound, value: bool) -> tuple[str, ...]:
        default = one.parameter.default
        if value:
            return () if default is not None and default.literal is True else (self._layout.text(one.flag),)
        tells = one.absent_is_none or (default is not None and default.literal is True)
        return (self._layout.text(one.off_flag),) if tells else ()

    def _container(self, shape: Shape, items: list[object]) -> str:
        if shape.many == "list":
            return self._layout.literal(items)
        if shape.many == "tuple":
            return self._layout.literal(tuple(items))
        inner = f"{{{', '.join(self._layout.literal(item) for item in items)}}}"
        return f"frozenset({inner})" if shape.many == "frozenset" else inner

    def _paths(self, name: str, shape: Shape) -> Iterator[Given]:
        variable = name if re.search(r"(path|file|dir|folder)$", name) else f"{name}_path"
        variables = [variable] if not shape.many else [f"{variable}_1", f"{variable}_2"]
        one = self._bound[name]
        files = [self._file(variables, kind, text) for kind, text in self._contents(name)]
        folders = [self._folder(variables)]
        for setup in [*folders, *files] if FOLDER.search(name) else [*files, *folders]:
            typed = [f"str({each})" for each in variables]
            words = typed if one.place is Place.ARGUMENT else []
            if one.place is not Place.ARGUMENT:
                words = [word for each in typed for word in (self._layout.text(one.flag), each)]
            whole = f"[{', '.join(variables)}]"
            if shape.many in ("tuple", "set", "frozenset"):
                whole = f"{shape.many}({whole})"
            single = variable if shape.sort is Sort.PATH else f"str({variable})"
            yield Given(whole if shape.many else single, tuple(words), setup)

    def _contents(self, name: str) -> list[tuple[str, str]]:
        hint = f"{name} {self._function.name} {self._function.docstring.summary}".lower()
        return sorted(CONTENTS, key=lambda pair: (pair[0] not in hint, CONTENTS.index(pair)))

    def _file(self, variables: list[str], kind: str, text: str) -> tuple[str, ...]:
        lines: list[str] = []
        for variable in variables:
            lines.append(f"{variable} = tmp_path / {self._layout.text(f'{variable}.{kind}')}")
            lines.append(f"{variable}.write_text({self._layout.text(text)})")
        return tuple(lines)

    def _folder(self, variables: list[str]) -> tuple[str, ...]:
        lines: list[str] = []
        for variable in variables:
            lines.append(f"{variable} = tmp_path / {self._layout.text(variable)}")
            lines.append(f"{variable}.mkdir()")
            lines.append(
                f"({variable} / {self._layout.text('alpha.txt')}).write_text({self._layout.text('beta')})"
            )
        return tuple(lines)


def found_samples(function: Function, sampler: Sampler, sources: Sources) -> Iterator[Sample]:
    """Find calls with literal arguments: in the docstring, then in tests, documents and the code itself."""
    seen: set[tuple[tuple[str, str], ...]] = set()
    for origin, tree in _places(function, sources):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or dotted(node.func).rpartition(".")[2] != function.name:
                continue
            given = _expressed(function, node, sampler)
            key = tuple((name, one.source) for name, one in (given or {}).items())
            if given is not None and key not in seen:
                seen.add(key)
                yield Sample(given, origin)


def _expressed(function: Function, call: ast.Call, sampler: Sampler) -> dict[str, Given] | None:
    positional = [one.name for one in function.parameters if not one.keyword_only]
    if len(call.args) > len(positional) or any(word.arg is None for word in call.keywords):
        return None
    pairs = [
        *zip(positional, call.args, strict=False),
        *((word.arg or "", word.value) for word in call.keywords),
    ]
    known = {one.name for one in function.parameters}
    found: dict[str, Given] = {}
    for name, node in pairs:
        if name not in known or name in found:
            return None
        try:
            given = sampler.given(name, ast.literal_eval(node))
        except (ValueError, SyntaxError, TypeError):
            return None
        if given is None:
            return None
        found[name] = given
    found = {**sampler.implied, **found}
    if any(one.default is None and one.name not in found for one in function.parameters):
        return None
    return {name: found[name] for name in [one.name for one in function.parameters] if name in found}


def _places(function: Function, sources: Sources) -> Iterator[tuple[str, ast.AST]]:
    for example in function.docstring.examples:
        yield from (("its docstring", tree) for tree in _parsed(example))
    for path in sources.paths(Role.TEST, Role.PRODUCT, Role.EXAMPLE):
        if (
            re.search(rf"\b{function.name}\(", sources.text(path))
            and (module := sources.at(path)) is not None
        ):
            yield path, module.tree
    for path in sources.documents(DOCUMENTS):
        for line in re.findall(rf"^.*\b{function.name}\(.*\).*$", sources.text(path), re.MULTILINE):
            yield from ((path, tree) for tree in _parsed(line.strip().removeprefix(">>>").strip()))


def _parsed(text: str) -> Iterator[ast.AST]:
    try:
        yield ast.parse(text)
    except (SyntaxError, ValueError):
        return
