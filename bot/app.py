"""The Bolt app: listeners on a desk, no side effects. The same app serves sockets and HTTP."""

from __future__ import annotations

import logging
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse

from bot.answering import answer
from bot.desk import Desk
from bot.listeners import register
from bot.listeners.pressing import OUT_OF_DATE

log = logging.getLogger("fresh.bot")
FORMS = frozenset({"reject_words", "changes_words", "start_order"})


def build_app(desk: Desk, signing_secret: str | None = None) -> AsyncApp:
    """Put the app together. Without a signing secret nothing that comes by HTTP is believed."""
    app = AsyncApp(
        client=desk.client,
        signing_secret=signing_secret or "",
        logger=logging.getLogger("fresh.bot.bolt"),
        raise_error_for_unhandled_request=True,
    )
    register(app, desk)

    @app.error
    async def stumbled(error: Exception, body: dict[str, Any]) -> BoltResponse:
        if isinstance(error, BoltUnhandledRequestError):
            log.info("Nothing listens to a %s.", body.get("type", "request"))
            # A late acknowledgement looks the same to Bolt; what a listener took is answered by that listener.
            if body.get("type") == "view_submission" and body["view"].get("callback_id") not in FORMS:
                await answer(desk, body, OUT_OF_DATE)
            return BoltResponse(status=200)
        log.error("A listener broke", exc_info=error)
        await answer(
            desk, body, f"Something broke on our side ({type(error).__name__}); look into the bot's log."
        )
        return BoltResponse(status=200)

    return app
