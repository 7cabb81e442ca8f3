"""A step that is done once, whatever dies: the journal says whether it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from fresh.domain import narration
from fresh.domain.agent import Ticket
from fresh.domain.approval import Decision, Question
from fresh.domain.phase import DURING, QUIET, Step
from fresh.domain.record import Event
from fresh.domain.value import Value
from fresh.errors import FreshError
from fresh.wiring import Toolbox

Result = TypeVar("Result", bound=Value)


def narrate(tools: Toolbox, run_id: str, text: str, agent_id: str | None = None) -> None:
    """Add a line to the audit trail and to the run's log."""
    text = tools.redact(text)
    tools.journal.record(Event(run_id=run_id, agent_id=agent_id, at=tools.clock.now(), text=text))
    tools.log.info(text)


def tell_decision(tools: Toolbox, question: Question, decision: Decision) -> None:
    """Add who decided what, and through what, to the audit trail."""
    words = f": {decision.text}" if decision.text else ""
    said = f"Agent {question.agent_id} goes on: {decision.answer} by {decision.by} through {decision.through}{words}"
    narrate(tools, question.run_id, said, question.agent_id)


def once(
    tools: Toolbox, ticket: Ticket, step: Step, ordinal: int, shape: type[Result], act: Callable[[], Result]
) -> Result:
    """Do a step unless the journal holds its result; the result that was written first counts.

    What comes out of it, an error as well, holds none of our own secrets.
    """
    standing = tools.journal.begin_step(ticket.agent_id, step, ordinal, tools.clock.now())
    if standing is not None:
        return shape.model_validate_json(standing)
    if step not in QUIET:
        narrate(tools, ticket.run_id, narration.moved(ticket.agent_id, DURING[step]), ticket.agent_id)
    try:
        with tools.observe("step", {"run": ticket.run_id, "agent": ticket.agent_id, "step": step.value}):
            made = act()
        result = tools.redact.model(made).model_dump_json()
    except FreshError as trouble:
        trouble.reword(tools.redact(trouble.message), tools.redact(trouble.hint))
        raise
    except Exception as defect:
        if tools.redact.finds(str(defect)):
            # Prefect writes an error's words into the state of the task; its traceback has them as well.
            raise RuntimeError(tools.redact(f"{type(defect).__name__}: {defect}")) from None
        raise
    return shape.model_validate_json(
        tools.journal.end_step(ticket.agent_id, step, ordinal, result, tools.clock.now())
    )
