"""The forced end of a run in the process that hosts it: everything is dead within seconds, and said so."""

from __future__ import annotations

import os
import threading

from fresh.adapters.prefect_server import kill_server_of
from fresh.domain.agent import Outcome, Ticket
from fresh.domain.record import RunRecord
from fresh.domain.stopping import StopRequest, WhyStopped
from fresh.wiring import Toolbox
from tasks.reporting import close, complete, report_of

PATIENCE = 5.0
"""Seconds for the last words; the process ends after them whatever happens."""


def end_now(tools: Toolbox, record: RunRecord, request: StopRequest) -> None:
    """Kill every sandbox, write the reports, and leave the process: waiting threads would keep it alive for ever."""
    tools.sandbox.kill_all()
    words = threading.Thread(target=_last_words, args=(tools, record, request), daemon=True)
    words.start()
    words.join(timeout=PATIENCE)
    # A server that is asked to end takes seconds for it, and its database is made for a kill.
    kill_server_of(tools.host, tools.home / "prefect")
    os._exit(1)


def leave(tools: Toolbox, record: RunRecord) -> None:
    """Leave a run to the host that took it over: going on would be a second one that works and decides."""
    tools.log.error("Another process took over run %s, because this one gave no sign of life.", record.id)
    tools.sandbox.kill_all()
    for ending in tools.endings:
        ending()
    os._exit(1)


def _last_words(tools: Toolbox, record: RunRecord, request: StopRequest) -> None:
    give_up(
        tools, record, WhyStopped.FORCED, f"Stopped by force by {request.by} (through {request.through})."
    )


def give_up(tools: Toolbox, record: RunRecord, why: WhyStopped, reason: str) -> None:
    """End every agent that has not ended, write the report, close the run and mark its flow runs."""
    reported = {report.agent_id for report in tools.journal.reports(record.id)}
    status = tools.journal.status(record.id)
    where = {agent.id: agent.phase for agent in status.agents} if status is not None else {}
    unfinished = [ticket for ticket in tools.journal.tickets(record.id) if ticket.agent_id not in reported]
    for ticket in unfinished:
        doing = where.get(ticket.agent_id)
        its = f"{reason} It was {doing}{_elsewhere(tools, ticket)}." if doing is not None else reason
        complete(ticket, report_of(ticket, Outcome.STOPPED, failure=its))
    close(record, why, {}, (reason,))
    tools.journal.yield_claim(record.repository, tools.host)
    hosted = [tools.journal.flow_run(ticket.agent_id) for ticket in unfinished]
    for flow_run in (*hosted, tools.journal.run_flow(record.id)):
        if flow_run is not None:
            tools.control.retire(flow_run, reason)


def _elsewhere(tools: Toolbox, ticket: Ticket) -> str:
    """Name the machine that hosted an agent, unless it is this one."""
    host = tools.journal.hosting(ticket.agent_id).host
    if host is None or host.machine == tools.host.machine:
        return ""
    return f" on {host.machine.partition('/')[0]}"
