"""What people do in Slack, by Bolt's four kinds; the catch-all comes last, because the first listener that fits wins."""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp

from bot.desk import Desk
from bot.listeners import actions, commands, events, views


def register(app: AsyncApp, desk: Desk) -> None:
    """Register every listener."""
    commands.register(app, desk)
    views.register(app, desk)
    events.register(app, desk)
    actions.register(app, desk)
