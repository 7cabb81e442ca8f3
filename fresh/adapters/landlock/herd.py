"""The control group of a command that has no pid namespace: the group alone knows what the command left running."""

from __future__ import annotations

import time

from fresh.adapters.bwrap.cgroups import Group, kill_members, members

PATIENCE = 5.0
ROUND = 0.002


class Herd(Group):
    """A group whose members are killed until none is left: one that was just being born escapes a single round."""

    holds_all = True

    def kill(self) -> None:
        """Kill every member, and wait for their end; what hangs in the kernel is not waited for any longer."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for directory in self.directories:
                kill_members(directory)
            if not any(members(directory) for directory in self.directories):
                return
            if time.monotonic() > deadline:
                return
            time.sleep(ROUND)
