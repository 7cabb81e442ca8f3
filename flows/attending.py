"""On a worker: what a run's own process would do for an agent that lives there."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from flows.beside import beside
from flows.stopping import reason_to_stop
from fresh.domain.agent import Ticket
from fresh.domain.stopping import StopRequest, WhyStopped
from fresh.errors import FreshError, Mishap
from fresh.wiring import Toolbox

LOOK = 1.0
"""Seconds between two signs of life, and two looks at what ends this process."""


@contextmanager
def attended(tools: Toolbox, ticket: Ticket) -> Iterator[None]:
    """Make ready what a run prepares and beat for the agent; end this process when the run is stopped by force, or when
    another host works on the agent."""
    if tools.work_pool is None:
        yield
        return
    if reason_to_stop(tools, ticket.run_id) is WhyStopped.FORCED:
        # It was on its way here when everything else was killed.
        os._exit(1)
    obeyed = tools.journal.stop_requests(ticket.run_id)
    tools.journal.pulse(ticket.agent_id, tools.host, tools.clock.now())
    ended = threading.Event()
    # From now on: to make an environment ready can take minutes, and who is silent for long counts as dead.
    with beside(f"attend-{ticket.agent_id}", lambda: _watch(tools, ticket, obeyed, ended), ended):
        _make_ready(tools, ticket)
        yield


def _make_ready(tools: Toolbox, ticket: Ticket) -> None:
    """Bring the base, the environment, and what the agent has made so far, to this machine.

    A commit that only a dead host's mirror held is made anew: its steps are forgotten, and an engine that keeps its
    conversation pays nothing twice.
    """
    tools.workspace.take_base(ticket.base)
    tools.prover.ready(ticket.order, ticket.base)
    status = tools.journal.status(ticket.run_id)
    made = {agent.id: agent.commit for agent in status.agents} if status is not None else {}
    commit = made.get(ticket.agent_id)
    if commit is None or tools.workspace.contains(commit, ticket.base):
        return
    try:
        tools.workspace.take_base(commit)
    except FreshError:
        tools.journal.forget_work(ticket.agent_id)


def _watch(tools: Toolbox, ticket: Ticket, obeyed: tuple[StopRequest, ...], ended: threading.Event) -> None:
    while not ended.wait(LOOK):
        try:
            requests = tools.journal.stop_requests(ticket.run_id)
            why = _why_leave(tools, ticket, [request for request in requests if request not in obeyed])
            if why is None:
                tools.journal.pulse(ticket.agent_id, tools.host, tools.clock.now())
                continue
        except Mishap as trouble:
            tools.log.warning("%s", trouble.message)
            continue
        except Exception:
            tools.log.exception("The watch over agent %s stumbled and goes on", ticket.agent_id)
            continue
        if not ended.is_set():
            tools.log.error("Agent %s is left: %s.", ticket.agent_id, why)
            tools.sandbox.kill_all()
            os._exit(1)


def _why_leave(tools: Toolbox, ticket: Ticket, requests: Sequence[StopRequest]) -> str | None:
    """Say why this process must not go on with its agent; a second one that works on it would do everything twice."""
    if any(request.force for request in requests):
        return "the run was stopped by force"
    hosting = tools.journal.hosting(ticket.agent_id)
    if hosting.ended is not None:
        return "it has ended elsewhere"
    if hosting.host != tools.host:
        return "another process hosts it, because this one gave no sign of life"
    return None
