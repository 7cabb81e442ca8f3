"""What crosses the wall between host and sandbox.

A question travels as the `repr` of a `Question`, which is Python source; an answer travels as JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Import(NamedTuple):
    """One `from module import name`; an empty `name` means `import module`."""

    module: str
    name: str


@dataclass(frozen=True)
class Argument:
    """One argument of a call, as source. An empty `name` is one of `*args`."""

    name: str
    source: str
    keyword: bool = False


@dataclass(frozen=True)
class Call:
    """One use of a feature: `subject(arguments)`, or `subject(build).method(arguments)`.

    Everything is source that `imports` make complete. `files` are written to `tmp_path` first.
    `expected` is what documentation says comes out; `origin` is where the input was found.
    """

    subject: str
    arguments: tuple[Argument, ...] = ()
    build: tuple[Argument, ...] | None = None
    method: str = ""
    observe: str = ""
    imports: tuple[Import, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    origin: str = "type"
    expected: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a call did, as source that can be compared.

    `kind`: returns, prints, changes (the argument `changed`), raises (`error`, `message`), refused, unclear.
    `wrap` says how an iterator was read: list, islice.
    """

    kind: str
    source: str = ""
    imports: tuple[Import, ...] = ()
    wrap: str = ""
    changed: str = ""
    error: str = ""
    message: str = ""
    why: str = ""
    awaited: bool = False

    @property
    def testable(self) -> bool:
        """Say whether a test can assert this."""
        return self.kind in ("returns", "prints", "changes", "raises")


@dataclass(frozen=True)
class Observation:
    """A call, what it did, which lines and line-to-line steps of the feature it ran, which mutants it notices."""

    call: Call
    outcome: Outcome
    lines: tuple[int, ...] = ()
    steps: tuple[tuple[int, int], ...] = ()
    kills: tuple[int, ...] = ()


@dataclass(frozen=True)
class Law:
    """A property that held for `calls` (indexes of observations), and for how many of them it said something.

    `name`: idempotent, or inverse (then `other` undoes the feature).
    """

    name: str
    other: str
    calls: tuple[int, ...]
    telling: int


@dataclass(frozen=True)
class Hint:
    """What the source and its documentation say of one parameter: kinds of values, and constants as source."""

    name: str
    kinds: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()


@dataclass(frozen=True)
class Made:
    """An object of the class `kind` as the project's tests make it."""

    kind: str
    source: str
    imports: tuple[Import, ...]


@dataclass(frozen=True)
class Question:
    """What the host wants to know about one feature. Paths are relative to the tree.

    `files` are names and contents, `objects` are values, that the project's own tests use.
    """

    path: str
    root: str
    modules: tuple[str, ...]
    qualname: str
    examples: tuple[Call, ...] = ()
    hints: tuple[Hint, ...] = ()
    skip: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    objects: tuple[Made, ...] = ()
    inverse: str = ""
    seconds: float = 20.0
    most: int = 160
    nonce: str = ""
    test: str = ""
    unit: bool = False
    covered: tuple[int, ...] = ()


@dataclass(frozen=True)
class Survey:
    """What the feature does over many inputs. `trouble` says why there is nothing to see."""

    trouble: str = ""
    module: str = ""
    lines: tuple[int, ...] = ()
    mutants: int = 0
    observations: tuple[Observation, ...] = ()
    laws: tuple[Law, ...] = ()
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Replay:
    """What the same calls did in another process."""

    trouble: str = ""
    outcomes: tuple[Outcome, ...] = ()


@dataclass(frozen=True)
class Trial:
    """How a test file stood against mutants of the feature; `survived` describes those it did not notice."""

    trouble: str = ""
    tried: int = 0
    killed: int = 0
    survived: tuple[str, ...] = ()
