"""The seats of a run: who lives, who has ended, and who may come."""

from __future__ import annotations

import queue
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from prefect import tags, task
from prefect.cache_policies import NO_CACHE

from flows.agent import agent
from flows.launching import lives_elsewhere, send_away
from fresh.domain.agent import Outcome, Ticket
from fresh.domain.order import EngineName
from fresh.domain.record import RunRecord
from fresh.wiring import Toolbox, toolbox
from tasks.durable import narrate
from tasks.reporting import complete, report_of
from tasks.spending import note_shrinking, seats

POLL = 0.5
MOST_SEATS = 3
"""Seats that may break under an agent; then something about it breaks them."""


@task(task_run_name="seat of {ticket.agent_id}", cache_policy=NO_CACHE)
def launch(ticket: Ticket) -> None:
    """Seat one agent as a subflow of the run: here, or on a worker where a work pool is set."""
    tools = toolbox(Path(ticket.repository))
    if tools.work_pool is not None:
        send_away(tools, ticket)
    else:
        agent(ticket, return_state=True)


@dataclass
class Seats:
    """Who lives in a run's seats, by agent id."""

    tools: Toolbox
    record: RunRecord
    live: dict[str, Ticket] = field(default_factory=dict)
    _ended: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)
    _broken: Counter[str] = field(default_factory=Counter)

    def fill(self, ticket: Ticket) -> None:
        """Give an agent a seat."""
        self.live[ticket.agent_id] = ticket
        marks = (
            "autonomous",
            f"run:{self.record.id}",
            f"agent:{ticket.agent_id}",
            f"feature:{ticket.feature.key}",
            f"kind:{ticket.kind}",
            f"strategy:{self.record.order.strategy}",
        )
        with tags(*marks):
            launch.submit(ticket).add_done_callback(lambda _: self._ended.put(ticket.agent_id))

    def rejoin(self, tickets: Sequence[Ticket]) -> list[Ticket]:
        """Seat at once who lived on a worker while the run had no host; return the others.

        They have begun, so they end by themselves, also where the run has no time left to begin anything.
        """
        living = [ticket for ticket in tickets if lives_elsewhere(self.tools, ticket.agent_id)]
        for ticket in living:
            self.fill(ticket)
        return [ticket for ticket in tickets if ticket not in living]

    def free(self) -> tuple[EngineName, int]:
        """Count the seats that nobody works in, and say which engine may take them.

        Overnight, an agent that waits for an answer gives its seat away. Where a model works, there are no more seats
        than the rest of the budget can fund; when it can fund none, what costs nothing goes on.
        """
        tools, record = self.tools, self.record
        working = set(self.live)
        if record.order.overnight:
            working -= {question.agent_id for question in tools.journal.questions(record.id, undecided=True)}
        free = max(0, record.order.agents - len(working))
        if record.engine is not EngineName.LLM:
            return record.engine, free
        paid = {name for name, ticket in self.live.items() if ticket.engine is EngineName.LLM}
        funded = seats(tools, record, paid)
        if funded < record.order.agents:
            note_shrinking(tools, record, funded)
        if funded > len(paid) or paid:
            return EngineName.LLM, min(free, max(0, funded - len(paid)))
        return EngineName.CODEMOD, free

    def clear_ended(self) -> list[Ticket]:
        """Wait for somebody to end, but not for long; return those whose seat broke, to be seated again.

        An agent that has ended has a report. A seat that ends without one was given up by Prefect, not by the agent.
        """
        left = [ticket for name in self._just_ended() if (ticket := self.live.pop(name, None)) is not None]
        if not left:
            return []
        reported = {report.agent_id for report in self.tools.journal.reports(self.record.id)}
        broken = [ticket for ticket in left if ticket.agent_id not in reported]
        return [ticket for ticket in broken if self._may_return(ticket)]

    def _just_ended(self) -> Iterator[str]:
        with suppress(queue.Empty):
            yield self._ended.get(timeout=POLL)
            while True:
                yield self._ended.get_nowait()

    def _may_return(self, ticket: Ticket) -> bool:
        self._broken[ticket.agent_id] += 1
        if self._broken[ticket.agent_id] < MOST_SEATS:
            text = f"Agent {ticket.agent_id}: its seat broke; it is seated again and goes on where it was."
            narrate(self.tools, self.record.id, text, ticket.agent_id)
            return True
        failure = f"{MOST_SEATS} seats broke under it; the Prefect UI has the reasons."
        complete(ticket, report_of(ticket, Outcome.FAILED, failure=failure))
        return False
