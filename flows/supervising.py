"""While a run is hosted: beat, let the clock answer, wake agents whose question was decided elsewhere, obey stops."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime

from fresh.domain.approval import Answer, Decision, OnDeadline, Question, on_deadline
from fresh.domain.record import RunRecord
from fresh.domain.stopping import StopRequest
from fresh.errors import Mishap, ServerUnreachable
from fresh.wiring import Toolbox
from tasks.showing import show_money
from tasks.spending import reap, watch_money

BEAT = 0.5
LOOK_AT_PREFECT = 10
"""Beats between two looks at whether somebody ended a waiting agent in the Prefect UI."""
REAP = 120
"""Beats between two looks for reservations whose process is gone."""
CANCELLED = frozenset({"CANCELLING", "CANCELLED"})
FINAL = frozenset({"COMPLETED", "FAILED", "CANCELLED", "CRASHED"})


@contextmanager
def supervised(tools: Toolbox, record: RunRecord, on_force: Callable[[StopRequest], None]) -> Iterator[None]:
    """Watch over a run in a thread for as long as the context is open, then give the repository back."""
    ended = threading.Event()
    # A force that was asked of an earlier host has nothing left to kill: the flow itself ends a run that is resumed so.
    obeyed = tools.journal.stop_requests(record.id)
    watch = threading.Thread(
        target=_watch, args=(tools, record, ended, on_force, obeyed), name=f"watch-{record.id}", daemon=True
    )
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join(timeout=5.0)
        tools.journal.yield_claim(record.repository, tools.host)


def _watch(
    tools: Toolbox,
    record: RunRecord,
    ended: threading.Event,
    on_force: Callable[[StopRequest], None],
    obeyed: tuple[StopRequest, ...],
) -> None:
    beats = 0
    shown: Mapping[str, str] = {}
    while not ended.wait(BEAT):
        beats += 1
        try:
            tools.journal.beat(tools.host, tools.clock.now())
            # Its hours may have been prolonged meanwhile.
            record = tools.journal.run(record.id)
            requests = tools.journal.stop_requests(record.id)
            forced = next((request for request in requests if request.force and request not in obeyed), None)
            if forced is not None:
                on_force(forced)
                return
            look_closer = beats % LOOK_AT_PREFECT == 0
            if look_closer:
                watch_money(tools, record)
                _obey_prefect(tools, record, requests)
                shown = show_money(tools, record, shown)
            if beats % REAP == 0:
                reap(tools)
            for question in tools.journal.questions(record.id, undecided=True):
                _answer(tools, record, question, requests, look_closer)
            for question in tools.journal.questions(record.id, unapplied=True):
                _wake(tools, question, "The question is decided.")
        except Mishap as trouble:
            tools.log.warning("%s", trouble.message)
        except Exception:
            tools.log.exception("The watch over run %s stumbled and goes on", record.id)


def _obey_prefect(tools: Toolbox, record: RunRecord, requests: tuple[StopRequest, ...]) -> None:
    """Take Prefect's cancel button as a request to stop; nothing else obeys it where no worker looks after a run."""
    run = tools.journal.run_flow(record.id)
    if run is None or any(request.agent_id is None for request in requests):
        return
    with suppress(ServerUnreachable):
        if tools.control.state(run) in CANCELLED:
            tools.journal.request_stop(
                StopRequest(run_id=record.id, by="somebody", through="prefect", at=tools.clock.now())
            )


def _answer(
    tools: Toolbox,
    record: RunRecord,
    question: Question,
    requests: tuple[StopRequest, ...],
    look_closer: bool,
) -> None:
    """Answer an open question when the clock, a stop request or Prefect's cancel button does."""
    now = tools.clock.now()
    asked_to_stop = [request for request in requests if request.agent_id in (None, question.agent_id)]
    if asked_to_stop:
        stop = asked_to_stop[-1]
        _decide(tools, question, Answer.STOPPED, stop.by, stop.through, now)
    elif now >= min(question.deadline, record.deadline):
        if on_deadline(question.why) is OnDeadline.PARK:
            _wake(tools, question, "Nobody has answered in time.")
        else:
            _decide(tools, question, Answer.EXPIRED, "nobody in time", "clock", now)
    elif look_closer:
        with suppress(ServerUnreachable):
            run = tools.journal.flow_run(question.agent_id)
            if run is not None and tools.control.state(run) in FINAL:
                _decide(tools, question, Answer.STOPPED, "somebody", "prefect", now)


def _decide(tools: Toolbox, question: Question, answer: Answer, by: str, through: str, now: datetime) -> None:
    tools.journal.decide(question.id, Decision(answer=answer, by=by, through=through, at=now))


def _wake(tools: Toolbox, question: Question, why: str) -> None:
    """Wake the paused flow run; in an outage the next beat tries again."""
    run = tools.journal.flow_run(question.agent_id)
    if run is not None:
        with suppress(ServerUnreachable):
            tools.control.wake(run, why)
