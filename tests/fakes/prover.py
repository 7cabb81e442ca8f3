"""A prover that runs nothing: it judges by a script and remembers what it judged."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fresh.domain.agent import Ticket
from fresh.domain.change import PolicyVerdict
from fresh.domain.evidence import Check, CheckState, Evidence, RunEnd, TestRun
from fresh.domain.feature import Inventory
from fresh.domain.order import RunOrder
from fresh.domain.work import Work
from fresh.ports import Bench, Finished, Tree, Workspace


def earned(base: str, commit: str, *, policy: PolicyVerdict | None = None) -> Evidence:
    """Evidence whose verdict is earned."""
    passed = Check(name="tests", state=CheckState.PASSED, fact="3 tests pass on base and commit")
    return Evidence(base=base, commit=commit, checks=(passed,), policy=policy or PolicyVerdict())


def failed(base: str, commit: str) -> Evidence:
    """Evidence whose verdict is failed."""
    broken = Check(name="tests", state=CheckState.FAILED, fact="1 test fails that passed on base")
    return Evidence(base=base, commit=commit, checks=(broken,))


def _standing(workspace: Workspace, ticket: Ticket) -> Tree:
    """Give an agent's tree; one of another base is not its own."""
    standing = workspace.standing(ticket.agent_id)
    if standing is not None and standing.base == ticket.base:
        return standing
    return workspace.plant(ticket.agent_id, ticket.base)


@dataclass
class FakeBench:
    """A bench on a fake workspace's tree."""

    ticket: Ticket
    inventory: Inventory
    workspace: Workspace

    def _tree(self) -> Tree:
        return _standing(self.workspace, self.ticket)

    def paths(self) -> tuple[str, ...]:
        return tuple(entry.path for entry in self.workspace.entries(self.ticket.base))

    def covered_on_base(self, path: str) -> frozenset[int] | None:
        return None

    def read(self, path: str) -> str:
        return self.workspace.read_file(self._tree(), path).decode()

    def write(self, path: str, text: str) -> None:
        self.workspace.write(self._tree(), path, text.encode())

    def reset(self) -> None:
        self.workspace.plant(self.ticket.agent_id, self.ticket.base)

    def python(self, argv: Sequence[str], *, wall: float = 60.0, stdin: bytes = b"") -> Finished:
        return Finished(exit_code=0, ended=RunEnd.EXIT, output=b"", truncated=False, seconds=0.0)

    def run_tests(
        self, selection: Sequence[str] = (), *, coverage: bool = False, wall: float | None = None
    ) -> TestRun:
        return TestRun(
            command=("none",), commit=self.ticket.base, exit_code=0, ended=RunEnd.EXIT, seconds=0.0
        )


@dataclass
class FakeProver:
    """Judge by `judge`, which is asked with the ticket and the commit."""

    workspace: Workspace
    inventory: Inventory
    judge: Callable[[Ticket, str], Evidence] = lambda ticket, commit: earned(ticket.base, commit)
    together: Callable[[str], tuple[str, ...]] = lambda commit: ()
    judged: list[tuple[str, str]] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    cleared: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ready(self, order: RunOrder, base: str) -> tuple[str, ...]:
        return ("The tests of this fake pass.",)

    def measured(self, order: RunOrder, base: str) -> Inventory:
        return self.inventory

    def bench(self, ticket: Ticket) -> Bench:
        return FakeBench(ticket, self.inventory, self.workspace)

    def tree(self, ticket: Ticket) -> Tree:
        return _standing(self.workspace, ticket)

    def verify(self, ticket: Ticket, commit: str, work: Work) -> Evidence:
        with self._lock:
            self.judged.append((ticket.agent_id, commit))
        return self.judge(ticket, commit)

    def newly_failing(self, order: RunOrder, base: str, commit: str) -> tuple[str, ...]:
        with self._lock:
            self.tried.append(commit)
        return self.together(commit)

    def rule(self, ticket: Ticket, commit: str) -> PolicyVerdict:
        return self.judge(ticket, commit).policy

    def clear(self, ticket: Ticket) -> None:
        self.cleared.append(ticket.agent_id)
        self.workspace.fell(ticket.agent_id)
