"""Who may do what: viewers look, operators start and stop, approvers decide. Who is not named is nobody."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from fresh.domain.value import Value

GOOD_FOR = timedelta(minutes=5)
"""Age up to which the members of groups are not read again."""
LAST_GOOD_FOR = timedelta(hours=1)
"""Age up to which they count while they can't be read; from then on nobody is in any group."""


class Door(StrEnum):
    """Through what somebody, or something, comes in."""

    TERMINAL = "terminal"
    SLACK = "slack"
    PREFECT = "prefect"
    CLOCK = "clock"
    STOP = "stop"


class Act(StrEnum):
    """What somebody may be allowed to do."""

    LOOK = "look"
    APPROVE = "approve"
    STOP = "stop"
    START = "start"


class Actor(Value):
    """Who acts. `id` and `team` are what the door vouches for; `name` is for people to read and proves nothing."""

    door: Door
    id: str = ""
    name: str
    team: str = ""
    is_guest: bool = False


class Circle(Value):
    """People by Slack user id, and by user group."""

    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Say that nobody can be in it."""
        return not (self.users or self.groups)


class Membership(Value):
    """Who is in which Slack user group, as it was read at a moment."""

    members: dict[str, frozenset[str]] = Field(default_factory=dict)
    read_at: datetime

    def is_good(self, now: datetime) -> bool:
        """Say that it need not be read again."""
        return timedelta(0) <= now - self.read_at <= GOOD_FOR

    def counts(self, now: datetime) -> bool:
        """Say that it may still be used when reading it again fails."""
        return timedelta(0) <= now - self.read_at <= LAST_GOOD_FOR


class SelfApproval(StrEnum):
    """Whether who started a run may approve what its agents made."""

    ALLOW = "allow"
    BLOCK = "block"


class People(Value):
    """Everybody who may do something from elsewhere than this machine's own terminal."""

    team: str = Field(default="", description="the one Slack team whose people count")
    viewers: Circle = Circle()
    operators: Circle = Circle()
    approvers: Circle = Circle()
    self_approval: SelfApproval = SelfApproval.ALLOW
    prefect: bool = Field(default=True, description="whether the Resume form of the Prefect UI decides")

    def circles(self, act: Act) -> tuple[Circle, ...]:
        """List the circles whose people may do this."""
        return {
            Act.LOOK: (self.viewers, self.operators, self.approvers),
            Act.APPROVE: (self.approvers,),
            Act.STOP: (self.operators, self.approvers),
            Act.START: (self.operators,),
        }[act]

    @property
    def groups(self) -> frozenset[str]:
        """Every user group whose members must be known."""
        return self.viewers.groups | self.operators.groups | self.approvers.groups


class WhyRefused(StrEnum):
    """Why an attempt has no effect; a closed set."""

    NOBODY = "nobody is allowed to"
    STRANGER = "not allowed to"
    GUEST = "a guest"
    OTHER_TEAM = "of another team"
    GROUPS_UNKNOWN = "the members of the user groups can't be read"
    OWN_RUN = "who started the run may not approve it"
    DOOR_CLOSED = "this door does not decide"
    NOT_ITS_ANSWER = "this door can't give that answer"
    NO_WORDS = "an agent needs words on what to change"
    TOO_MANY_WORDS = "more words than an agent is told"
    FORGED = "not what was shown"


def why_refuse(
    people: People,
    actor: Actor,
    act: Act,
    now: datetime,
    membership: Membership | None = None,
    starter: Actor | None = None,
) -> WhyRefused | None:
    """Say why somebody may not do this; None when they may. What is not known counts against them.

    `starter` is who started the run, where that is known.
    """
    if actor.door is Door.SLACK and (why := _why_refuse_in_slack(people, actor, act, now, membership)):
        return why
    if actor.door is Door.PREFECT and act is not Act.STOP and not people.prefect:
        return WhyRefused.DOOR_CLOSED
    if act is Act.APPROVE and people.self_approval is SelfApproval.BLOCK and _may_be(actor, starter):
        return WhyRefused.OWN_RUN
    return None


def is_own(actor: Actor, starter: Actor | None) -> bool:
    """Say whether somebody decides on a run that they started themselves."""
    return bool(
        starter is not None
        and actor.id
        and (actor.door, actor.id, actor.team) == (starter.door, starter.id, starter.team)
    )


def _may_be(actor: Actor, starter: Actor | None) -> bool:
    """Say whether somebody can be who started the run: without an id, anybody can."""
    if actor.door in (Door.CLOCK, Door.STOP):
        return False
    return not actor.id or is_own(actor, starter)


def _why_refuse_in_slack(
    people: People, actor: Actor, act: Act, now: datetime, membership: Membership | None
) -> WhyRefused | None:
    if not (people.team and actor.id) or actor.team != people.team:
        return WhyRefused.OTHER_TEAM
    if actor.is_guest:
        return WhyRefused.GUEST
    circles = people.circles(act)
    if all(circle.is_empty for circle in circles):
        return WhyRefused.NOBODY
    if any(actor.id in circle.users for circle in circles):
        return None
    groups = frozenset[str]().union(*(circle.groups for circle in circles))
    if not groups:
        return WhyRefused.STRANGER
    if membership is None or not membership.counts(now):
        return WhyRefused.GROUPS_UNKNOWN
    if any(actor.id in membership.members.get(group, frozenset()) for group in groups):
        return None
    return WhyRefused.STRANGER
