"""Where an agent lives: in its run's own process, or on whichever worker of a pool has a seat."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from prefect.deployments import run_deployment

from flows.stopping import reason_to_stop
from fresh.domain.agent import Outcome, Ticket
from fresh.domain.stopping import WhyStopped
from fresh.errors import FreshError, ServerUnreachable
from fresh.wiring import Toolbox
from tasks.durable import narrate
from tasks.reporting import complete, report_of

DEPLOYMENT = "agent/worker"
BEAT = 1.0
SILENT = 15.0
"""Seconds without a beat after which the host of an agent counts as dead."""

UNSEATED = 600.0
"""Seconds that an agent may wait for a worker before somebody is told."""

MOST = 5
"""Hosts that an agent may have; after them something about it ends its hosts."""

ENDED = frozenset({"COMPLETED", "FAILED", "CRASHED"})


def send_away(tools: Toolbox, ticket: Ticket) -> None:
    """Let a worker host the agent until it has a report; after a host's death the next one goes on.

    Entered again, it finds the flow run that was begun before: its key counts once.
    """
    for attempt in range(_begun(tools, ticket), MOST):
        flow_run = _begin(tools, ticket, attempt)
        if _has_report(tools, ticket, flow_run):
            return
        if tools.control.state(flow_run) == "CANCELLED":
            complete(
                ticket, report_of(ticket, Outcome.STOPPED, failure="Its flow run was cancelled in Prefect.")
            )
            return
        narrate(
            tools,
            ticket.run_id,
            f"Agent {ticket.agent_id}: its host died; another one goes on.",
            ticket.agent_id,
        )
        tools.control.retire(flow_run, "Its host is gone; the agent goes on elsewhere.")
    complete(ticket, report_of(ticket, Outcome.FAILED, failure=f"{MOST} hosts died under it."))


def lives_elsewhere(tools: Toolbox, agent_id: str) -> bool:
    """Say whether an agent is hosted by a worker that still beats."""
    if tools.work_pool is None:
        return False
    beat = tools.journal.last_pulse(agent_id)
    return beat is not None and (tools.clock.now() - beat).total_seconds() < SILENT


def _key(ticket: Ticket, attempt: int) -> str:
    return f"sent:{ticket.agent_id}:{attempt}"


def _begun(tools: Toolbox, ticket: Ticket) -> int:
    """Find the attempt to go on with: the last one that was begun."""
    made = [attempt for attempt in range(MOST) if tools.journal.recall(_key(ticket, attempt)) is not None]
    return made[-1] if made else 0


def _begin(tools: Toolbox, ticket: Ticket, attempt: int) -> str:
    made = run_deployment(
        DEPLOYMENT,
        parameters={"ticket": ticket.model_dump(mode="json")},
        timeout=0,
        as_subflow=True,
        idempotency_key=f"{ticket.agent_id}/{attempt}",
        tags=["autonomous", f"run:{ticket.run_id}", f"agent:{ticket.agent_id}"],
    )
    tools.journal.remember(_key(ticket, attempt), str(made.id))  # type: ignore[union-attr]
    return str(made.id)  # type: ignore[union-attr]


def _has_report(tools: Toolbox, ticket: Ticket, flow_run: str) -> bool:
    """Wait until the agent has ended (True) or its host is gone (False); an outage of Prefect is sat out."""
    began, is_told = time.monotonic(), False
    while True:
        if any(report.agent_id == ticket.agent_id for report in tools.journal.reports(ticket.run_id)):
            return True
        with suppress(ServerUnreachable):
            state = tools.control.state(flow_run)
            if state in ENDED or state == "CANCELLED":
                return any(
                    report.agent_id == ticket.agent_id for report in tools.journal.reports(ticket.run_id)
                )
            if state in ("RUNNING", "PAUSED") and tools.journal.last_pulse(ticket.agent_id) is not None:
                if not lives_elsewhere(tools, ticket.agent_id):
                    return False
            elif time.monotonic() - began > UNSEATED and not is_told:
                is_told = True
                text = f"Agent {ticket.agent_id} has waited {UNSEATED / 60:.0f} minutes for a worker of {tools.work_pool}."
                narrate(tools, ticket.run_id, text, ticket.agent_id)
        time.sleep(BEAT)


@contextmanager
def attended(tools: Toolbox, ticket: Ticket) -> Iterator[None]:
    """On a worker: make ready what a run prepares, beat for the agent, and end this process when the run is stopped by force."""
    if tools.work_pool is None:
        yield
        return
    if reason_to_stop(tools, ticket.run_id) is WhyStopped.FORCED:
        # It was on its way here when everything else was killed.
        os._exit(1)
    _make_ready(tools, ticket)
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(tools, ticket, ended), name="attend", daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join(timeout=5.0)


def _make_ready(tools: Toolbox, ticket: Ticket) -> None:
    """Bring the base, the environment, and what the agent has made so far, to this machine.

    A commit that only a dead host's mirror held is made anew: its steps are forgotten, and an engine that keeps its
    conversation pays nothing twice.
    """
    tools.journal.pulse(ticket.agent_id, tools.host, tools.clock.now())
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


def _watch(tools: Toolbox, ticket: Ticket, ended: threading.Event) -> None:
    obeyed = tools.journal.stop_requests(ticket.run_id)
    while not ended.wait(BEAT):
        try:
            tools.journal.pulse(ticket.agent_id, tools.host, tools.clock.now())
            requests = tools.journal.stop_requests(ticket.run_id)
        except FreshError as trouble:
            tools.log.warning("%s", trouble.message)
            continue
        if any(request.force and request not in obeyed for request in requests):
            tools.sandbox.kill_all()
            os._exit(1)
