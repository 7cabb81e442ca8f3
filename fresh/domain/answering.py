"""What becomes of an attempt to decide: a closed set of responses, each of them one sentence for who tried."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from fresh.domain.agent import Outcome
from fresh.domain.approval import Answer, Decision, Question
from fresh.domain.people import WhyRefused
from fresh.domain.quoting import line
from fresh.domain.value import Value

SAID = {
    Answer.APPROVED: "approved it",
    Answer.REJECTED: "rejected it",
    Answer.CHANGES: "asked for changes",
    Answer.STOPPED: "stopped it",
    Answer.EXPIRED: "let the clock decide",
}


class Attempt(Value):
    """What somebody tries to decide. `seal` is that of the question as it was shown to them."""

    question: str
    answer: Answer
    words: str = ""
    seal: str


class Standing(Value):
    """How a question stands: decided or not, carried out or not, and whether its agent has ended."""

    question: Question
    decision: Decision | None = None
    applied_at: datetime | None = None
    agent_ended: Outcome | None = None

    @property
    def is_over(self) -> bool:
        """Say that its agent has ended, so that no answer can change anything; a parked one still waits."""
        return self.agent_ended not in (None, Outcome.PARKED)

    @property
    def is_open(self) -> bool:
        """Say that an answer is still waited for."""
        return self.decision is None and not self.is_over

    @property
    def is_undelivered(self) -> bool:
        """Say that it is decided while its agent has not gone on yet, and still can."""
        return self.decision is not None and self.applied_at is None and not self.is_over


class Won(Value):
    """This attempt is the decision. `own` marks who decides on a run that they started themselves."""

    question: Question
    decision: Decision
    own: bool = False

    @property
    def sentence(self) -> str:
        """Tell who tried."""
        return f"Recorded: you {SAID[self.decision.answer]}."


class AlreadyDecided(Value):
    """Somebody, or the clock, was first."""

    question: Question
    decision: Decision

    @property
    def sentence(self) -> str:
        """Tell who tried."""
        first = self.decision
        at = f"{first.at:%Y-%m-%d %H:%M:%S} UTC"
        if first.answer is Answer.EXPIRED:
            return f"Already decided: nobody answered until {at}, so the clock did."
        return f"Already decided: {line(first.by)} {SAID[first.answer]} through {first.through} at {at}."


class Refused(Value):
    """A rule says no; the question stays as it is. `question` is empty where the attempt was on none."""

    why: WhyRefused
    sentence: str
    question: Question | None = None


class Stale(Value):
    """What was shown is not what the question is about any more, or its agent has ended."""

    question: Question
    sentence: str


class Unknown(Value):
    """There is no such question."""

    sentence: str


Response: TypeAlias = Won | AlreadyDecided | Refused | Stale | Unknown
