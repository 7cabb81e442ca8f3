"""The sandbox behind its limit: so many commands at once on this Prefect server, whoever runs them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from fresh.ports import Command, Finished, Sandbox


class LimitedSandbox:
    """A sandbox that takes a permit for each command and gives it back at its end.

    Threads of one process wait for each other here first: a global limit that is full is asked again only about once
    a second and serves nobody in order.
    """

    def __init__(
        self, sandbox: Sandbox, slots: int, permit: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._sandbox = sandbox
        self._here = threading.BoundedSemaphore(slots)
        self._permit = permit

    def probe(self) -> str:
        """Prove the sandbox; that is one short command of ours and needs no permit."""
        return self._sandbox.probe()

    def run(self, command: Command) -> Finished:
        """Run one command when it is its turn."""
        with self._here, self._permit():
            return self._sandbox.run(command)

    def sweep(self) -> int:
        """Remove what killed hosts left."""
        return self._sandbox.sweep()

    def kill_all(self) -> None:
        """Kill every command of this process."""
        self._sandbox.kill_all()
