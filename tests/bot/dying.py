"""A bot that dies at a chosen point: `python -m tests.bot.dying POINT` is `python -m bot` until it gets there."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

POINTS = (
    "before_commit",
    "after_commit",
    "before_ack",
    "after_ack",
    "before_claim",
    "after_claim",
    "after_post",
    "before_edit",
    "after_edit",
    "before_shown",
)


def die(*_: object, **__: object) -> None:
    """End at once, as by kill -9; only once, for the next life must get further."""
    flag = Path(os.environ["DYING_FLAG"])
    if not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def before(owner: Any, name: str, only_if: Callable[..., bool] = lambda *_, **__: True) -> None:
    """Die before a function is called."""
    whole = getattr(owner, name)

    def dying(*args: Any, **named: Any) -> Any:
        if only_if(*args, **named):
            die()
        return whole(*args, **named)

    setattr(owner, name, dying)


def after(owner: Any, name: str, only_if: Callable[..., bool] = lambda *_, **__: True) -> None:
    """Die after a function has done its work."""
    whole = getattr(owner, name)

    def dying(*args: Any, **named: Any) -> Any:
        result = whole(*args, **named)
        if only_if(*args, **named):
            die()
        return result

    setattr(owner, name, dying)


def after_async(owner: Any, name: str, only_if: Callable[..., bool] = lambda *_, **__: True) -> None:
    """Die after a coroutine has done its work."""
    whole = getattr(owner, name)

    async def dying(*args: Any, **named: Any) -> Any:
        result = await whole(*args, **named)
        if only_if(*args, **named):
            die()
        return result

    setattr(owner, name, dying)


def arm(point: str) -> None:
    """Put death where it belongs."""
    from bot.delivery import Delivery
    from fresh.adapters.sql_journal import SqlJournal

    def is_question(*args: Any, **named: Any) -> bool:
        return any(getattr(arg, "kind", arg) == "question" for arg in args)

    def posts(*args: Any, **named: Any) -> bool:
        return args[2] == "chat.postMessage" and is_question(*args)

    def edits(*args: Any, **named: Any) -> bool:
        return args[2] == "chat.update" and is_question(*args)

    match point:
        case "before_commit":
            before(SqlJournal, "answer")
        case "after_commit":
            after(SqlJournal, "answer")
        case "before_ack" | "after_ack":
            from slack_bolt.context.ack.async_ack import AsyncAck

            if point == "before_ack":
                before(AsyncAck, "__call__")
            else:
                from slack_sdk.socket_mode.aiohttp import SocketModeClient

                after_async(SocketModeClient, "send_socket_mode_response")
        case "before_claim":
            before(SqlJournal, "claim_card", is_question)
        case "after_claim":
            after(SqlJournal, "claim_card", is_question)
        case "after_post":
            after_async(Delivery, "_call", posts)
        case "before_edit":
            before(Delivery, "edit", is_question)
        case "after_edit":
            after_async(Delivery, "_call", edits)
        case "before_shown":
            before(SqlJournal, "note_shown", is_question)
        case _:
            raise ValueError(point)


if __name__ == "__main__":
    arm(sys.argv[1])
    from bot.__main__ import main

    sys.exit(main())
