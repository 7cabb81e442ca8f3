"""What the project's own checks say of a published commit, and whether the change is to blame."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from fresh.domain.evidence import Check, CheckState, Evidence
from fresh.domain.value import Value

LONGEST = 2000


class CiResult(StrEnum):
    """Where one check stands; what is skipped or neutral has passed."""

    PENDING = "pending"
    PASSED = "passed"
    FAILED = "failed"


class CiCheck(Value):
    """One check of a commit by somebody else; `summary` is their words."""

    name: str
    result: CiResult
    summary: str = ""
    address: str = ""


class Colour(StrEnum):
    """What all checks of a commit come to."""

    NONE = "none"
    PENDING = "pending"
    GREEN = "green"
    RED = "red"


class CiState(Value):
    """The checks of one published commit; `blamed` are those that fail because of the change, `note` says what was done."""

    commit: str
    checks: tuple[CiCheck, ...] = ()
    blamed: tuple[str, ...] = ()
    repaired: bool = Field(default=False, description="an agent has answered red checks with another commit")
    note: str = ""

    @property
    def failed(self) -> tuple[CiCheck, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.result is CiResult.FAILED)

    @property
    def colour(self) -> Colour:
        """Red as soon as one check failed, green once all have passed."""
        if self.failed:
            return Colour.RED
        if any(check.result is CiResult.PENDING for check in self.checks):
            return Colour.PENDING
        return Colour.GREEN if self.checks else Colour.NONE

    @property
    def is_settled(self) -> bool:
        """Say whether every check that was begun has ended."""
        return bool(self.checks) and all(check.result is not CiResult.PENDING for check in self.checks)

    def told(self) -> str:
        """Say in one sentence how it stands."""
        if self.colour is Colour.NONE:
            return f"No check of the project is known{f': {self.note}' if self.note else ''}."
        names = ", ".join(check.name for check in self.failed)
        words = {
            Colour.PENDING: f"{len(self.checks)} checks, not all of them have ended",
            Colour.GREEN: f"all {len(self.checks)} checks pass",
            Colour.RED: f"{len(self.failed)} of {len(self.checks)} checks fail: {names}",
        }[self.colour]
        return f"{words[:1].upper()}{words[1:]}{f'; {self.note}' if self.note else ''}."


def blame(head: CiState, base: CiState) -> tuple[str, ...]:
    """List the failed checks that the change must answer for: those that don't fail on its base too."""
    already = {check.name for check in base.failed}
    return tuple(check.name for check in head.failed if check.name not in already)


def feedback(evidence: Evidence, state: CiState) -> Evidence:
    """Add the blamed checks to the evidence as failed ones, for the engine to answer."""
    failed = tuple(
        Check(
            name=f"CI: {check.name}",
            state=CheckState.FAILED,
            fact="it fails on the pull request and not on its base",
            detail=check.summary[:LONGEST],
        )
        for check in state.failed
        if check.name in state.blamed
    )
    return evidence.model_copy(update={"checks": (*evidence.checks, *failed)})
