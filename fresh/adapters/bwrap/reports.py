"""What the launcher and bwrap report about themselves while a command runs: never on the command's own output."""

from __future__ import annotations

import json
import os
from contextlib import suppress

from fresh.adapters.bwrap.launch import COMPLAINT


class Reports:
    """Read the lines of bwrap's `--json-status-fd`, and the launcher's one sentence when it failed.

    `exit_code` is the command's own and stays None when bwrap itself failed or was killed. `init` is a pidfd of
    the first process in the sandbox's pid namespace, whose end is the end of everything inside.
    """

    def __init__(self) -> None:
        self.exit_code: int | None = None
        self.init: int | None = None
        self.init_pid: int | None = None
        self.complaint = ""
        self._unread = b""

    def add(self, piece: bytes) -> None:
        """Take in the next bytes."""
        *lines, self._unread = (self._unread + piece).split(b"\n")
        for line in lines:
            self._read(line.decode("utf-8", "replace"))

    def close(self) -> None:
        """Let go of the handle."""
        if self.init is not None:
            os.close(self.init)
            self.init = None

    def _read(self, line: str) -> None:
        if line.startswith(COMPLAINT):
            self.complaint = line.removeprefix(COMPLAINT)
            return
        said = json.loads(line)
        if "exit-code" in said:
            self.exit_code = int(said["exit-code"])
        if "child-pid" in said and self.init is None:
            with suppress(ProcessLookupError):  # ended already, and took all others with it
                self.init_pid = int(said["child-pid"])
                self.init = os.pidfd_open(self.init_pid)
