"""Events: somebody opens the Home tab, or mentions us."""

from __future__ import annotations

import logging
import re
from datetime import UTC
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from bot.desk import Desk, said
from bot.listeners.commands import show_status
from bot.messages.help import HELP
from bot.messages.home import Seen, home
from fresh.domain.answering import Standing
from fresh.domain.cards import CardKind
from fresh.domain.money import ZERO, Usd
from fresh.domain.people import Act, Actor
from fresh.domain.status import RunStatus
from fresh.errors import FreshError

log = logging.getLogger("fresh.bot")
MENTION = re.compile(r"<@[A-Z0-9]+>")


def register(app: AsyncApp, desk: Desk) -> None:
    """Register every event."""

    @app.event("app_home_opened")
    async def open_home(event: dict[str, Any], body: dict[str, Any]) -> None:
        if event.get("tab", "home") == "home":
            await publish_home(desk, str(event.get("user", "")), str(body.get("team_id", "")))

    @app.event("app_mention")
    async def mentioned(event: dict[str, Any], body: dict[str, Any]) -> None:
        await _answer_mention(desk, event, str(body.get("team_id", "")))


async def publish_home(desk: Desk, user: str, team: str) -> None:
    """Show somebody their Home tab as things stand now."""
    actor = desk.actor(user, team)
    try:
        seen = await desk.aside(see, desk, actor)
        await desk.client.views_publish(user_id=user, view=home(desk.pen, seen))
    except FreshError as trouble:
        log.warning("A Home tab was not shown: %s", trouble.message)
    except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as trouble:
        log.warning("A Home tab was not shown: %s", type(trouble).__name__)


def see(desk: Desk, actor: Actor) -> Seen | None:
    """Put together what somebody may see; None when that is nothing. It blocks."""
    if desk.look_refused(actor, "home") is not None:
        return None
    served = desk.seen_by(actor)
    questions: list[Standing] = []
    runs: list[RunStatus] = []
    cards: dict[str, str] = {}
    today = ZERO
    midnight = desk.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for one in served:
        questions += one.journal.standings(undecided=True)
        for record in one.journal.runs():
            if record.closed_at is not None and record.closed_at < midnight:
                continue
            status = one.journal.status(record.id)
            if status is not None:
                runs += [status] if record.closed_at is None else []
                today += Usd.of(f"{status.spent_usd:.6f}")
        for card in one.journal.cards():
            if card.permalink and card.kind in (CardKind.QUESTION, CardKind.RUN):
                cards[card.subject] = card.permalink
    decides = any(desk.may(one, actor, Act.APPROVE) is None for one in served)
    return Seen(may_decide=decides, questions=questions, runs=runs, today=today, cards=cards)


async def _answer_mention(desk: Desk, event: dict[str, Any], team: str) -> None:
    """Answer in the thread where we were mentioned: with the status, or with what can be asked."""
    user, channel = str(event.get("user", "")), str(event.get("channel", ""))
    words = MENTION.sub("", str(event.get("text") or "")).split()
    try:
        refused = await desk.aside(
            desk.look_refused, desk.actor(user, str(event.get("user_team") or team)), "mention"
        )
        if refused is not None:
            text = refused
        elif words and words[0].lower() == "status":
            text = await desk.aside(show_status, desk, words[1] if len(words) > 1 else None)
        else:
            text = HELP
    except FreshError as trouble:
        text = said(trouble)
    try:
        await desk.client.chat_postMessage(
            channel=channel, thread_ts=str(event.get("thread_ts") or event.get("ts") or ""), text=text
        )
    except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as trouble:
        log.warning("A mention was not answered: %s", type(trouble).__name__)
