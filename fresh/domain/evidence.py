"""What the machine found out about a change, and what it concludes."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from fresh.domain.change import PolicyVerdict
from fresh.domain.value import Value


class TestOutcome(StrEnum):
    """How one test ended."""

    __test__ = False  # pytest would collect it

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    XFAILED = "xfailed"


class RunEnd(StrEnum):
    """Why a command in the sandbox ended."""

    EXIT = "exit"
    TIMEOUT = "timeout"
    OOM = "oom"
    DISK = "disk"


class TestRun(Value):
    """One run of the repository's tests on one commit.

    `outcomes` maps test ids to outcomes and is empty when the command reports none (then only `exit_code` counts).
    `covered` maps repository-relative paths to the lines that ran; empty when coverage was not asked for.
    """

    __test__ = False

    command: tuple[str, ...]
    commit: str
    exit_code: int | None
    ended: RunEnd
    seconds: float
    outcomes: dict[str, TestOutcome] = Field(default_factory=dict)
    covered: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    tail: str = Field(default="", description="the last lines of output, for people")
    cut_in: str = Field(default="", description="the test that was running when the run was cut short")

    @property
    def passed(self) -> frozenset[str]:
        """Ids of the tests that passed."""
        return frozenset(name for name, end in self.outcomes.items() if end is TestOutcome.PASSED)

    @property
    def failing(self) -> frozenset[str]:
        """Ids of the tests that failed or broke."""
        bad = (TestOutcome.FAILED, TestOutcome.ERROR)
        return frozenset(name for name, end in self.outcomes.items() if end in bad)


class CheckState(StrEnum):
    """How one check ended; `not_run` is said, never hidden."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not_run"


class Check(Value):
    """One question that the machine asked of the change, and the facts it got."""

    name: str
    state: CheckState
    fact: str = Field(description="one sentence with the numbers")
    detail: str = ""


class Verdict(StrEnum):
    """The machine's judgement."""

    EARNED = "earned"
    FAILED = "failed"


class Gains(Value):
    """What a change brings, counted by the machine; quality is the feature's, 0 to 100."""

    tests: int = 0
    lines_covered: int = 0
    quality_before: int | None = None
    quality_after: int | None = None

    @property
    def quality(self) -> int:
        """How many points of quality the feature gains."""
        if self.quality_before is None or self.quality_after is None:
            return 0
        return self.quality_after - self.quality_before


class Figure(Value):
    """One thing that was measured on the base and on the commit, in words for people."""

    name: str
    base: str
    head: str


class Evidence(Value):
    """Every check of one commit, and the verdict that follows from them; `figures` show base and commit side by side."""

    base: str
    commit: str
    checks: tuple[Check, ...]
    policy: PolicyVerdict = PolicyVerdict()
    gains: Gains | None = None
    figures: tuple[Figure, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Earned when at least one check passed and none failed."""
        states = {check.state for check in self.checks}
        earned = CheckState.PASSED in states and CheckState.FAILED not in states
        return Verdict.EARNED if earned else Verdict.FAILED

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.state is CheckState.FAILED)
