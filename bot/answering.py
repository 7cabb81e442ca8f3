"""Answers to one person: everybody who clicks, types or submits gets one, whatever else fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.desk import Desk
from bot.messages.blocks import Block

log = logging.getLogger("fresh.bot")
Body: TypeAlias = "Mapping[str, object]"
TRIES = 4
LONGEST = 3000


def part(body: Body, *path: str) -> str:
    """Read a string of a payload; empty where there is none."""
    found: object = body
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else ""


def who(desk: Desk, body: Body) -> tuple[str, str]:
    """Read the id and the team of who acts; the person's own team counts, not that of the channel."""
    user = part(body, "user", "id") or part(body, "user_id")
    team = part(body, "user", "team_id") or part(body, "team", "id") or part(body, "team_id")
    return user, team


async def answer(desk: Desk, body: Body, text: str, blocks: Sequence[Block] = ()) -> None:
    """Tell one person something that only they see.

    `response_url` works in any channel, but five times within half an hour; then the channel, then a direct message.
    """
    text = text[:LONGEST]
    user, _ = who(desk, body)
    channel = part(body, "channel", "id") or part(body, "channel_id") or desk.channel
    if not await _whisper(desk, channel, user, text, blocks) and not await _respond(body, text, blocks):
        await _write_to(desk, user, text, blocks)


async def _respond(body: Body, text: str, blocks: Sequence[Block]) -> bool:
    url = part(body, "response_url")
    if not url:
        return False
    given = {"response_type": "ephemeral", "replace_original": False, "text": text}
    if blocks:
        given["blocks"] = list(blocks)
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            async with session.post(url, json=given) as reply:
                return reply.status < 300
    except (aiohttp.ClientError, TimeoutError):
        return False


async def _whisper(desk: Desk, channel: str, user: str, text: str, blocks: Sequence[Block]) -> bool:
    for attempt in range(TRIES):
        try:
            await desk.client.chat_postEphemeral(
                channel=channel, user=user, text=text, blocks=list(blocks) or None
            )
            return True
        except SlackApiError as refused:
            if refused.response.status_code < 429:
                return False
            await asyncio.sleep(float(refused.response.headers.get("Retry-After", 0.5 * 2**attempt)))
        except (aiohttp.ClientError, TimeoutError, OSError):
            await asyncio.sleep(0.5 * 2**attempt)
    return False


async def _write_to(desk: Desk, user: str, text: str, blocks: Sequence[Block]) -> None:
    try:
        opened = await desk.client.conversations_open(users=user)
        await desk.client.chat_postMessage(
            channel=str(opened["channel"]["id"]), text=text, blocks=list(blocks) or None
        )
    except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as trouble:
        log.warning("User %s could not be answered: %s", user, type(trouble).__name__)
