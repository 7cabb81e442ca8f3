"""Where an agent lives: in its run's own process, or on whichever worker of a pool has a seat."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import httpx
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound

from flows.stopping import reason_to_stop
from fresh.domain.agent import Outcome, Ticket
from fresh.errors import ServerUnreachable
from fresh.wiring import Toolbox
from tasks.durable import narrate
from tasks.reporting import complete, report_of

DEPLOYMENT = "agent/worker"
BEAT = 1.0
SILENT = 30.0
"""Seconds without a beat after which the host of an agent counts as dead."""

FIRST_BEAT = 90.0
"""Seconds that a host may take from the start of its flow run to its first beat, also where many start together."""

BEGINS = 240.0
"""Seconds that a worker may take from picking an agent up to its first line of code; interpreters start slowly together."""

UNSEATED = 600.0
"""Seconds that an agent may wait for a worker before somebody is told."""

MOST = 5
"""Hosts that an agent may have; after them something about it ends its hosts."""

ENDED = frozenset({"COMPLETED", "FAILED", "CRASHED"})
HOSTED = frozenset({"RUNNING", "PAUSED", "CANCELLING"})


class Fate(StrEnum):
    """What became of one attempt to let a worker host an agent."""

    REPORTED = "it has a report"
    CANCELLED = "it was cancelled in Prefect"
    DIED = "its host is gone"
    UNSEATED = "no worker has taken it, and none should any more"


def send_away(tools: Toolbox, ticket: Ticket) -> None:
    """Let a worker host the agent until it has a report; after a host's death the next one goes on.

    Entered again, it finds the flow run that was begun before: its key counts once.
    """
    for attempt in range(_begun(tools, ticket), MOST):
        try:
            flow_run = _begin(tools, ticket, attempt)
        except ObjectNotFound:
            missing = f"The Prefect server has no deployment {DEPLOYMENT}; a worker of {tools.work_pool} makes it when it starts."
            complete(ticket, report_of(ticket, Outcome.FAILED, failure=missing))
            return
        fate = Fate.UNSEATED if flow_run is None else _Vigil(tools, ticket, flow_run).keep()
        if fate is Fate.REPORTED:
            return
        if fate is Fate.CANCELLED:
            complete(
                ticket, report_of(ticket, Outcome.STOPPED, failure="Its flow run was cancelled in Prefect.")
            )
            return
        if fate is Fate.UNSEATED:
            _call_off(tools, ticket, flow_run)
            return
        narrate(
            tools,
            ticket.run_id,
            f"Agent {ticket.agent_id}: its host died; another one goes on.",
            ticket.agent_id,
        )
        _retire(tools, flow_run, "Its host is gone; the agent goes on elsewhere.")
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


def _begin(tools: Toolbox, ticket: Ticket, attempt: int) -> str | None:
    """Create the flow run of an attempt, whatever outage there is; None when the run ended meanwhile.

    Raises ObjectNotFound where no worker has made the deployment.
    """
    while True:
        try:
            made = run_deployment(
                DEPLOYMENT,
                parameters={"ticket": ticket.model_dump(mode="json")},
                timeout=0,
                as_subflow=True,
                idempotency_key=f"{ticket.agent_id}/{attempt}",
                tags=["autonomous", f"run:{ticket.run_id}", f"agent:{ticket.agent_id}"],
            )
        except httpx.HTTPError as trouble:
            tools.log.warning("Agent %s is not sent off yet: %s", ticket.agent_id, trouble)
            if reason_to_stop(tools, ticket.run_id, ticket.agent_id) is not None:
                return None
            tools.clock.sleep(BEAT)
            continue
        tools.journal.remember(_key(ticket, attempt), str(made.id))  # type: ignore[union-attr]
        return str(made.id)  # type: ignore[union-attr]


def _call_off(tools: Toolbox, ticket: Ticket, flow_run: str | None) -> None:
    """Report an agent that no worker has taken while there was time for it."""
    why = reason_to_stop(tools, ticket.run_id, ticket.agent_id)
    _retire(tools, flow_run, "The run ended before a worker had a seat for it.")
    words = f"No worker of {tools.work_pool} took it before the end, because {why}."
    complete(ticket, report_of(ticket, Outcome.STOPPED, failure=words))


def _retire(tools: Toolbox, flow_run: str | None, why: str) -> None:
    """Mark a flow run as over; in an outage it is only a row that stays behind."""
    if flow_run is not None:
        with suppress(ServerUnreachable):
            tools.control.retire(flow_run, why)


@dataclass
class _Vigil:
    """Watch one attempt until it is known what became of it; an outage of Prefect is sat out."""

    tools: Toolbox
    ticket: Ticket
    flow_run: str
    _state: str | None = None
    _began: datetime = field(init=False)
    _since: datetime = field(init=False)
    _is_told: bool = False

    def __post_init__(self) -> None:
        self._began = self._since = self.tools.clock.now()

    def keep(self) -> Fate:
        """Look every second."""
        while True:
            if self._is_reported():
                return Fate.REPORTED
            with suppress(ServerUnreachable):
                fate = self._judge(self.tools.control.state(self.flow_run))
                if fate is not None:
                    # It may have ended properly between the two looks.
                    return Fate.REPORTED if self._is_reported() else fate
            self.tools.clock.sleep(BEAT)

    def _is_reported(self) -> bool:
        reports = self.tools.journal.reports(self.ticket.run_id)
        return any(report.agent_id == self.ticket.agent_id for report in reports)

    def _judge(self, state: str | None) -> Fate | None:
        """Judge by the state that Prefect knows; None means: go on waiting. A flow run that was deleted is None too."""
        if state != self._state:
            self._state, self._since = state, self.tools.clock.now()
        if state is None or state in ENDED:
            return Fate.DIED
        if state == "CANCELLED":
            return Fate.CANCELLED
        if state in HOSTED:
            if self._is_heard():
                return None
            return Fate.CANCELLED if state == "CANCELLING" else Fate.DIED
        return self._judge_waiting()

    def _is_heard(self) -> bool:
        """Say whether the host lives; one whose first beat is still to come gets more time for it."""
        is_heard = lives_elsewhere(self.tools, self.ticket.agent_id)
        return is_heard or (not self._has_beaten() and self._waited() < FIRST_BEAT)

    def _has_beaten(self) -> bool:
        """Say whether a host of this attempt gave a sign of life; it may do so before its flow run is seen to run."""
        beat = self.tools.journal.last_pulse(self.ticket.agent_id)
        return beat is not None and beat >= self._began

    def _has_fallen_silent(self) -> bool:
        return self._has_beaten() and not lives_elsewhere(self.tools, self.ticket.agent_id)

    def _waited(self) -> float:
        return (self.tools.clock.now() - self._since).total_seconds()

    def _judge_waiting(self) -> Fate | None:
        """Judge a flow run that no process hosts yet: a worker that died on the way to it never comes back for it."""
        waited = self._waited()
        if reason_to_stop(self.tools, self.ticket.run_id, self.ticket.agent_id) is not None:
            return Fate.UNSEATED
        if self._state == "PENDING" and (waited > BEGINS or self._has_fallen_silent()):
            return Fate.DIED
        if waited > UNSEATED and not self._is_told:
            self._is_told = True
            text = f"Agent {self.ticket.agent_id} has waited {UNSEATED / 60:.0f} minutes for a worker of {self.tools.work_pool}."
            narrate(self.tools, self.ticket.run_id, text, self.ticket.agent_id)
        return None
