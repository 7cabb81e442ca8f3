"""The gate before a command: it opens only once the command would die with its host.

bwrap's init asks the kernel to die with its parent late, just before it starts the command. A host that is killed
earlier would leave a sandbox that goes on, and runs the command with nobody to end it. So inside, a shell first reads
a word from its standard input; the host writes that word when it sees that the init is ready, and a host that dies
before closes the pipe. What follows the word is the command's own standard input.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from fresh.adapters.bwrap.owners import Owner

WORD = "go"
SHELL = "/bin/sh"
# The shell takes single bytes from a pipe, so nothing after the line is lost to the command.
SCRIPT = f'read -r word && [ "$word" = {WORD} ] && exec "$@"'

MARK = "fresh-sandbox-of-"

PROC = Path("/proc")


def behind(words: list[str], owner: Owner) -> list[str]:
    """Put a command behind the gate, and mark all that leads there with the host that it belongs to."""
    return [SHELL, "-c", SCRIPT, f"{MARK}{owner}", *words]


def is_ready(init: int, proc: Path = PROC) -> bool:
    """Whether the sandbox's init has passed the point after which it dies with bwrap, and bwrap with the host.

    It loads the sandbox's filter right after; from then on it has one filter more than the host.
    """
    return _filters(str(init), proc) > _filters("self", proc)


def _filters(pid: str, proc: Path) -> int:
    try:
        status = (proc / pid / "status").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(r"^Seccomp_filters:\s+(\d+)$", status, re.MULTILINE)
    return int(found[1]) if found else 0


class Feed:
    """Write the word and the command's standard input, as fast as they are read."""

    def __init__(self, content: bytes) -> None:
        self._left = memoryview(f"{WORD}\n".encode() + content)

    def write(self, pipe: int) -> bool:
        """Write what the pipe takes now; False when there is no more to write, or nobody to read."""
        try:
            self._left = self._left[os.write(pipe, self._left) :]
        except BlockingIOError:
            return True
        except BrokenPipeError:
            return False
        return bool(self._left)
