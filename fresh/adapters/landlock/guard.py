"""The program between the host and a command: it contains the command, and ends it when the host dies.

Run as a script by its path, with a bare interpreter (`-I -S`), by root:

    guard.py parent=PID status=FD environment=FD filter=FD uid=UID workdir=DIRECTORY [group=DIRECTORY]...
        [limit=NUMBER:SOFT:HARD]... [show=PATH | try=PATH | use=PATH | own=PATH | lend=PATH]... -- program argument...

What it starts has none of root's rights. The guard keeps them and stays outside of the command's control groups: no
namespace ends what a command leaves running, so somebody must be there to kill it when the host can't any more.

`show` is read, `try` is read where it is there, `use` is a device, `own` is read of the command's own place in /proc,
`lend` is written to. `environment` holds NAME=VALUE with NUL bytes between them, `filter` the seccomp program.

To `status` it writes what bwrap would, one JSON object a line: `child-pid`, then `exit-code`; or one sentence on what
went wrong, with the exit code 125.
"""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Sequence

if __name__ == "__main__":
    here = os.path.abspath(__file__)
    for _ in range(4):
        here = os.path.dirname(here)
    sys.path.append(here)

from fresh.adapters.bwrap.launch import COMPLAINT, FAILED, Failed
from fresh.adapters.landlock import kernel
from fresh.adapters.landlock.walls import Words, contain, values

PATIENCE = 5.0
"""Seconds in which what a command left running must be dead."""


def main(arguments: list[str]) -> None:
    """Run one command to its end, or the host's."""
    end = arguments.index("--")
    words = [(word.partition("=")[0], word.partition("=")[2]) for word in arguments[:end]]
    told = dict(words)
    status = int(told["status"])
    os.set_inheritable(status, False)
    try:
        host = watch(int(told["parent"]))
        child = begin(words, arguments[end + 1 :])
        handle = os.pidfd_open(child)
    except (Failed, OSError) as failed:
        os.write(status, f"{COMPLAINT}{_said(failed)}\n".encode(errors="backslashreplace"))
        sys.exit(FAILED)
    os.write(status, b'{"child-pid": %d}\n' % child)
    close_ends()
    if not outlasts(host, handle):
        kill_groups(values(words, "group"))
        return
    _, ended = os.waitpid(child, 0)
    bury(values(words, "group"))
    code = os.waitstatus_to_exitcode(ended)
    os.write(status, b'{"exit-code": %d}\n' % (code if code >= 0 else 128 - code))


def watch(parent: int) -> int:
    """Open a handle of the host, and outlive it from here on: the launcher had asked to die with it."""
    kernel.outlive_parent()
    kernel.adopt_orphans()
    handle = os.pidfd_open(parent)
    if os.getppid() != parent:
        raise Failed("the host process is gone")
    return handle


def begin(words: Words, program: Sequence[str]) -> int:
    """Start the command; return its pid once it is contained and running. Raises Failed with what it said."""
    reader, writer = os.pipe()
    guard = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            environment = contain(words, guard, writer)
            os.execve(program[0], list(program), environment)
        finally:  # reached by failures alone
            os.write(writer, _said(sys.exc_info()[1]).encode(errors="backslashreplace"))
            os._exit(FAILED)
    os.close(writer)
    with open(reader, "rb") as told:  # it ends when the program replaces us
        said = told.read()
    if said:
        os.waitpid(child, 0)
        raise Failed(said.decode())
    return child


def close_ends() -> None:
    """Let go of the command's input and output, so that their ends are seen."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.close(nothing)


def outlasts(host: int, child: int) -> bool:
    """Wait for the end of one of both; say whether it was the command's."""
    waiting = select.poll()
    waiting.register(host, select.POLLIN)
    waiting.register(child, select.POLLIN)
    while True:
        ended = {number for number, _ in waiting.poll()}
        if child in ended:
            return True
        if host in ended:
            return False


def bury(groups: Sequence[str]) -> None:
    """Kill and reap what the command left running, which became ours; not every machine has an init that reaps."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            from pathlib import Path

            from fresh.adapters.bwrap.cgroups import kill_members

            for group in groups:
                kill_members(Path(group))
            time.sleep(0.001)


def kill_groups(groups: Sequence[str]) -> None:
    """Kill all that the command left and take its groups away, for a host that is dead."""
    from pathlib import Path

    from fresh.adapters.bwrap.cgroups import take_away

    for _ in range(30):
        if all([take_away(Path(group)) for group in groups]):
            return


def _said(failed: BaseException | None) -> str:
    if isinstance(failed, OSError):
        where = f" {failed.filename}" if failed.filename else ""
        return f"{failed.strerror}{where}"
    return str(failed) or repr(failed)


if __name__ == "__main__":
    main(sys.argv[1:])
