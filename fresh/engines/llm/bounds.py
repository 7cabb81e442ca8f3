"""When a model is told that it goes in circles, and when it is stopped: judged from its replies alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fresh.domain.conversation import Call, Ended, Reply
from fresh.engines.llm.tools import Malformed, read_call

IDENTICAL = 3
MALFORMED = 3
SILENT = 4
CUT_OFF = 2


@dataclass(frozen=True)
class Bounds:
    """How far one round may go: requests, and seconds since this process entered it."""

    steps: int = 40
    plan_steps: int = 16
    wall: float = 1800.0


@dataclass(frozen=True)
class Streaks:
    """How many of the same thing stand at the end of a round, counted in calls or in replies."""

    identical: int = 0
    malformed: int = 0
    silent: int = 0
    cut_off: int = 0


def streaks(told: Sequence[tuple[Reply, Sequence[Call]]]) -> Streaks:
    """Count over the replies of a round, each with its calls as far as they are looked at."""
    before: tuple[str, str] | None = None
    identical = malformed = silent = cut_off = 0
    for reply, calls in told:
        cut_off = cut_off + 1 if reply.ended is Ended.CUT_OFF else 0
        silent = 0 if calls or reply.ended is not Ended.COMPLETE else silent + 1
        for call in calls:
            identical = identical + 1 if (call.name, call.arguments) == before else 1
            before = (call.name, call.arguments)
            malformed = malformed + 1 if isinstance(read_call(call), Malformed) else 0
    return Streaks(identical, malformed, silent, cut_off)


def reason_to_stop(now: Streaks, last: Reply) -> str | None:
    """Say why the model is stopped."""
    if last.ended is Ended.FILTERED:
        return "the provider's filter withheld the model's reply"
    if now.cut_off >= CUT_OFF:
        return f"{now.cut_off} replies in a row were cut off at their limit of tokens"
    if now.malformed >= MALFORMED:
        return f"the model made {now.malformed} malformed calls in a row"
    if now.identical > IDENTICAL:
        return f"the model made the same call {now.identical} times in a row"
    if now.silent >= SILENT:
        return f"the model answered {now.silent} times in a row without calling a tool"
    return None
