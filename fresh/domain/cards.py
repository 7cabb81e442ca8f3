"""What the journal remembers of messages that show a question or a run, and of who owns a Slack app."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from fresh.domain.host import Host
from fresh.domain.value import Value


class CardKind(StrEnum):
    """What a message shows; `subject` is the id of that."""

    QUESTION = "question"
    RUN = "run"
    REPORT = "report"
    ALERT = "alert"
    LINE = "line"


class CardState(StrEnum):
    """Claimed: somebody posts it, or died doing so. Posted: it has an address. Gone: it was deleted for good."""

    CLAIMED = "claimed"
    POSTED = "posted"
    GONE = "gone"


class Card(Value):
    """One message. `version` counts what it was made to show; `shown` is the digest of that."""

    kind: CardKind
    subject: str
    run_id: str = ""
    team: str = ""
    channel: str
    ts: str | None = None
    permalink: str | None = None
    state: CardState = CardState.CLAIMED
    version: int = 0
    shown: str = ""
    owner: str
    claims: int = 1
    claimed_at: datetime


class Claimed(Value):
    """A card, and whether it is this caller's to post. `again` means: somebody may have posted it before, so look first."""

    card: Card
    mine: bool
    again: bool


class Lease(Value):
    """Who owns something that only one process may own, e.g. the posting of a Slack app."""

    name: str
    owner: Host
    release: str = ""
    beat: datetime
