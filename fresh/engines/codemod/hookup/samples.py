"""Arguments that make sense: from examples in documentation, from calls in the project, else by their types."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fresh.engines.codemod.hookup.binding import Bound, Place
from fresh.engines.codemod.hookup.functions import Function
from fresh.engines.codemod.hookup.layout import Layout
from fresh.engines.codemod.hookup.likely_values import CONTENTS, FOLDER, HINTS, NUMBERS, PATHLIKE, TEXTS
from fresh.engines.codemod.hookup.shapes import Shape, Sort

MOST = 60


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
