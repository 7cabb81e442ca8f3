"""Before the first click: settings, tokens, team, channel and people are tried, so that nobody has to wait for them."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.acquaintances import Acquaintances
from bot.buttons import Signet
from bot.delivery import LOST
from bot.desk import Desk
from bot.messages.pen import Pen
from bot.ordering import place_order
from bot.served import Shelf, read_served
from fresh.adapters.processes import this_host
from fresh.domain.redaction import Redactor
from fresh.errors import OperatorMistake
from fresh.roster import demand_approvers
from fresh.settings import Settings

log = logging.getLogger("fresh.bot")

CALL_WITHIN = 10
RELEASE = "1"


@dataclass(frozen=True)
class Keys:
    """What Slack gave us. Without a signing secret there is no HTTP mode, without an app token there are no sockets."""

    bot: str
    app: str
    signing: str

    @property
    def seal(self) -> str:
        """The secret from which button values are signed; it stays the same over restarts."""
        return self.signing or self.bot


def read_keys(settings: Settings) -> Keys:
    """Read the keys. Raises OperatorMistake for one that is missing."""
    keys = Keys(
        _clear(settings.slack_bot_token),
        _clear(settings.slack_app_token),
        _clear(settings.slack_signing_secret),
    )
    if not keys.bot:
        raise OperatorMistake(
            "SLACK_BOT_TOKEN is not set.", hint="It begins with xoxb-: OAuth & Permissions of the app."
        )
    if settings.slack_http_port is None and not keys.app:
        raise OperatorMistake(
            "SLACK_APP_TOKEN is not set.", hint="It begins with xapp-: Basic Information, App-Level Tokens."
        )
    if settings.slack_http_port is not None and not keys.signing:
        raise OperatorMistake(
            "SLACK_SIGNING_SECRET is not set, so nothing that comes by HTTP could be believed.",
            hint="Basic Information, App Credentials.",
        )
    return keys


def _clear(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""


async def open_desk(settings: Settings, keys: Keys, here: Path) -> Desk:
    """Try everything and lay the desk. Raises OperatorMistake for what only a person can put right."""
    if settings.slack_channel is None:
        raise OperatorMistake(
            "FRESH_SLACK_CHANNEL is not set.",
            hint="Give the id of a channel, C...: its details show it at the end.",
        )
    client = AsyncWebClient(
        token=keys.bot,
        base_url=settings.slack_api_url,
        timeout=CALL_WITHIN,
        # The SDK's own would send a message again whose connection broke after it had arrived.
        retry_handlers=[],
    )
    team = await _who_we_are(client)
    shelf = Shelf(read_served(settings, here))
    served = []
    for one in shelf.served:
        people = one.people
        if people.team and people.team != team:
            raise OperatorMistake(
                f"The token is of team {team}, and the people of {one.name} are of team {people.team}.",
                hint="Correct FRESH_SLACK_TEAM or the token.",
            )
        demand_approvers(people)
        served.append(replace(one, people=people.model_copy(update={"team": team})))
    shelf = Shelf(served)
    await _demand_channel(client, settings.slack_channel)
    known = Acquaintances(client, team)
    await known.read(one.people for one in served)
    return Desk(
        client=client,
        shelf=shelf,
        known=known,
        signet=Signet(keys.seal),
        pen=Pen(Redactor(settings.secrets())),
        channel=settings.slack_channel,
        team=team,
        host=this_host(),
        orders=place_order,
        release=RELEASE,
    )


async def _who_we_are(client: AsyncWebClient) -> str:
    """Ask Slack which team the token is of; wait for Slack when it is away."""
    wait = 0.5
    while True:
        try:
            return str((await client.auth_test())["team_id"])
        except SlackApiError as refused:
            error = str(refused.response.get("error", ""))
            if error in LOST:
                raise OperatorMistake(
                    f"Slack does not take SLACK_BOT_TOKEN: {error}.",
                    hint="Install the app again, and copy its xoxb- token.",
                ) from refused
            log.warning("Slack does not answer yet: %s", error)
        except (aiohttp.ClientError, TimeoutError, OSError) as trouble:
            log.warning("Slack does not answer yet: %s", type(trouble).__name__)
        await asyncio.sleep(wait)
        wait = min(10.0, wait * 2)


async def _demand_channel(client: AsyncWebClient, channel: str) -> None:
    """Refuse to start where nothing could be posted."""
    try:
        shown = (await client.conversations_info(channel=channel))["channel"]
    except SlackApiError as refused:
        error = str(refused.response.get("error", ""))
        if error in ("channel_not_found", "missing_scope"):
            raise OperatorMistake(
                f"Slack does not show channel {channel}: {error}.",
                hint="Correct FRESH_SLACK_CHANNEL; a private channel must have the app invited first: /invite @fresh",
            ) from refused
        return
    except (aiohttp.ClientError, TimeoutError, OSError):
        return
    if not shown.get("is_member"):
        raise OperatorMistake(
            f"The app is not in channel {channel}.", hint="Write in that channel: /invite @fresh"
        )
