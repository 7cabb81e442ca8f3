"""The one word for where an agent stands, derived from what the journal holds; nobody stores it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class Phase(StrEnum):
    """The guide's words, and ours for what it leaves unnamed."""

    STARTING = "starting"
    ANALYZING = "analyzing"
    IMPLEMENTING = "implementing"
    TESTING = "testing"
    AWAITING_USER = "awaiting_user"
    COMMITTING = "committing"
    COMPLETED = "completed"
    DECLINED = "declined"
    FAILED = "failed"
    REJECTED = "rejected"
    PARKED = "parked"
    STOPPED = "stopped"
    ABANDONED = "abandoned"


class Step(StrEnum):
    """One durable step of an agent, in the guide's order."""

    ANALYSE = "analyse"
    IMPLEMENT = "implement"
    VERIFY = "verify"
    CATCH_UP = "catch_up"
    VERIFY_AGAIN = "verify_again"
    LAND = "land"
    OFFER = "offer"
    PUBLISH = "publish"
    FOLLOW = "follow"


DURING = {
    Step.ANALYSE: Phase.ANALYZING,
    Step.IMPLEMENT: Phase.IMPLEMENTING,
    Step.VERIFY: Phase.TESTING,
    Step.CATCH_UP: Phase.TESTING,
    Step.VERIFY_AGAIN: Phase.TESTING,
    Step.LAND: Phase.TESTING,
    Step.OFFER: Phase.TESTING,
    Step.PUBLISH: Phase.COMMITTING,
    Step.FOLLOW: Phase.COMMITTING,
}
QUIET = frozenset({Step.CATCH_UP, Step.LAND, Step.FOLLOW})
"""Steps that say something of their own when there is something to say."""
LIVE = frozenset(
    {
        Phase.STARTING,
        Phase.ANALYZING,
        Phase.IMPLEMENTING,
        Phase.TESTING,
        Phase.AWAITING_USER,
        Phase.COMMITTING,
    }
)


def phase_of(begun: Sequence[str], asking: bool, outcome: str | None) -> Phase:
    """Derive the phase from the steps begun so far (oldest first), an open question and how the agent ended."""
    if outcome is not None:
        return Phase(outcome)
    if asking:
        return Phase.AWAITING_USER
    return DURING[Step(begun[-1])] if begun else Phase.STARTING
