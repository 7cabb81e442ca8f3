"""Whom Slack knows: members of user groups, guests, people of other teams; read ahead, so that no click waits for it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from fresh.domain.people import Actor, Door, Membership, People
from fresh.domain.quoting import line

GOOD_FOR = timedelta(minutes=5)
TRY_AGAIN = timedelta(seconds=20)
LAST_GOOD_FOR = timedelta(hours=1)
MOST_PEOPLE = 200
TROUBLES = (SlackClientError, aiohttp.ClientError, TimeoutError, OSError)
log = logging.getLogger("fresh.bot")


@dataclass(frozen=True)
class Face:
    """One person, as Slack shows them. `is_guest` and `team` are Slack's word."""

    id: str
    name: str
    team: str
    is_guest: bool
    read_at: datetime


class Acquaintances:
    """The cache. Nothing in it is asked for at click time; what it does not know counts against who clicks."""

    def __init__(self, client: AsyncWebClient, team: str) -> None:
        self._client = client
        self._team = team
        self._faces: dict[str, Face] = {}
        self._wanted: frozenset[str] = frozenset()
        self._tried_at: datetime | None = None
        self.membership: Membership | None = None

    def is_due(self, now: datetime) -> bool:
        """Say whether it should be read again."""
        if self._tried_at is not None and now - self._tried_at < TRY_AGAIN:
            return False
        return self.membership is None or now - self.membership.read_at >= GOOD_FOR

    async def read(self, everybody: Iterable[People]) -> None:
        """Read every group and everybody in it. What can't be read keeps its last good state for an hour."""
        self._tried_at = datetime.now(UTC)
        people = list(everybody)
        groups = sorted({group for one in people for group in one.groups})
        members: dict[str, frozenset[str]] = {}
        try:
            for group in groups:
                reply = await self._client.usergroups_users_list(usergroup=group)
                members[group] = frozenset(str(user) for user in reply["users"])
        except TROUBLES as trouble:
            log.warning("The members of the user groups can't be read: %s", _said(trouble))
        else:
            self.membership = Membership(members=members, read_at=self._tried_at)
        named = {
            user
            for one in people
            for circle in (one.viewers, one.operators, one.approvers)
            for user in circle.users
        }
        self._wanted = frozenset(named).union(*(members or self._members()).values())
        await self._look_at(self._wanted)

    def _members(self) -> dict[str, frozenset[str]]:
        return self.membership.members if self.membership is not None else {}

    async def _look_at(self, users: Iterable[str]) -> None:
        for user in sorted(users)[:MOST_PEOPLE]:
            try:
                shown = (await self._client.users_info(user=user))["user"]
            except SlackApiError as refused:
                if refused.response.get("error") == "user_not_found":
                    self._faces.pop(user, None)
                    log.warning("Slack knows no user %s.", user)
                continue
            except TROUBLES as trouble:
                log.warning("User %s can't be read: %s", user, _said(trouble))
                return
            guest = any(
                bool(shown.get(mark))
                for mark in ("is_restricted", "is_ultra_restricted", "is_stranger", "deleted")
            )
            profile = shown.get("profile") or {}
            name = line(str(profile.get("display_name") or shown.get("name") or user))[:60]
            team = str(shown.get("team_id") or "")
            self._faces[user] = Face(user, name, team, guest, datetime.now(UTC))

    def actor(self, user: str, team: str, now: datetime) -> Actor:
        """Say who acts. Somebody who is named for something and was not seen within the hour counts as a guest."""
        face = self._faces.get(user)
        if face is None or now - face.read_at > LAST_GOOD_FOR:
            return Actor(door=Door.SLACK, id=user, name=user, team=team, is_guest=user in self._wanted)
        # Both must say so: the payload of a click names the clicker's own team, that of a command only the workspace.
        own = team if face.team == team or not face.team else face.team
        return Actor(door=Door.SLACK, id=user, name=f"{face.name} ({user})", team=own, is_guest=face.is_guest)

    def knows(self, user: str) -> bool:
        """Say whether somebody's face was seen."""
        return user in self._faces


def _said(trouble: Exception) -> str:
    """Name a trouble without what was sent: a request holds a token."""
    if isinstance(trouble, SlackApiError):
        return str(trouble.response.get("error", "no reason"))
    return type(trouble).__name__
