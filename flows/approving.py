"""The only place where anything pauses: one question, one durable decision, whatever dies meanwhile."""

from __future__ import annotations

import contextlib
import time
from datetime import datetime
from typing import Literal

import httpx
from prefect import pause_flow_run
from prefect.exceptions import Pause
from prefect.input import RunInput
from prefect.input.run_input import keyset_from_base_key
from prefect.runtime import flow_run
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from pydantic import Field, ValidationError

from fresh.deciding import decide
from fresh.domain import narration
from fresh.domain.answering import Attempt, Won
from fresh.domain.approval import LONGEST_WORDS, Answer, Decision, OnDeadline, Question, on_deadline
from fresh.domain.people import Actor, Door
from fresh.domain.quoting import line
from fresh.errors import ServerUnreachable
from fresh.wiring import Toolbox
from tasks.durable import narrate, tell_decision

POLL = 0.5
UNCHOSEN = "choose"
FEW = 2
"""Retries of Prefect's client within a pause: its back-off doubles up to minutes, and outages are sat out here."""
LONGER_THAN_ANY_RUN = 30 * 24 * 3600
"""Seconds. A pause that times out ends the run as failed, so it must never do so: deadlines are our own."""


class Reply(RunInput):
    """What the Resume form of the Prefect UI asks for; the server validates it by JSON schema alone."""

    # Without a default: Prefect builds the form's model from nothing when a run is woken without a reply, and
    # nothing must never read as consent. Neither must a list whose first choice was left as it was.
    answer: Literal["choose", "approved", "rejected", "changes"] = Field(
        description="What should happen with this change; with `choose` nothing does"
    )
    words: str = Field(
        default="", max_length=LONGEST_WORDS, description="For `changes`: what should be different"
    )
    by: str = Field(default="", max_length=80, description="Your name, for the record")


def ask(tools: Toolbox, question: Question) -> Decision | None:
    """Pause until the question is decided; None means that it is left open and the agent is parked.

    The journal decides: a reply through the Prefect form counts when nobody was first. A question decided before,
    also by a process that died, is not asked again.
    """
    journal = tools.journal
    standing = journal.ask(tools.redact.model(question))
    if standing.asked_at == question.asked_at:
        narrate(tools, question.run_id, narration.asked(standing), question.agent_id)
    attempt = 0
    while (decision := journal.decision(standing.id)) is None:
        if _is_to_be_parked(standing, tools.clock.now()):
            return None
        reply = _pause(tools, standing, attempt)
        attempt += 1
        if reply is not None:
            _take(tools, standing, reply)
    journal.apply(standing.id, tools.clock.now())
    tell_decision(tools, standing, decision)
    return decision


def _is_to_be_parked(question: Question, now: datetime) -> bool:
    return on_deadline(question.why) is OnDeadline.PARK and now >= question.deadline


def _take(tools: Toolbox, question: Question, reply: Reply) -> None:
    """Decide as the form says, if it says anything, and say so where the form's people look when it did not count."""
    if reply.answer == UNCHOSEN:
        told = "the Prefect form was sent off without a choice; it is asked again"
    else:
        attempt = Attempt(
            question=question.id, answer=Answer(reply.answer), words=reply.words, seal=question.seal
        )
        actor = Actor(door=Door.PREFECT, name=reply.by)
        response = decide(tools.journal, tools.people, actor, attempt, tools.clock.now())
        if isinstance(response, Won):
            return
        told = f"an answer of {line(reply.by) or 'somebody'} through the Prefect form has no effect: {response.sentence}"
    narrate(tools, question.run_id, f"Agent {question.agent_id}: {told}", question.agent_id)


def _pause(tools: Toolbox, question: Question, attempt: int) -> Reply | None:
    """Pause this flow run once; None when it was woken without a reply, because the journal has something to say.

    A key is used once for each pause: Prefect answers a used key with the old reply. After an outage the same key
    is entered again, and a reply that was given meanwhile comes back at once.
    """
    key = f"{question.id}-{attempt}"
    form = Reply.with_initial_data(description=question.text)
    while True:
        try:
            # Prefect's annotations know whole seconds alone; it takes fractions as well.
            with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: FEW}):
                reply: Reply = pause_flow_run(  # type: ignore[call-overload]
                    wait_for_input=form, key=key, poll_interval=POLL, timeout=LONGER_THAN_ANY_RUN
                )
                return reply
        except ValidationError:
            return None
        except (httpx.HTTPError, RuntimeError, Pause):
            # Pause means: paused already, by a request whose answer was lost.
            if not _outlast(tools, question, form, key):
                return None


def _outlast(tools: Toolbox, question: Question, form: type[Reply], key: str) -> bool:
    """Sit out an outage. True: enter the pause again. False: the run is final or the journal has the decision."""
    form_is_shown = False
    while tools.journal.decision(question.id) is None:
        try:
            state = tools.control.state(str(flow_run.id))
            if state != "PAUSED":
                return state == "RUNNING"
            if not form_is_shown:
                _show_form(form, key)
                form_is_shown = True
        except ServerUnreachable:
            pass
        time.sleep(POLL)
    return False


def _show_form(form: type[Reply], key: str) -> None:
    """Save the form again: the outage may have begun between the pause and its form."""
    with contextlib.suppress(httpx.HTTPError):
        form.save(keyset_from_base_key(f"paused-{key}"))
