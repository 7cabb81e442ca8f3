"""What one source file says about itself, independent of where it lies, so that equal contents share one record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple


class Definition(NamedTuple):
    """A function or class. `owner` is the index of the enclosing definition, -1 at module level.

    `params` is filled only where names of parameters carry meaning: tests and fixtures.
    `digest` names the body's text and is empty for short bodies; `asserts` counts assertions that can fail.
    `indented` means that it stands inside a statement such as `try` or `if`, so that another one may come first.
    `code` names the text of a top-level definition without its white space. `marks` tell what its body is made for.
    """

    qualname: str
    is_class: bool
    line: int
    end_line: int
    owner: int
    decorators: list[str]
    bases: list[str]
    documented: bool
    annotated: int
    annotatable: int
    stub: bool
    digest: str
    params: list[str]
    complexity: int
    asserts: int
    indented: bool
    code: str
    marks: list[str]

    @property
    def name(self) -> str:
        """The last part of the qualified name."""
        return self.qualname.rpartition(".")[2]


class Import(NamedTuple):
    """`name` stands for `target`, a dotted name with leading dots for relative imports; name `*` takes all."""

    owner: int
    name: str
    target: str


class Uses(NamedTuple):
    """Names that one definition mentions.

    `names` are places in the record's table; `attributes` are attribute names whose object is unknown; `strings` are
    literals that could name code, with `*` for the open end of a name that is put together at run time (`visit_*`).
    """

    owner: int
    names: list[int]
    attributes: list[str]
    strings: list[str]


class Bound(NamedTuple):
    """A variable or annotated parameter `name` that holds `source`: an alias, or what calling `source` gives."""

    owner: int
    name: str
    source: str
    called: bool


class Registration(NamedTuple):
    """A call that hands `target` to a framework, such as `set_defaults(func=target)`."""

    call: str
    target: str
    owner: int
    line: int


class Dynamic(NamedTuple):
    """A construct that reaches code by a name known only at run time. `region` names what it can reach:

    empty for its own module, leading dots for its package, else a dotted prefix or the name of an object.
    """

    construct: str
    region: str
    line: int


class Links(NamedTuple):
    """What is needed to follow a file's names, and to follow others' names through it.

    `names` are the plain names and attribute chains (`a.b`, `self.x`, `Class().method`) of the whole file, each with the
    definition in `seen_from` that it is looked up from: the same for all users that see the same.
    """

    names: list[str]
    seen_from: list[int]
    uses: list[Uses]
    bound: list[Bound]


class Shape(NamedTuple):
    """What a file holds. `tolerated` is what this interpreter's own parser said, where a more tolerant one has read it.

    `shown` are names that the examples in the module's own docstring use.
    """

    definitions: list[Definition]
    imports: list[Import]
    registrations: list[Registration]
    dynamic: list[Dynamic]
    exported: list[str] | None
    runs_as_main: bool
    generated: bool
    todos: list[int]
    lines: int
    tolerated: str = ""
    shown: Sequence[str] = ()


class Record(NamedTuple):
    """Everything the graph needs of one file: its shape, and its links as they were written, for those who ask."""

    shape: Shape
    written: str

    @property
    def links(self) -> Links:
        """Read the links. Raises ValueError or TypeError when the text is none."""
        names, seen_from, uses, bound = json.loads(self.written)
        return Links(names, seen_from, [*map(Uses._make, uses)], [*map(Bound._make, bound)])


# Records hold no cycles, and to look for some takes its time.
_write = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def encode(shape: Shape, links: Links) -> str:
    """Write what is known of a file as one line: two texts of JSON and a tab, which JSON has none of."""
    return f"{_write(shape)}\t{_write(links)}"


def decode(text: str) -> Record:
    """Read a record back. Raises ValueError or TypeError when the text is none."""
    first, _, written = text.partition("\t")
    definitions, imports, registrations, dynamic, *rest = json.loads(first)
    shape = Shape(
        [*map(Definition._make, definitions)],
        [*map(Import._make, imports)],
        [*map(Registration._make, registrations)],
        [*map(Dynamic._make, dynamic)],
        *rest,
    )
    return Record(shape, written)
