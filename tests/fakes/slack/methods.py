"""The methods of the Web API that a bot like ours calls, with the errors that Slack answers."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from tests.fakes.slack.blocks import why_refused
from tests.fakes.slack.workspace import APP, BOT, BOT_USER, TEAM, Message, Workspace

Given = dict[str, Any]
TRIGGER_LIVES = 3.0
LONGEST_TEXT = 40_000
LONGEST_METADATA = 8_000


def no(error: str, **more: Any) -> Given:
    """Refuse."""
    return {"ok": False, "error": error, **more}


def refused_blocks(faults: str) -> Given:
    """Refuse blocks as Slack does, with the reason beside."""
    return no("invalid_blocks", errors=[faults], response_metadata={"messages": [f"[ERROR] {faults}"]})


class Methods:
    """One function a method; each sees a workspace that stands still."""

    def __init__(self, workspace: Workspace, address: Callable[[], str]) -> None:
        self.workspace = workspace
        self.unknown_blocks: frozenset[str] = frozenset()
        self._address = address

    def answer(self, method: str, given: Given) -> Given:
        """Answer one call."""
        act = getattr(self, "do_" + method.replace(".", "_"), None)
        if act is None:
            return no("unknown_method")
        with self.workspace.lock:
            return act(given)

    def do_auth_test(self, given: Given) -> Given:
        return {
            "ok": True,
            "url": "https://fake.slack.test/",
            "team": "Fake",
            "user": "fresh",
            "team_id": TEAM,
            "user_id": BOT_USER,
            "bot_id": BOT,
        }

    def do_chat_postMessage(self, given: Given) -> Given:
        channel = given.get("channel", "")
        if (refusal := self._refused_message(channel, given)) is not None:
            return refusal
        thread = given.get("thread_ts")
        if thread is not None and (channel, thread) not in self.workspace.messages:
            return no("thread_not_found")
        message = Message(channel, self.workspace.new_ts(), posted_at=time.time(), thread_ts=thread)
        self._write(message, given)
        self.workspace.messages[channel, message.ts] = message
        return {"ok": True, "channel": channel, "ts": message.ts, "message": message.shown()}

    def do_chat_update(self, given: Given) -> Given:
        channel = given.get("channel", "")
        if channel not in self.workspace.channels:
            return no("channel_not_found")
        message = self.workspace.messages.get((channel, given.get("ts", "")))
        if message is None:
            return no("message_not_found")
        if (refusal := self._refused_message(channel, given)) is not None:
            return refusal
        message.edits.append((time.time(), message.text, message.blocks))
        self._write(message, given)
        return {
            "ok": True,
            "channel": channel,
            "ts": message.ts,
            "text": message.text,
            "message": message.shown(),
        }

    def _write(self, message: Message, given: Given) -> None:
        message.text = given.get("text") or ""
        # An update replaces the whole message: without blocks there are none any more.
        message.blocks = given.get("blocks") or []
        if "metadata" in given:
            message.metadata = given["metadata"]

    def _refused_message(self, channel: str, given: Given) -> Given | None:
        joined = self.workspace.channels.get(channel)
        if joined is None:
            return no("channel_not_found")
        if not joined:
            return no("not_in_channel")
        text, blocks = given.get("text") or "", given.get("blocks") or []
        if not text and not blocks:
            return no("no_text")
        if len(text) > LONGEST_TEXT:
            return no("msg_too_long")
        if len(str(given.get("metadata") or "")) > LONGEST_METADATA:
            return no("metadata_too_large")
        faults = why_refused(blocks, "message", self.unknown_blocks)
        return refused_blocks(faults) if faults else None

    def do_chat_postEphemeral(self, given: Given) -> Given:
        if not self.workspace.channels.get(given.get("channel", "")):
            return no("channel_not_found")
        if given.get("user") not in self.workspace.users:
            return no("user_not_in_channel")
        if not given.get("text") and not given.get("blocks"):
            return no("no_text")
        faults = why_refused(given.get("blocks") or [])
        if faults:
            return refused_blocks(faults)
        self.workspace.ephemerals.append({**given, "_at": time.time()})
        return {"ok": True, "message_ts": self.workspace.new_ts()}

    def do_chat_getPermalink(self, given: Given) -> Given:
        channel, ts = given.get("channel", ""), given.get("message_ts", "")
        if (channel, ts) not in self.workspace.messages:
            return no("message_not_found")
        return {
            "ok": True,
            "channel": channel,
            "permalink": f"https://fake.slack.test/archives/{channel}/p{ts.replace('.', '')}",
        }

    def do_conversations_history(self, given: Given) -> Given:
        channel = given.get("channel", "")
        if channel not in self.workspace.channels:
            return no("channel_not_found")
        return self._page(self.workspace.in_channel(channel), given)

    def do_conversations_replies(self, given: Given) -> Given:
        root = self.workspace.messages.get((given.get("channel", ""), given.get("ts", "")))
        if root is None:
            return no("thread_not_found")
        return self._page([root, *self.workspace.thread(root)], given, newest_first=False)

    def _page(self, messages: list[Message], given: Given, *, newest_first: bool = True) -> Given:
        oldest = float(given.get("oldest") or 0)
        found = [message for message in messages if float(message.ts) >= oldest]
        if newest_first:
            found.reverse()
        begin, most = int(given.get("cursor") or 0), min(int(given.get("limit") or 100), 999)
        page = found[begin : begin + most]
        with_metadata = str(given.get("include_all_metadata")).lower() in ("true", "1")
        shown = [message.shown() for message in page]
        if not with_metadata:
            for message in shown:
                message.pop("metadata", None)
        more = begin + most < len(found)
        return {
            "ok": True,
            "messages": shown,
            "has_more": more,
            "response_metadata": {"next_cursor": str(begin + most) if more else ""},
        }

    def do_conversations_info(self, given: Given) -> Given:
        channel = given.get("channel", "")
        if channel not in self.workspace.channels:
            return no("channel_not_found")
        return {
            "ok": True,
            "channel": {
                "id": channel,
                "name": channel.lower(),
                "is_member": self.workspace.channels[channel],
                "is_archived": False,
            },
        }

    def do_conversations_open(self, given: Given) -> Given:
        user = given.get("users", "")
        if user not in self.workspace.users:
            return no("user_not_found")
        self.workspace.channels[f"D{user}"] = True
        return {"ok": True, "channel": {"id": f"D{user}"}}

    def do_usergroups_users_list(self, given: Given) -> Given:
        group = given.get("usergroup", "")
        if group not in self.workspace.usergroups:
            return no("no_such_subteam")
        return {"ok": True, "users": list(self.workspace.usergroups[group])}

    def do_users_info(self, given: Given) -> Given:
        user = self.workspace.users.get(given.get("user", ""))
        if user is None:
            return no("user_not_found")
        return {"ok": True, "user": {**vars(user), "profile": {"display_name": user.name}}}

    def do_views_publish(self, given: Given) -> Given:
        view = given.get("view") or {}
        faults = why_refused(view.get("blocks"), "home")
        if view.get("type") != "home" or faults:
            return no("invalid_arguments", response_metadata={"messages": [f"[ERROR] {faults}"]})
        self.workspace.homes[given["user_id"]] = view
        return {"ok": True, "view": {**view, "id": f"VHOME{given['user_id']}"}}

    def do_views_open(self, given: Given) -> Given:
        made = self.workspace.triggers.pop(given.get("trigger_id", ""), None)
        if made is None:
            return no("invalid_trigger_id")
        if time.time() - made > TRIGGER_LIVES:
            return no("expired_trigger_id")
        return self._open(given.get("view") or {}, "V" + uuid.uuid4().hex[:10].upper())

    def do_views_update(self, given: Given) -> Given:
        if given.get("view_id") not in self.workspace.views:
            return no("not_found")
        return self._open(given.get("view") or {}, given["view_id"])

    def _open(self, view: Given, identity: str) -> Given:
        faults = why_refused(view.get("blocks"), "modal") or _modal_faults(view)
        if faults:
            return no("invalid_arguments", response_metadata={"messages": [f"[ERROR] {faults}"]})
        shown = {
            "private_metadata": "",
            "callback_id": "",
            **view,
            "id": identity,
            "team_id": TEAM,
            "app_id": APP,
            "hash": uuid.uuid4().hex,
            "state": {"values": {}},
        }
        self.workspace.views[identity] = shown
        return {"ok": True, "view": shown}


def _modal_faults(view: Given) -> str | None:
    for name in ("title", "submit", "close"):
        words = (view.get(name) or {}).get("text", "x")
        if not 0 < len(words) <= 24:
            return f"{name} must be 1 to 24 characters, got {len(words)}"
    if len(view.get("private_metadata") or "") > 3000:
        return "private_metadata must be at most 3000 characters"
    has_input = any(block.get("type") == "input" for block in view.get("blocks") or [])
    return "submit is required with inputs" if has_input and "submit" not in view else None
