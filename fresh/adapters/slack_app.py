"""What `fresh doctor` asks of Slack: whether the tokens are taken, with which scopes, and whether the channel is ours.

The bot itself speaks through Slack's SDK; these few questions need none.
"""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from fresh.errors import Mishap, OperatorMistake

SCOPES = (
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "groups:history",
    "groups:read",
    "im:write",
    "usergroups:read",
    "users:read",
)
"""What deployments/slack-manifest.yaml asks for."""
INSTALL = "Install the app again from deployments/slack-manifest.yaml, and copy its new tokens."


@dataclass(frozen=True)
class Workspace:
    """Which workspace a bot token is of."""

    team: str
    name: str
    bot: str


class SlackApp:
    """Ask Slack, once a question. Every method raises OperatorMistake with the fix, Mishap when Slack does not answer."""

    def __init__(self, root: str, bot_token: str, app_token: str = "") -> None:
        self._root = root.rstrip("/") + "/"
        self._bot_token = bot_token
        self._app_token = app_token

    def workspace(self) -> Workspace:
        """Say which workspace the bot token is of, once every scope is there."""
        reply, headers = self._call("auth.test", self._bot_token)
        granted = {scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",") if scope.strip()}
        missing = [scope for scope in SCOPES if scope not in granted]
        if granted and missing:
            raise OperatorMistake(f"The app lacks {', '.join(missing)}.", hint=INSTALL)
        return Workspace(
            str(reply.get("team_id", "")), str(reply.get("team", "")), str(reply.get("user", ""))
        )

    def sockets(self) -> None:
        """See that the app token opens sockets."""
        self._call("apps.connections.open", self._app_token)

    def channel(self, channel: str) -> str:
        """Name a channel that the app is in."""
        reply, _ = self._call("conversations.info", self._bot_token, channel=channel)
        shown = reply.get("channel")
        if not isinstance(shown, dict) or not shown.get("is_member"):
            raise OperatorMistake(
                f"The app is not in channel {channel}.", hint="Write in that channel: /invite @fresh"
            )
        return str(shown.get("name") or channel)

    def _call(self, method: str, token: str, **given: str) -> tuple[dict[str, object], httpx.Headers]:
        try:
            answer = httpx.post(
                self._root + method, data=given, headers={"Authorization": f"Bearer {token}"}, timeout=8.0
            )
            reply: dict[str, object] = answer.json()
        except (httpx.HTTPError, ValueError) as trouble:
            raise Mishap(
                f"Slack does not answer {method}: {type(trouble).__name__}.",
                hint="Is the network there?",
                retryable=True,
            ) from trouble
        if not reply.get("ok"):
            error = str(reply.get("error", answer.status_code))
            raise OperatorMistake(f"Slack refuses {method}: {error}.", hint=FIXES.get(error, INSTALL))
        return reply, answer.headers


FIXES = {
    "channel_not_found": "Correct FRESH_SLACK_CHANNEL; a private channel must have the app invited: /invite @fresh",
    "not_allowed_token_type": "SLACK_BOT_TOKEN begins with xoxb-, SLACK_APP_TOKEN with xapp-.",
    "ratelimited": "Wait a minute.",
}
