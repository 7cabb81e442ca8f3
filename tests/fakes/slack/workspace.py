"""What a Slack workspace holds: people, groups, channels, messages, views."""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

TEAM, APP, BOT_USER, BOT = "T1", "A1", "UBOT", "B1"


@dataclass
class User:
    """One person, as users.info shows them."""

    id: str
    name: str = ""
    team_id: str = TEAM
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    deleted: bool = False
    is_bot: bool = False


@dataclass
class Message:
    """One message. `edits` holds what stood in it before, oldest first, with the time of each edit."""

    channel: str
    ts: str
    text: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    thread_ts: str | None = None
    metadata: dict[str, Any] | None = None
    posted_at: float = 0.0
    edits: list[tuple[float, str, list[dict[str, Any]]]] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """The message as history and payloads show it."""
        wire: dict[str, Any] = {
            "type": "message",
            "ts": self.ts,
            "text": self.text,
            "user": BOT_USER,
            "bot_id": BOT,
            "app_id": APP,
        }
        if self.blocks:
            wire["blocks"] = self.blocks
        if self.thread_ts:
            wire["thread_ts"] = self.thread_ts
        if self.metadata:
            wire["metadata"] = self.metadata
        return wire

    @property
    def words(self) -> str:
        """Everything that a person reads in it."""
        return "\n".join([self.text, *_strings(self.blocks)])

    def button(self, action_id: str) -> dict[str, Any] | None:
        """Find a button."""
        for block in self.blocks:
            for element in [*(block.get("elements") or []), block.get("accessory") or {}]:
                if element.get("action_id") == action_id:
                    return {**element, "block_id": block.get("block_id", "")}
        return None

    @property
    def buttons(self) -> list[str]:
        """The action ids of every button."""
        return [
            element["action_id"]
            for block in self.blocks
            for element in [*(block.get("elements") or []), block.get("accessory") or {}]
            if isinstance(element, dict) and "action_id" in element
        ]


@dataclass
class Ack:
    """The answer to one envelope; `milliseconds` is None when none came in time."""

    milliseconds: float | None
    payload: dict[str, Any] | None = None


@dataclass
class Call:
    """One call of the Web API, as it was made and how it was answered."""

    at: float
    method: str
    given: dict[str, Any]
    error: str | None = None


class Workspace:
    """The state; every method of the Web API reads and writes it."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {
            name: User(name, name.lower()) for name in ("UADA", "UBOB", "UCAROL", "UEVE")
        }
        self.users[BOT_USER] = User(BOT_USER, "fresh", is_bot=True)
        self.usergroups: dict[str, list[str]] = {}
        self.channels: dict[str, bool] = {"C1": True}
        self.messages: dict[tuple[str, str], Message] = {}
        self.ephemerals: list[dict[str, Any]] = []
        self.responses: list[dict[str, Any]] = []
        self.views: dict[str, dict[str, Any]] = {}
        self.homes: dict[str, dict[str, Any]] = {}
        self.triggers: dict[str, float] = {}
        self.response_urls: dict[str, tuple[float, int, str]] = {}
        self.lock = threading.RLock()
        self._numbers = itertools.count(1)

    def new_ts(self) -> str:
        """Make the identity of a message."""
        return f"{int(time.time())}.{next(self._numbers):06d}"

    def in_channel(self, channel: str = "C1", *, top: bool = True) -> list[Message]:
        """List the messages of a channel, oldest first; `top` leaves thread replies out."""
        with self.lock:
            found = [m for m in self.messages.values() if m.channel == channel and not (top and m.thread_ts)]
        return sorted(found, key=lambda message: message.ts)

    def thread(self, root: Message) -> list[Message]:
        """List the replies of a message."""
        return [m for m in self.in_channel(root.channel, top=False) if m.thread_ts == root.ts]

    def new_trigger(self) -> str:
        """Make a trigger, which lives three seconds."""
        trigger = f"{time.time():.3f}.{uuid.uuid4().hex}"
        self.triggers[trigger] = time.time()
        return trigger

    def told(self, user: str) -> list[str]:
        """Everything that a person was told alone: ephemeral messages and answers to response URLs."""
        with self.lock:
            private = [str(sent.get("text", "")) for sent in self.ephemerals if sent.get("user") == user]
            return private + [
                str(sent.get("text", "")) for sent in self.responses if sent.get("_user") == user
            ]


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [
            text
            for key, part in value.items()
            if key not in ("type", "action_id", "block_id", "value", "url", "style")
            for text in ([part] if isinstance(part, str) else _strings(part))
        ]
    return [text for part in value for text in _strings(part)] if isinstance(value, list) else []
