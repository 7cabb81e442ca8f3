"""Go on with what nobody works on any more, and sweep what the dead have left; never touch what waits for a person."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import datetime
from itertools import count, takewhile
from pathlib import Path
from typing import TypeAlias

from fresh.deciding import expire_due
from fresh.domain.hosting import WhyReenter
from fresh.domain.record import RunRecord
from fresh.domain.reentry import MOST, Reentry, key_of, next_attempt
from fresh.domain.status import RunStatus
from fresh.errors import FreshError
from fresh.settings import read_settings
from fresh.wiring import Toolbox, toolbox

Begin: TypeAlias = "Callable[[RunRecord, str], str]"
"""Start a run under a key that counts once; return its flow run's id."""

EVERY = 2.0
SWEEP_EVERY = 30
"""Rounds between two sweeps."""

WAITING = frozenset({"SCHEDULED", "PENDING"})
CLAIMS_WITHIN = 60.0
"""Seconds within which a flow run that was begun has claimed its repository."""

BEGINS_WITHIN = 300.0
"""Seconds after which one that a worker has taken but not begun is lost: a worker that died never comes back for it."""

DEPLOYMENT = "run/interactive"


def reap_for_ever(beat: Callable[[], None]) -> None:
    """Look at the repository of this machine's set every few seconds; trouble is told and outlasted."""
    tools = _tools()
    serve_numbers(tools)
    rounds = 0
    while True:
        _outlasting(lambda: reenter_dead(tools))
        if rounds % SWEEP_EVERY == 0:
            _outlasting(lambda: sweep(tools))
        rounds += 1
        beat()
        time.sleep(EVERY)


def sweep_for_ever() -> None:
    """Sweep what the dead of this machine have left, where the reaper is elsewhere."""
    tools = _tools()
    while True:
        _outlasting(lambda: sweep(tools))
        time.sleep(EVERY * SWEEP_EVERY)


def _tools() -> Toolbox:
    return toolbox(Path(os.environ["FRESH_REPOSITORY"]))


def _outlasting(act: Callable[[], object]) -> None:
    """Do one thing; its trouble must not end the reaper."""
    try:
        act()
    except FreshError as trouble:
        print(trouble.message, file=sys.stderr, flush=True)
    except Exception as defect:  # noqa: BLE001 - whatever it is, the next round is worth a try
        print(f"{type(defect).__name__}: {defect}", file=sys.stderr, flush=True)


def serve_numbers(tools: Toolbox) -> int | None:
    """Answer Prometheus where FRESH_METRICS_PORT is set; return the port."""
    settings = read_settings()
    if settings.metrics_port is None:
        return None
    from fresh.adapters.observing import serve_metrics

    def read() -> tuple[RunStatus, ...]:
        if not (tools.home / "journal.db").exists() and not os.environ.get("FRESH_JOURNAL_URL"):
            return ()
        newest = tools.journal.runs(str(tools.repository))[:20]
        found = (tools.journal.status(record.id) for record in newest)
        return tuple(status for status in found if status is not None)

    port = serve_metrics(settings.metrics_port, settings.metrics_host, read)
    print(f"Metrics: http://{settings.metrics_host}:{port}/metrics", flush=True)
    return port


def reenter_dead(tools: Toolbox, begin: Begin | None = None) -> tuple[Reentry, ...]:
    """Start again every run whose process is gone, or whose parked agent has been answered; return what was done."""
    here = str(tools.repository)
    if not (tools.home / "journal.db").exists() and not os.environ.get("FRESH_JOURNAL_URL"):
        return ()
    # A deadline holds also where nobody hosts the run; a host lets it fire itself, and the first one counts.
    expire_due(tools.journal, tools.people, tools.clock.now())
    begin = begin or _begin_deployment
    for unhosted in tools.journal.runs_to_reenter(tools.clock.now()):
        if unhosted.repository != here:
            continue
        record = tools.journal.run(unhosted.run_id)
        reentry = _next_attempt(tools, record, unhosted.why)
        if _is_under_way(tools, record):
            break
        if reentry.attempt >= MOST:
            _tell_given_up(tools, record, reentry)
            continue
        _begin(tools, record, reentry, begin)
        # One run at a time works on a repository; the next one gets its turn when this one has ended.
        return (reentry,)
    return ()


def _next_attempt(tools: Toolbox, record: RunRecord, why: WhyReenter) -> Reentry:
    progress = len(tools.journal.reports(record.id)) + sum(
        tools.journal.decision(question.id) is not None for question in tools.journal.questions(record.id)
    )
    return next_attempt(record.id, why, progress, lambda key: tools.journal.recall(key) is not None)


def _is_under_way(tools: Toolbox, record: RunRecord) -> bool:
    """Say whether what was begun last is still on its way: a host needs seconds until it claims its run."""
    flow_run, _, made = (_begun(tools, record)[-1:] or ("",))[0].partition(" ")
    if not made:
        return False
    state = tools.control.state(flow_run)
    age = (tools.clock.now() - datetime.fromisoformat(made)).total_seconds()
    if state == "PENDING" and age >= BEGINS_WITHIN:
        tools.control.retire(flow_run, "The worker that took it never began it.")
        return False
    return state in WAITING or (state == "RUNNING" and age < CLAIMS_WITHIN)


def _begin(tools: Toolbox, record: RunRecord, reentry: Reentry, begin: Begin) -> None:
    """Hand the run to the runner, once for each attempt, and count it."""
    name = key_of(record.id, reentry)
    flow_run = begin(record, name)
    made = f"{flow_run} {tools.clock.now().isoformat()}"
    tools.journal.remember(name, made)
    tools.journal.remember(f"reentered:{record.id}:{len(_begun(tools, record))}", made)
    print(f"Run {record.id} is entered again ({reentry.why}, attempt {reentry.attempt + 1}).", flush=True)


def _begun(tools: Toolbox, record: RunRecord) -> list[str]:
    """List everything that was begun to go on with a run, whatever progress there was between."""
    numbered = (tools.journal.recall(f"reentered:{record.id}:{number}") for number in count())
    return list(takewhile(lambda text: text is not None, numbered))  # type: ignore[arg-type]


def _begin_deployment(record: RunRecord, key: str) -> str:
    from fresh.adapters.prefect_control import start_deployment

    return start_deployment(
        DEPLOYMENT,
        {"order": record.order.model_dump(mode="json"), "run_id": record.id},
        idempotency_key=key,
        tags=("autonomous", f"run:{record.id}", "re-entered"),
    )


def _tell_given_up(tools: Toolbox, record: RunRecord, reentry: Reentry) -> None:
    from tasks.durable import narrate

    name = f"given-up:{record.id}:{reentry.progress}"
    if tools.journal.recall(name) is None:
        text = (
            f"Run {record.id} was entered again {MOST} times and died each time without getting on;"
            f" it is left for a person: fresh auto resume {record.id}"
        )
        if tools.journal.remember(name, text) == text:
            narrate(tools, record.id, text)


def sweep(tools: Toolbox) -> int:
    """Remove sandboxes and control groups of the dead, close their reservations, and fell trees of ended agents."""
    from tasks.spending import reap

    removed = tools.sandbox.sweep()
    if not (tools.home / "journal.db").exists() and not os.environ.get("FRESH_JOURNAL_URL"):
        return removed
    reap(tools)
    for record in tools.journal.runs(str(tools.repository)):
        ended = {report.agent_id for report in tools.journal.reports(record.id)}
        for ticket in tools.journal.tickets(record.id):
            if ticket.agent_id in ended and tools.workspace.standing(ticket.agent_id) is not None:
                tools.prover.clear(ticket)
                removed += 1
    return removed
