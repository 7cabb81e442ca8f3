"""The only place where anything pauses: one question, one durable decision, whatever dies meanwhile."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Literal

from prefect.input import RunInput
from prefect.runtime import flow_run
from pydantic import Field

from flows.pausing import pause
from fresh.deciding import decide
from fresh.domain import narration
from fresh.domain.answering import Attempt, Won
from fresh.domain.approval import LONGEST_WORDS, Answer, Decision, OnDeadline, Question, on_deadline
from fresh.domain.people import Actor, Door
from fresh.domain.quoting import line
from fresh.errors import Mishap
from fresh.wiring import Toolbox
from tasks.durable import narrate, tell_decision

UNCHOSEN = "choose"


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
        form = Reply.with_initial_data(description=standing.text)
        reply = pause(form, f"{standing.id}-{attempt}", lambda: _is_over(tools, standing))
        attempt += 1
        if reply is not None:
            _take(tools, standing, reply)
    journal.apply(standing.id, tools.clock.now())
    tell_decision(tools, standing, decision)
    return decision


def _is_over(tools: Toolbox, question: Question) -> bool:
    """Tell whether nothing is waited for any more; an outage of the journal is no reason to go on.

    Nor does this process go on with an agent that another one has entered since, because this one was silent for so
    long: both would work on it, and its flow run here would be Running for ever. What guards the host ends it.
    """
    with suppress(Mishap):
        is_decided = tools.journal.decision(question.id) is not None
        if is_decided or _is_to_be_parked(question, tools.clock.now()):
            return tools.journal.flow_run(question.agent_id) == str(flow_run.id)
    return False


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
