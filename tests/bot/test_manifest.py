"""The manifest asks for exactly the scopes that the bot's own code needs."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from fresh.adapters.slack_app import SCOPES as EXAMINED
from tests.fakes.slack.scopes import EVENTS, PRIVATE, SCOPES

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = yaml.safe_load((ROOT / "deployments" / "slack-manifest.yaml").read_text())
CODE = "\n".join(file.read_text() for file in (ROOT / "bot").rglob("*.py"))


def called() -> set[str]:
    """Every method of the Web API that the bot's code names."""
    named = {
        match.replace("_", ".", 1)
        for match in re.findall(r"client\.((?:chat|conversations|usergroups|users|views|auth)_\w+)\(", CODE)
    }
    named = {"usergroups.users.list" if name == "usergroups.users_list" else name for name in named}
    return named | set(re.findall(r'"((?:chat|conversations|usergroups|users|views)\.\w+(?:\.\w+)?)"', CODE))


def test_every_scope_is_needed_and_none_is_missing() -> None:
    assert "chat.postMessage" in called()
    assert "conversations.replies" in called()
    needed = set().union(*(SCOPES[method] for method in called()))
    needed |= {PRIVATE[scope] for scope in needed if scope in PRIVATE}
    needed |= {"commands"} | {
        EVENTS[event] for event in MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    } - {""}
    asked = MANIFEST["oauth_config"]["scopes"]["bot"]
    assert set(asked) == needed
    assert asked == sorted(asked)
    assert set(EXAMINED) == needed, "fresh doctor examines the same"


def test_every_event_and_command_is_listened_to_and_no_other() -> None:
    events = set(re.findall(r'@app\.event\("(\w+)"\)', CODE))
    assert events == set(MANIFEST["settings"]["event_subscriptions"]["bot_events"])
    commands = set(re.findall(r'@app\.command\("(/\w+)"\)', CODE))
    assert commands == {one["command"] for one in MANIFEST["features"]["slash_commands"]}


def test_sockets_and_buttons_are_switched_on_and_token_rotation_off() -> None:
    assert MANIFEST["settings"]["socket_mode_enabled"] is True
    assert MANIFEST["settings"]["interactivity"]["is_enabled"] is True
    assert MANIFEST["settings"]["token_rotation_enabled"] is False
