"""What each durable step of an agent leaves in the journal."""

from __future__ import annotations

from fresh.domain.ci import CiState
from fresh.domain.evidence import Evidence
from fresh.domain.fitting import Landing
from fresh.domain.value import Value
from fresh.domain.work import Plan, Work


class Analysis(Value):
    """The engine's plan, or why it declined."""

    plan: Plan | None = None
    declined: str | None = None


class Made(Value):
    """The commit that came out of one round of work, or why there is none; a question may stand without one."""

    commit: str | None = None
    work: Work | None = None
    declined: str | None = None
    refused: str | None = None


class Proven(Value):
    """What the verifier found."""

    evidence: Evidence


class CaughtUp(Value):
    """The newest base, and the commit that stands on it; the one that was made where nothing moved or it conflicts."""

    base: str
    commit: str
    conflicts: tuple[str, ...] = ()


class Fitted(Value):
    """How a commit fits what else waits."""

    landing: Landing


class Offered(Value):
    """Which commit the operator was given to try; none where policy blocks it, and then `withheld` says why."""

    commit: str | None
    withheld: str | None = None


class Published(Value):
    """Where the change is now."""

    branch: str
    pull_request: str
    note: str = ""


class Followed(Value):
    """What the project's own checks came to."""

    state: CiState
