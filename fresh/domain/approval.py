"""When a person is asked, what they may answer, and what the clock answers when nobody does."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from fresh.domain.change import Ruling
from fresh.domain.evidence import Evidence, Verdict
from fresh.domain.value import Value


class Why(StrEnum):
    """Why a person is asked."""

    READY = "ready"
    CHECKS_FAIL = "checks_fail"
    ARCHITECTURE = "architecture"
    POLICY = "policy"


class Answer(StrEnum):
    """What a person or the clock may answer; a closed set."""

    APPROVED = "approved"
    REJECTED = "rejected"
    CHANGES = "changes"
    EXPIRED = "expired"
    STOPPED = "stopped"


class OnDeadline(StrEnum):
    """What happens to an agent whose question nobody answered in time."""

    CONTINUE_AS_DRAFT = "continue_as_draft"
    ABANDON = "abandon"
    PARK = "park"


class Question(Value):
    """One question to a person. It is bound to `commit`: a new commit needs a new question."""

    id: str
    run_id: str
    agent_id: str
    why: Why
    text: str
    commit: str | None = None
    asked_at: datetime
    deadline: datetime


class Decision(Value):
    """The one answer that counts: by whom, when, through which door."""

    answer: Answer
    by: str
    through: str = Field(description="terminal, prefect, slack or clock")
    text: str = ""
    at: datetime


def why_ask(evidence: Evidence, approval: bool) -> Why | None:
    """Say why a person must see this change; None when nobody needs to.

    Failing checks come first, then policy: `approval=False` (the guide's --no-approval) skips READY alone. What policy
    blocks is put to nobody. Raises ValueError for it.
    """
    if evidence.policy.ruling is Ruling.BLOCK:
        raise ValueError("a change that policy blocks is put to nobody")
    if evidence.verdict is Verdict.FAILED:
        return Why.CHECKS_FAIL
    if evidence.policy.ruling is not Ruling.ALLOW:
        return Why.POLICY
    return Why.READY if approval else None


def on_deadline(why: Why) -> OnDeadline:
    """Say what silence means; it is never consent to failing checks or to a policy exception."""
    return {
        Why.READY: OnDeadline.CONTINUE_AS_DRAFT,
        Why.CHECKS_FAIL: OnDeadline.ABANDON,
        Why.ARCHITECTURE: OnDeadline.PARK,
        Why.POLICY: OnDeadline.PARK,
    }[why]
