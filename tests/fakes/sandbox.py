"""A sandbox that runs nothing: it remembers every command and answers from a script."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from fresh.adapters.bwrap.output import Output
from fresh.domain.evidence import RunEnd
from fresh.errors import Refusal, SandboxUnavailable
from fresh.ports import Command, Finished

Answer = Finished | Callable[[Command], Finished]


def says(output: bytes | str = b"", exit_code: int | None = 0, ended: RunEnd = RunEnd.EXIT) -> Finished:
    """Write an answer."""
    encoded = output.encode() if isinstance(output, str) else output
    return Finished(exit_code, ended, encoded, truncated=False, seconds=0.01)


@dataclass
class FakeSandbox:
    """Answer with what was scripted last for a command; commands that nobody scripted succeed without a word.

    `unavailable` makes everything refuse, and `leftovers` is what the next `sweep` finds.
    """

    unavailable: SandboxUnavailable | None = None
    leftovers: int = 0
    kills: int = 0
    commands: list[Command] = field(default_factory=list)
    _script: list[tuple[tuple[str, ...], Answer]] = field(default_factory=list)
    _hanging: set[threading.Event] = field(default_factory=set)

    def when(self, *words: str, then: Answer) -> None:
        """Answer commands in whose argv all of these words stand with `then`."""
        self._script.append((words, then))

    def hang(self, command: Command) -> Finished:
        """Be an answer that lasts until the wall limit or `kill_all`."""
        killed = threading.Event()
        self._hanging.add(killed)
        in_time = killed.wait(command.limits.wall)
        self._hanging.discard(killed)
        return says(exit_code=None, ended=RunEnd.EXIT if in_time else RunEnd.TIMEOUT)

    def probe(self) -> str:
        self._reach()
        return "A fake sandbox that runs nothing."

    def run(self, command: Command) -> Finished:
        self._reach()
        texts = (*command.argv, command.workdir, *command.environment, *command.environment.values())
        if not command.argv or any("\0" in text for text in texts):
            raise Refusal("A program can't be started like that.")
        self.commands.append(command)
        answer = next(
            (then for words, then in reversed(self._script) if set(words) <= set(command.argv)), says()
        )
        finished = answer if isinstance(answer, Finished) else answer(command)
        output = Output(command.limits.output)
        output.add(finished.output)
        truncated = finished.truncated or output.truncated
        return Finished(finished.exit_code, finished.ended, output.kept, truncated, finished.seconds)

    def sweep(self) -> int:
        self._reach()
        removed, self.leftovers = self.leftovers, 0
        return removed

    def kill_all(self) -> None:
        self.kills += 1
        for killed in tuple(self._hanging):
            killed.set()

    def _reach(self) -> None:
        if self.unavailable is not None:
            raise self.unavailable
