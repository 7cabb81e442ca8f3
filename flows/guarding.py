"""While a run is hosted: give signs of life, end by force when asked, and leave the run to a host that took it over.

It asks the journal alone: a Prefect server that hangs must not make a living host look dead, or keep it alive.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flows.beside import beside
from fresh.domain.record import RunRecord
from fresh.domain.stopping import StopRequest
from fresh.errors import Mishap
from fresh.wiring import Toolbox

LOOK = 0.5


@contextmanager
def guarded(
    tools: Toolbox,
    record: RunRecord,
    on_force: Callable[[StopRequest], None],
    on_lost: Callable[[], None],
) -> Iterator[None]:
    """Guard a run in a thread for as long as the context is open, then give the repository back."""
    ended = threading.Event()
    # A force that was asked of an earlier host has nothing left to kill: the flow itself ends a run that is resumed so.
    obeyed = tools.journal.stop_requests(record.id)
    guard = _Guard(tools, record, ended, on_force, on_lost, obeyed)
    try:
        with beside(f"guard-{record.id}", guard.keep, ended):
            yield
    finally:
        tools.journal.yield_claim(record.repository, tools.host)


@dataclass(frozen=True)
class _Guard:
    tools: Toolbox
    record: RunRecord
    ended: threading.Event
    on_force: Callable[[StopRequest], None]
    on_lost: Callable[[], None]
    obeyed: tuple[StopRequest, ...]

    def keep(self) -> None:
        """Look until the run has ended, was stopped by force or is another host's."""
        while not self.ended.wait(LOOK):
            try:
                if not self._look():
                    return
            except Mishap as trouble:
                self.tools.log.warning("%s", trouble.message)
            except Exception:
                self.tools.log.exception("The guard of run %s stumbled and goes on", self.record.id)

    def _look(self) -> bool:
        """Look once; False when nothing is left to look at."""
        requests = self.tools.journal.stop_requests(self.record.id)
        forced = next((request for request in requests if request.force and request not in self.obeyed), None)
        if forced is not None:
            self.on_force(forced)
            return False
        if not self._is_still_ours():
            self.on_lost()
            return False
        return True

    def _is_still_ours(self) -> bool:
        """Give a sign of life; False when another host took the repository over from this one, which was silent."""
        now = self.tools.clock.now()
        self.tools.journal.beat(self.tools.host, now)
        claim = self.tools.journal.standing_claim(self.record.repository, now)
        return self.ended.is_set() or (
            claim is not None and (claim.host, claim.run_id) == (self.tools.host, self.record.id)
        )
