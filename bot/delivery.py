"""Get one message into Slack exactly once, and keep it as it should be.

A message is claimed in the journal before it is posted. Where nobody can say whether a post has arrived (no reply, a
reply of 5xx, a process that died in between), the channel's history is searched for its metadata before it is posted
again: chat.postMessage knows no idempotency key.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import IntEnum

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.desk import Desk
from bot.messages.blocks import Block, Message
from bot.messages.plainly import plainly
from bot.served import Served
from fresh.domain.cards import Card, CardKind, CardState

log = logging.getLogger("fresh.bot")

EVENT_TYPE = "fresh_card"
STALE_CLAIM = 8.0
"""Seconds after which a claim that led to no message is taken over; only the owner of the lease posts."""
MOST_REPOSTS = 2
SEARCHED = 10
"""Pages of history that are searched for a message that may have arrived."""
LOST = frozenset({"token_revoked", "invalid_auth", "account_inactive", "not_authed", "token_expired"})
UNFIT = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"})


class Urgency(IntEnum):
    """What goes first when not everything can."""

    QUESTION = 0
    ANSWER = 1
    REPORT = 2
    PROGRESS = 3


@dataclass(frozen=True)
class Wanted:
    """What a message should show now. `thread` is the message under which it belongs."""

    served: Served
    kind: CardKind
    subject: str
    run_id: str
    urgency: Urgency
    message: Message
    thread: str | None = None
    shown: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Name the message."""
        return self.kind.value, self.subject

    @property
    def digest(self) -> str:
        """Name what it shows."""
        return self.shown or digest_of(self.message)


def digest_of(message: Message) -> str:
    """Name what a message shows."""
    text = json.dumps([message.text, message.blocks], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


class Later(Exception):
    """It was not done now. `seconds` is when to try again; `everything` says that the limit is not this message's own."""

    def __init__(self, seconds: float, *, everything: bool = False, why: str = "") -> None:
        super().__init__(why)
        self.seconds = seconds
        self.everything = everything
        self.why = why


class Barred(Exception):
    """Slack does not know us any more; nothing can be done without a person."""


@dataclass
class Delivery:
    """The way into Slack. `held` are claims of ours that led to no message yet, `unclear` those that may have."""

    desk: Desk
    plain: bool = False
    held: set[tuple[str, str]] = field(default_factory=set)
    unclear: set[tuple[str, str]] = field(default_factory=set)
    trouble: str = ""

    async def post(self, wanted: Wanted) -> None:
        """Post a message unless it is there. Raises Later, Barred, StorageFailed."""
        desk, journal = self.desk, wanted.served.journal
        look = wanted.key in self.unclear
        if wanted.key not in self.held:
            claimed = await desk.aside(journal.claim_card, self._card(wanted), stale_after=STALE_CLAIM)
            if not claimed.mine:
                if claimed.card.state is CardState.CLAIMED:
                    raise Later(STALE_CLAIM / 4, why="somebody else has claimed it")
                return
            self.held.add(wanted.key)
            look = look or claimed.again
            if claimed.again:
                self.unclear.add(wanted.key)
        ts = await self._find(wanted) if look else None
        if ts is None:
            ts = await self._post(wanted)
        permalink = await self._permalink(ts)
        await desk.aside(
            journal.note_posted,
            wanted.kind,
            wanted.subject,
            team=desk.team,
            channel=desk.channel,
            ts=ts,
            permalink=permalink,
        )
        # What was found may show an older state; the next look edits it.
        if not look:
            await desk.aside(journal.note_shown, wanted.kind, wanted.subject, version=1, shown=wanted.digest)
        elif wanted.shown:
            await desk.aside(journal.note_shown, wanted.kind, wanted.subject, version=1, shown=wanted.shown)
        self.held.discard(wanted.key)
        self.unclear.discard(wanted.key)

    async def edit(self, wanted: Wanted, card: Card) -> None:
        """Let a posted message show what it should. Raises Later, Barred, StorageFailed."""
        try:
            await self._send(wanted, "chat.update", {"ts": card.ts})
        except SlackApiError as refused:
            error = str(refused.response.get("error", ""))
            if error != "message_not_found":
                raise Later(30.0, why=error) from refused
            again = card.claims <= MOST_REPOSTS
            await self.desk.aside(
                wanted.served.journal.note_gone,
                card.kind,
                card.subject,
                str(card.ts),
                self.desk.now(),
                repost=again,
            )
            log.warning(
                "The message of %s %s was deleted%s.", *wanted.key, "; it is posted again" if again else ""
            )
            return
        await self.desk.aside(
            wanted.served.journal.note_shown,
            wanted.kind,
            wanted.subject,
            version=card.version + 1,
            shown=wanted.digest,
        )

    def _card(self, wanted: Wanted) -> Card:
        return Card(
            kind=wanted.kind,
            subject=wanted.subject,
            run_id=wanted.run_id,
            team=self.desk.team,
            channel=self.desk.channel,
            owner=self.desk.host.name,
            claimed_at=self.desk.now(),
        )

    async def _post(self, wanted: Wanted) -> str:
        more: dict[str, object] = {"unfurl_links": False, "unfurl_media": False}
        if wanted.thread is not None:
            more["thread_ts"] = wanted.thread
        try:
            reply = await self._send(wanted, "chat.postMessage", more)
        except SlackApiError as refused:
            raise Later(30.0, why=str(refused.response.get("error", ""))) from refused
        return str(reply["ts"])

    async def _send(self, wanted: Wanted, method: str, more: dict[str, object]) -> dict[str, object]:
        """Send a message; blocks that are refused are said with older ones, and at last without any."""
        whole = plainly(wanted.message) if self.plain else wanted.message
        try:
            return await self._call(wanted, method, whole, more)
        except SlackApiError as refused:
            if str(refused.response.get("error")) not in UNFIT:
                raise
            log.warning("Slack refuses blocks of %s %s: %s", *wanted.key, refused.response.get("errors"))
        if not self.plain:
            self.plain = True
            try:
                return await self._call(wanted, method, plainly(wanted.message), more)
            except SlackApiError as refused:
                if str(refused.response.get("error")) not in UNFIT:
                    raise
                log.error("Slack refuses even plain blocks: %s", refused.response.get("errors"))
        kept = tuple(block for block in wanted.message.blocks if block["type"] == "actions")
        return await self._call(wanted, method, replace(wanted.message, blocks=kept), more)

    async def _call(
        self, wanted: Wanted, method: str, message: Message, more: dict[str, object]
    ) -> dict[str, object]:
        told: Block = {"kind": wanted.kind.value, "subject": wanted.subject, "run_id": wanted.run_id}
        given: dict[str, object] = {
            "channel": self.desk.channel,
            "text": message.text,
            "blocks": list(message.blocks),
            "metadata": {"event_type": EVENT_TYPE, "event_payload": {**told, "release": self.desk.release}},
            **more,
        }
        try:
            reply = await self.desk.client.api_call(method, json=given)
        except SlackApiError as refused:
            self._weigh(wanted, refused)
            raise
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as trouble:
            # It may have arrived: only its reply is known to be lost.
            self.unclear.add(wanted.key)
            raise Later(2.0, why=type(trouble).__name__) from trouble
        self.trouble = ""
        return dict(reply.data) if isinstance(reply.data, dict) else {}

    def _weigh(self, wanted: Wanted, refused: SlackApiError) -> None:
        """Tell a limit and an outage, which pass, from a refusal of this very message, which goes on as it is."""
        error, status = str(refused.response.get("error", "")), refused.response.status_code
        if status == 429 or error in ("ratelimited", "rate_limited"):
            wait = float(refused.response.headers.get("Retry-After", 1))
            raise Later(wait, everything=True, why="rate limit") from refused
        if error in LOST:
            self.trouble = error
            raise Barred(error) from refused
        if status >= 500 or error in (
            "internal_error",
            "fatal_error",
            "service_unavailable",
            "request_timeout",
        ):
            self.unclear.add(wanted.key)
            raise Later(2.0, why=error) from refused
        if error in ("not_in_channel", "channel_not_found", "is_archived", "missing_scope"):
            self.trouble = error
            raise Later(30.0, everything=True, why=error) from refused

    async def _permalink(self, ts: str) -> str | None:
        try:
            reply = await self.desk.client.chat_getPermalink(channel=self.desk.channel, message_ts=ts)
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError):
            return None
        return str(reply["permalink"])

    async def _find(self, wanted: Wanted) -> str | None:
        """Search the history for a message that may have arrived. Raises Later when it can't be searched."""
        card = await self.desk.aside(wanted.served.journal.card, wanted.kind, wanted.subject)
        since = (card.claimed_at if card is not None else self.desk.now()) - timedelta(hours=12)
        given: dict[str, object] = {
            "channel": self.desk.channel,
            "include_all_metadata": True,
            "limit": 200,
            "oldest": f"{since.timestamp():.6f}",
        }
        method = "conversations.history"
        if wanted.thread is not None:
            method, given = "conversations.replies", {**given, "ts": wanted.thread}
        for _ in range(SEARCHED):
            try:
                reply = await self.desk.client.api_call(method, params=_strings(given))
            except SlackApiError as refused:
                self._weigh(wanted, refused)
                raise Later(10.0, why=str(refused.response.get("error", ""))) from refused
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as trouble:
                raise Later(2.0, why=type(trouble).__name__) from trouble
            for found in reply.get("messages") or []:
                payload = (found.get("metadata") or {}).get("event_payload") or {}
                if (payload.get("kind"), payload.get("subject")) == wanted.key:
                    log.info("The message of %s %s had arrived.", *wanted.key)
                    return str(found["ts"])
            cursor = (reply.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return None
            given["cursor"] = cursor
            await asyncio.sleep(0.2)
        return None


def _strings(given: dict[str, object]) -> dict[str, str]:
    return {key: ("true" if value is True else str(value)) for key, value in given.items()}
