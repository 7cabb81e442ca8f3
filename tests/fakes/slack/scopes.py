"""Which scope each method of the Web API demands (docs.slack.dev/reference/methods)."""

from __future__ import annotations

SCOPES: dict[str, frozenset[str]] = {
    "auth.test": frozenset(),
    "chat.postMessage": frozenset({"chat:write"}),
    "chat.update": frozenset({"chat:write"}),
    "chat.postEphemeral": frozenset({"chat:write"}),
    "chat.getPermalink": frozenset(),
    "conversations.history": frozenset({"channels:history"}),
    "conversations.replies": frozenset({"channels:history"}),
    "conversations.info": frozenset({"channels:read"}),
    "conversations.open": frozenset({"im:write"}),
    "usergroups.users.list": frozenset({"usergroups:read"}),
    "users.info": frozenset({"users:read"}),
    "views.open": frozenset(),
    "views.publish": frozenset(),
    "views.update": frozenset(),
}
PRIVATE = {"channels:history": "groups:history", "channels:read": "groups:read"}
"""What a private channel demands instead."""
APP_LEVEL = {"apps.connections.open": frozenset({"connections:write"})}
EVENTS = {
    "app_mention": "app_mentions:read",
    "app_home_opened": "",
    "app_uninstalled": "",
    "tokens_revoked": "",
}
EVERY = frozenset().union(*SCOPES.values()) | {
    "groups:history",
    "groups:read",
    "commands",
    "app_mentions:read",
}
