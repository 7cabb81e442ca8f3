"""What one source file says about itself, independent of where it lies, so that equal contents share one record."""

from __future__ import annotations

import json
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

    `dotted` are plain names and attribute chains (`a.b`, `self.x`, `Class().method`); `attributes` are attribute
    names whose object is unknown; `strings` are literals that could name code, with `*` for the open end of a
    name that is put together at run time (`visit_*`).
    """

    owner: int
    dotted: list[str]
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


class Record(NamedTuple):
    """Everything the graph needs of one file.

    `tolerated` is what this interpreter's own parser said, where a more tolerant one has read the file.
    """

    definitions: list[Definition]
    imports: list[Import]
    uses: list[Uses]
    bound: list[Bound]
    registrations: list[Registration]
    dynamic: list[Dynamic]
    exported: list[str] | None
    runs_as_main: bool
    generated: bool
    todos: list[int]
    lines: int
    tolerated: str = ""


def encode(record: Record) -> str:
    """Write a record as one line of JSON."""
    return json.dumps(record, separators=(",", ":"))


def decode(text: str) -> Record:
    """Read a record back. Raises ValueError or TypeError when the text is none."""
    raw = json.loads(text)
    return Record(
        [Definition(*each) for each in raw[0]],
        [Import(*each) for each in raw[1]],
        [Uses(*each) for each in raw[2]],
        [Bound(*each) for each in raw[3]],
        [Registration(*each) for each in raw[4]],
        [Dynamic(*each) for each in raw[5]],
        *raw[6:],
    )
