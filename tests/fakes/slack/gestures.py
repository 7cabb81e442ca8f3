"""What people do in Slack, as the payloads that Slack makes of it."""

from __future__ import annotations

import time
import uuid
from typing import Any

from tests.fakes.slack.workspace import APP, TEAM, Message, Workspace

Payload = dict[str, Any]


class Gestures:
    """Payloads of clicks, submissions, commands and events."""

    def __init__(self, workspace: Workspace, response_root: Any) -> None:
        self.workspace = workspace
        self._response_root = response_root

    def click(self, user: str, message: Message, name: str, **changes: Any) -> Payload:
        """Click a button that the message has; `changes` forge parts of the action."""
        button = message.button(name)
        if button is None:
            raise LookupError(f"no button {name} on {message.ts}: {message.buttons}")
        return self.forged(user, message, {**button, "type": "button", **changes})

    def forged(self, user: str, message: Message, action: Payload) -> Payload:
        """Click a button that the message may never have had."""
        return {
            **self._person(user),
            "type": "block_actions",
            "container": {
                "type": "message",
                "message_ts": message.ts,
                "channel_id": message.channel,
                "is_ephemeral": False,
            },
            "channel": {"id": message.channel, "name": "agents"},
            "message": message.shown(),
            "state": {"values": {}},
            "response_url": self.response_url(user),
            "actions": [{"block_id": "b", "action_ts": f"{time.time():.6f}", **action}],
        }

    def click_home(self, user: str, action_id: str, value: str) -> Payload:
        """Click a button of the Home tab."""
        return {
            **self._person(user),
            "type": "block_actions",
            "container": {"type": "view", "view_id": f"VHOME{user}"},
            "view": {
                "type": "home",
                "id": f"VHOME{user}",
                "private_metadata": "",
                "callback_id": "",
                "state": {"values": {}},
            },
            "actions": [
                {
                    "type": "button",
                    "block_id": "b",
                    "action_id": action_id,
                    "value": value,
                    "action_ts": f"{time.time():.6f}",
                }
            ],
        }

    def submit(self, user: str, view: Payload, values: dict[str, Payload], **changes: Any) -> Payload:
        """Submit a modal with values by block id: {"words": {"type": "plain_text_input", "value": "..."}}."""
        state = {block: {self._input(view, block): given} for block, given in values.items()}
        return {
            **self._person(user),
            "type": "view_submission",
            "view": {**view, "state": {"values": state}, **changes},
            "response_urls": [],
        }

    @staticmethod
    def _input(view: Payload, block_id: str) -> str:
        for block in view.get("blocks") or []:
            if block.get("block_id") == block_id:
                return str(block["element"]["action_id"])
        raise LookupError(f"no input {block_id}")

    def slash(self, user: str, text: str, command: str = "/fresh", channel: str = "C1") -> Payload:
        """Type a slash command."""
        return {
            "token": "x",
            "api_app_id": APP,
            "team_id": self._team(user),
            "team_domain": "fake",
            "channel_id": channel,
            "channel_name": "agents",
            "user_id": user,
            "user_name": user.lower(),
            "command": command,
            "text": text,
            "is_enterprise_install": "false",
            "response_url": self.response_url(user),
            "trigger_id": self.workspace.new_trigger(),
        }

    def event(self, user: str, event: Payload) -> Payload:
        """Let an event happen."""
        return {
            "token": "x",
            "team_id": TEAM,
            "api_app_id": APP,
            "type": "event_callback",
            "event_id": f"Ev{uuid.uuid4().hex[:10].upper()}",
            "event_time": int(time.time()),
            "authorizations": [{"team_id": TEAM, "user_id": "UBOT", "is_bot": True}],
            "event": {"user": user, "event_ts": f"{time.time():.6f}", **event},
        }

    def response_url(self, user: str) -> str:
        """Make a URL that takes five answers within thirty minutes."""
        name = uuid.uuid4().hex
        self.workspace.response_urls[name] = (time.time(), 0, user)
        return f"{self._response_root()}{name}"

    def _team(self, user: str) -> str:
        known = self.workspace.users.get(user)
        return known.team_id if known else TEAM

    def _person(self, user: str) -> Payload:
        return {
            "token": "x",
            "api_app_id": APP,
            "user": {"id": user, "username": user.lower(), "name": user.lower(), "team_id": self._team(user)},
            "team": {"id": TEAM, "domain": "fake"},
            "trigger_id": self.workspace.new_trigger(),
            "is_enterprise_install": False,
        }
