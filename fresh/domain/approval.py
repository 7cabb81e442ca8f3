"""When a person is asked, what they may answer, and what the clock answers when nobody does."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from fresh.domain.change import Ruling
from fresh.domain.evidence import CheckState, Evidence, Figure, Verdict
from fresh.domain.feature import Kind
from fresh.domain.money import ZERO, Usd
from fresh.domain.value import Value

LONGEST_WORDS = 4000
"""Letters of what a person says to an agent."""


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


class Risk(StrEnum):
    """How much can go wrong, by the evidence."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ShownCheck(Value):
    """One check of the evidence, cut to what fits beside others."""

    name: str
    state: CheckState
    fact: str


class ShownFile(Value):
    """One path that a change touches; `status` is A, M, D or T."""

    path: str
    status: str
    added: int
    removed: int


class Particulars(Value):
    """What a person sees before they decide. Its texts come from agents and repositories: shown, never obeyed.

    `files` holds the first hundred of `file_count`; `evidence` is the SHA-256 of the whole evidence.
    """

    feature: str
    kind: Kind
    branch: str
    base: str = ""
    summary: str = ""
    reasons: tuple[str, ...] = ()
    ruling: Ruling = Ruling.ALLOW
    policy_reasons: tuple[str, ...] = ()
    checks: tuple[ShownCheck, ...] = ()
    figures: tuple[Figure, ...] = ()
    verdict: Verdict | None = None
    evidence: str = ""
    files: tuple[ShownFile, ...] = ()
    file_count: int = 0
    added: int = 0
    removed: int = 0
    cost: Usd = ZERO
    cap: Usd = ZERO
    risk: Risk = Risk.LOW
    risks: tuple[str, ...] = ()
    on_deadline: OnDeadline


class Question(Value):
    """One question to a person. It is bound to `commit`: a new commit needs a new question.

    Questions of journals that an older Fresh wrote have no particulars.
    """

    id: str
    run_id: str
    agent_id: str
    why: Why
    text: str
    commit: str | None = None
    asked_at: datetime
    deadline: datetime
    particulars: Particulars | None = None

    @property
    def seal(self) -> str:
        """Name what is decided on: this commit with this evidence, as policy rules on it.

        A door gives it back with the answer. Whoever saw something else decides nothing.
        """
        its = self.particulars
        judged = [its.evidence, its.ruling.value, *its.policy_reasons] if its is not None else []
        text = json.dumps([self.id, self.commit, self.why.value, *judged])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class Decision(Value):
    """The one answer that counts: by whom, when, through which door."""

    answer: Answer
    by: str
    through: str = Field(description="terminal, slack, prefect, clock or stop")
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
