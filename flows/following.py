"""After a pull request is open: follow the project's own checks for a while, and say what they come to."""

from __future__ import annotations

from flows.stopping import reason_to_stop
from fresh.domain.agent import AgentReport, Ticket
from fresh.domain.ci import CiState, Colour, blame
from fresh.domain.phase import Step
from fresh.domain.steps import Followed
from fresh.errors import FreshError
from fresh.wiring import Toolbox
from tasks.durable import narrate, once

POLL = 15.0
UNBEGUN = 90.0
"""Seconds until a project is taken for one without checks."""


def follow(tools: Toolbox, ticket: Ticket, report: AgentReport, ordinal: int) -> CiState | None:
    """Watch the checks of a published commit until all have ended or the time is over; None where there are none to watch.

    A check that fails on the base as well is not the change's fault.
    """
    checks = tools.checks
    if checks is None or report.commit is None or tools.ci_minutes <= 0:
        return None
    commit = report.commit

    def act() -> Followed:
        try:
            state = _watched(tools, ticket, commit)
            if state.colour is Colour.RED and checks is not None:
                state = state.model_copy(update={"blamed": blame(state, checks.of(ticket.judged.base))})
        except FreshError as trouble:
            state = CiState(commit=commit, note=f"they could not be read: {trouble.message.rstrip('.')}")
        narrate(tools, ticket.run_id, f"Agent {ticket.agent_id}: {state.told()}", ticket.agent_id)
        return Followed(state=state)

    return once(tools, ticket, Step.FOLLOW, ordinal, Followed, act).state


def _watched(tools: Toolbox, ticket: Ticket, commit: str) -> CiState:
    checks = tools.checks
    if checks is None:
        raise ValueError("there is nothing to watch")
    waited = 0.0
    while True:
        state = checks.of(commit)
        if state.is_settled or (state.colour is Colour.NONE and waited >= UNBEGUN):
            return state
        if waited >= tools.ci_minutes * 60:
            note = f"followed for {tools.ci_minutes:g} minutes"
            return state.model_copy(update={"note": note})
        if reason_to_stop(tools, ticket.run_id, ticket.agent_id) is not None:
            return state.model_copy(update={"note": "not followed further, because the run was to end"})
        tools.clock.sleep(POLL)
        waited += POLL
