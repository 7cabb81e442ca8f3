"""A strict Slack for tests: Web API with state, Socket Mode, clicks, modals, slash commands and signed HTTP bodies.

    slack = FakeSlack().start()
    ack = slack.click("UADA", message, "approve")

It runs in a thread of its own, so that what it measures is the bot's time and not its own.
"""

from tests.fakes.slack.server import FakeSlack
from tests.fakes.slack.workspace import Ack, Message, User

__all__ = ["Ack", "FakeSlack", "Message", "User"]
