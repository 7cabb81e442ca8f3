"""One capability found in a codebase, and everything known about it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field

from fresh.domain.nature import Nature
from fresh.domain.value import Value


class Kind(StrEnum):
    """What is to be improved."""

    HOOKUP = "hookup"
    TESTS = "tests"
    STUB = "stub"
    QUALITY = "quality"


class Reachability(StrEnum):
    """How a feature can be reached; `unknown` means that no parser could tell."""

    HOOKED = "hooked"
    HOOKED_WEAK = "hooked-weak"
    API_ONLY = "api-only"
    TEST_ONLY = "test-only"
    UNHOOKED = "unhooked"
    UNKNOWN = "unknown"


class Signal(Value):
    """One measured fact about a feature, with the reason that a person can check."""

    name: str
    value: float
    why: str


class Finding(Value):
    """One lint finding; `fixable` means ruff calls its fix safe."""

    code: str
    line: int
    text: str
    fixable: bool = False


Linted = Mapping[str, tuple[Finding, ...] | None]
"""The findings of each path that has some; None for a path that the linter can't stand."""

RED = "red"
"""The name of the signal that says which of a feature's tests fail before anything is changed."""


class Feature(Value):
    """A function, class or method that the project's own code offers.

    `key` is `module:qualname` and identifies the feature across commits; lines are 1-based and inclusive;
    `tested`, `necessity` and `safety` lie in 0..1, `quality` in 0..100.
    """

    key: str
    module: str
    qualname: str
    path: str = Field(description="repository-relative, with forward slashes")
    line: int
    end_line: int
    is_class: bool = False
    nature: Nature = Nature.WORK
    nature_why: str = Field(default="", description="what in the code says so")
    bare: bool = Field(default=False, description="a class that defines no method, such as most exceptions")
    reachability: Reachability
    evidence: tuple[str, ...] = Field(
        default=(), description="the path, export or rules behind `reachability`"
    )
    exported: bool = False
    documented: bool = False
    tested: float = 0.0
    tested_by: tuple[str, ...] = ()
    quality: int = 100
    necessity: float = 0.0
    dependents: int = 0
    unlocks: int = Field(default=0, description="unhooked definitions that a hookup of this one would reach")
    safety: float = 1.0
    stub: bool = False
    findings: tuple[Finding, ...] = ()
    signals: tuple[Signal, ...] = ()
    code: str = Field(default="", description="digest of its code, whatever the white space in it")

    @property
    def name(self) -> str:
        """The last part of the qualified name: what people call it."""
        return self.qualname.rpartition(".")[2]


class EntryPoint(Value):
    """A root from which features are reached, and the rule that made it one."""

    key: str
    rule: str
    path: str
    line: int = 1


class Unparsed(Value):
    """A file that no parser could read."""

    path: str
    why: str


class Inventory(Value):
    """All features of one commit. `digest` changes when any fact that selection reads changes."""

    commit: str
    digest: str
    features: tuple[Feature, ...]
    entry_points: tuple[EntryPoint, ...] = ()
    unparsed: tuple[Unparsed, ...] = ()
    tolerated: tuple[Unparsed, ...] = Field(
        default=(), description="files that only a parser of other grammars could read, and why"
    )
    files: int = 0
    lines: int = 0
    limits: tuple[str, ...] = ()

    def feature(self, key: str) -> Feature | None:
        """Find a feature by its key."""
        return next((feature for feature in self.features if feature.key == key), None)
