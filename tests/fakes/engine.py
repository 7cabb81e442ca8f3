"""An engine that follows a script and remembers every step that it was asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from fresh.domain.evidence import Evidence
from fresh.domain.feature import Feature, Inventory, Kind
from fresh.domain.work import Plan, Work
from fresh.errors import Declined
from fresh.ports import Bench


def appends_a_line(bench: Bench, round_of_work: int) -> None:
    """Add one comment to the feature's file."""
    path = bench.ticket.feature.path
    bench.write(path, bench.read(path) + f"# {bench.ticket.agent_id} round {round_of_work}\n")


@dataclass
class ScriptedEngine:
    """`act` edits the bench in a round of work; `declines` maps feature keys to reasons."""

    act: Callable[[Bench, int], None] = appends_a_line
    declines: dict[str, str] = field(default_factory=dict)
    gives_up_after_feedback: bool = False
    planned: list[str] = field(default_factory=list)
    worked: list[tuple[str, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def screen(self, feature: Feature, kind: Kind, inventory: Inventory) -> str | None:
        return None

    def plan(self, bench: Bench) -> Plan:
        with self._lock:
            self.planned.append(bench.ticket.agent_id)
        reason = self.declines.get(bench.ticket.feature.key)
        if reason is not None:
            raise Declined(reason)
        return Plan(summary=f"improve {bench.ticket.feature.name}", files=(bench.ticket.feature.path,))

    def work(self, bench: Bench, plan: Plan, feedback: Evidence | None, asked: str) -> Work:
        with self._lock:
            self.worked.append((bench.ticket.agent_id, asked))
            rounds = sum(1 for agent, _ in self.worked if agent == bench.ticket.agent_id)
        if feedback is not None and self.gives_up_after_feedback:
            raise Declined("there is no second idea")
        self.act(bench, rounds)
        return Work(summary=f"{bench.ticket.feature.name} is better now", try_it=("true",))
