"""One command while it runs: its output, its limits in time and space, and its end."""

from __future__ import annotations

import errno
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

from fresh.adapters.bwrap.cgroups import Group
from fresh.adapters.bwrap.gate import Feed, is_ready
from fresh.adapters.bwrap.output import Output
from fresh.adapters.bwrap.reports import Reports
from fresh.adapters.bwrap.spares import MOST, SPARES, program, start
from fresh.adapters.bwrap.watch import Watch
from fresh.errors import Refusal, SandboxUnavailable
from fresh.ports import Command

BURIAL = 20.0
KNOCK = 0.001
CHUNK = 1 << 16


class Running:
    """Start a program, watch it, and return only when nothing of it is left.

    `output` is what it printed, `reports` what bwrap said about it, `started` whether
    the gate was opened for it, `killed` whether we ended it. `kill` may be called
    from any thread, also before the start.
    """

    def __init__(self, watch: Watch, command: Command, group: Group | None) -> None:
        self.watch = watch
        self.output = Output(command.limits.output)
        self.reports = Reports()
        self.started = False
        self.killed = False
        self._feed = Feed(command.stdin)
        self._group = group
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def kill(self) -> None:
        """End it and everything that it started; its start, when that is still to come, will not happen."""
        with self._lock:
            self.killed = True
            if self._process is not None:
                self._process.kill()
            if self._group is not None:
                self._group.kill()
            if self.reports.init is not None:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self.reports.init, signal.SIGKILL)

    def run(
        self, words: Sequence[str], status: tuple[int, IO[bytes]], inherited: Sequence[int]
    ) -> int | None:
        """Run to the end and return how the launched process itself ended; None when it was killed before its start.

        `status` is the pipe for reports; its writing end is closed here as soon as the process has it.
        """
        reader, writer = status
        with self._lock:
            if self.killed:
                return None
            self._process = process = _start(words, (*inherited, writer.fileno()))
        writer.close()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            self._attend(process, process.stdin, process.stdout.fileno(), reader)
        finally:
            self._bury(process, process.stdin, process.stdout, reader)
        return process.returncode

    def _attend(self, process: subprocess.Popen[bytes], stdin: IO[bytes], stdout: int, reader: int) -> None:
        """Open the gate, pass on what goes in and out until the process ends, and kill it at its limits."""
        ended = os.pidfd_open(process.pid)
        gate = stdin.fileno()
        os.set_blocking(gate, False)
        try:
            with selectors.DefaultSelector() as selector:
                for source in (stdout, reader, ended):
                    selector.register(source, selectors.EVENT_READ)
                while True:
                    waiting = self.reports.init_pid is not None and not self.started
                    ready = [key.fd for key, _ in selector.select(KNOCK if waiting else self.watch.pause)]
                    if ended in ready:
                        return
                    for end in ready:
                        if end == gate:
                            if not self._feed.write(end):
                                selector.unregister(end)
                                stdin.close()
                        elif not self._take_in(end, stdout):
                            selector.unregister(end)
                    if not self.started and self.reports.init_pid and is_ready(self.reports.init_pid):
                        self.started = True
                        selector.register(gate, selectors.EVENT_WRITE)
                    if self.watch.glance(self.reports.init_pid):
                        self.kill()
        finally:
            os.close(ended)

    def _take_in(self, source: int, stdout: int) -> bool:
        """Read one piece; False at the end."""
        piece = os.read(source, CHUNK)
        if source == stdout:
            self.output.add(piece)
        elif piece:
            with self._lock:
                self.reports.add(piece)
        return bool(piece)

    def _bury(
        self, process: subprocess.Popen[bytes], stdin: IO[bytes], stdout: IO[bytes], reader: int
    ) -> None:
        """See that everything has ended, and take in the last that it said.

        bwrap ends with the command. What the command left running in the background dies right after, with the pid
        namespace; only then is the tree at rest and the output complete.
        """
        try:
            if process.poll() is None:
                self.kill()
            process.wait()
            self._drain(reader, stdout.fileno(), patience=0)  # bwrap wrote it all before it ended
            self._await_init()
            if self._group is not None and (self.killed or self._group.holds_all):
                self._group.kill()
            if not self._drain(stdout.fileno(), stdout.fileno(), BURIAL):
                raise SandboxUnavailable(
                    f"A command in the sandbox ended and its output stayed open for {BURIAL:.0f} s.",
                    hint="See what hangs: ps -ef | grep bwrap",
                )
            self.watch.glance_at_memory(self.reports.init_pid)
        finally:
            stdin.close()
            stdout.close()
            with self._lock:
                self._process = None
                self.reports.close()

    def _drain(self, source: int, stdout: int, patience: float) -> bool:
        """Read what is there, and wait for more for as long as `patience` says; whether the end was reached."""
        deadline = time.monotonic() + patience
        with selectors.DefaultSelector() as selector:
            selector.register(source, selectors.EVENT_READ)
            while selector.select(max(deadline - time.monotonic(), 0)):
                if not self._take_in(source, stdout):
                    return True
        return False

    def _await_init(self) -> None:
        """Wait until the pid namespace is empty; its init ends last, in the kernel."""
        init = self.reports.init
        if init is None:
            return
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(init, signal.SIGKILL)
        with selectors.DefaultSelector() as selector:
            selector.register(init, selectors.EVENT_READ)
            if not selector.select(BURIAL):
                raise SandboxUnavailable(
                    f"A command in the sandbox was killed and did not end within {BURIAL:.0f} s.",
                    hint="A process that hangs in the kernel survives even SIGKILL: look at the disk and at dmesg.",
                )
        # When the host is the init of its container, the orphan became its child.
        with suppress(ChildProcessError):
            os.waitid(os.P_PIDFD, init, os.WEXITED | os.WNOHANG)


def _start(words: Sequence[str], inherited: Sequence[int]) -> subprocess.Popen[bytes]:
    """Have the waiting launcher do it, or start one. `words` are what a launcher is told."""
    size = sum(len(os.fsencode(word)) for word in words)
    spare = SPARES.take() if size <= MOST else None
    if spare is not None:
        try:
            spare.go(words, inherited)
        except OSError:  # it is gone, and has begun nothing: it does so when it has heard the last word
            spare.discard()
        else:
            return spare.process
    try:
        return start([*program(), *words], inherited)
    except OSError as failed:
        if failed.errno == errno.E2BIG:
            raise Refusal(
                f"The command line is too long: {size} bytes.", hint="Use standard input."
            ) from failed
        raise SandboxUnavailable(
            f"A command could not be started in the sandbox: {failed.strerror}.",
            hint="See whether the machine has processes, memory and open files left: ulimit -a; free -m",
        ) from failed
