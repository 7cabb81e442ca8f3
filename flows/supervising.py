"""While a run is hosted: let the clock answer, obey stops and Prefect's cancel button."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from flows.beside import beside
from flows.launching import lives_elsewhere
from fresh.deciding import ask_to_stop, decide, expire_due
from fresh.domain.answering import Attempt
from fresh.domain.approval import Answer, Question
from fresh.domain.people import Actor, Door
from fresh.domain.record import RunRecord
from fresh.domain.stopping import StopRequest
from fresh.domain.stops import still_asked
from fresh.errors import Mishap, ServerUnreachable
from fresh.wiring import Toolbox
from tasks.showing import show_money
from tasks.spending import reap, watch_money

LOOK = 0.5
"""Seconds between two looks at what was asked, and at what the clock answers."""
LOOK_AT_PREFECT = 10
"""Looks between two at whether somebody ended a waiting agent in the Prefect UI."""
REAP = 300
"""Looks between two for reservations whose process is gone."""
CANCELLED = frozenset({"CANCELLING", "CANCELLED"})
FINAL = frozenset({"COMPLETED", "FAILED", "CANCELLED", "CRASHED"})


@contextmanager
def supervised(tools: Toolbox, record: RunRecord) -> Iterator[None]:
    """Watch over a run in a thread for as long as the context is open."""
    ended = threading.Event()
    watch = _Watch(tools, record, ended)
    with beside(f"watch-{record.id}", watch.keep, ended):
        yield


@dataclass
class _Watch:
    """What is looked at again and again while a run is hosted."""

    tools: Toolbox
    record: RunRecord
    ended: threading.Event
    looks: int = 0
    shown: Mapping[str, str] = field(default_factory=dict)

    def keep(self) -> None:
        """Look until the run has ended."""
        while not self.ended.wait(LOOK):
            self.looks += 1
            try:
                self._look()
            except Mishap as trouble:
                self.tools.log.warning("%s", trouble.message)
            except Exception:
                self.tools.log.exception("The watch over run %s stumbled and goes on", self.record.id)

    def _look(self) -> None:
        tools = self.tools
        # Its hours may have been prolonged meanwhile.
        self.record = record = tools.journal.run(self.record.id)
        requests = tools.journal.stop_requests(record.id)
        look_closer = self.looks % LOOK_AT_PREFECT == 0
        if look_closer:
            watch_money(tools, record)
            _obey_prefect(tools, record, requests)
            self.shown = show_money(tools, record, self.shown)
        if self.looks % REAP == 0:
            reap(tools)
        expire_due(tools.journal, tools.people, tools.clock.now(), record.id)
        requests = still_asked(record, requests)
        for question in tools.journal.questions(record.id, undecided=True):
            _answer(tools, question, requests, look_closer)


def _obey_prefect(tools: Toolbox, record: RunRecord, requests: tuple[StopRequest, ...]) -> None:
    """Take Prefect's cancel button as a request to stop; nothing else obeys it where no worker looks after a run."""
    run = tools.journal.run_flow(record.id)
    if run is None or any(request.agent_id is None for request in requests):
        return
    with suppress(ServerUnreachable):
        if tools.control.state(run) in CANCELLED:
            now = tools.clock.now()
            request = StopRequest(run_id=record.id, by="somebody", through="prefect", at=now)
            ask_to_stop(tools.journal, tools.people, Actor(door=Door.PREFECT, name="somebody"), request, now)


def _answer(tools: Toolbox, question: Question, requests: tuple[StopRequest, ...], look_closer: bool) -> None:
    """Answer an open question when a stop request or Prefect's cancel button does.

    Only of an agent that waits in a living process: one that is parked has ended its flow run, and one that a dead host
    left behind is entered again first.
    """
    hosting = tools.journal.hosting(question.agent_id)
    lives = hosting.host == tools.host or lives_elsewhere(tools, question.agent_id)
    if not lives or hosting.ended is not None:
        return
    asked_to_stop = [request for request in requests if request.agent_id in (None, question.agent_id)]
    if asked_to_stop:
        stop = asked_to_stop[-1]
        _stop(tools, question, Actor(door=Door.STOP, name=stop.by), f"asked through {stop.through}")
    elif look_closer and hosting.flow_run is not None:
        with suppress(ServerUnreachable):
            if tools.control.state(hosting.flow_run) in FINAL:
                _stop(tools, question, Actor(door=Door.PREFECT, name="somebody"), "cancelled in Prefect")


def _stop(tools: Toolbox, question: Question, actor: Actor, words: str) -> None:
    attempt = Attempt(question=question.id, answer=Answer.STOPPED, words=words, seal=question.seal)
    decide(tools.journal, tools.people, actor, attempt, tools.clock.now())
