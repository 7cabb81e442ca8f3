"""One command while it runs: its output, its limits in time and space, and its end."""

from __future__ import annotations

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
from fresh.adapters.bwrap.disk import DiskWatch
from fresh.adapters.bwrap.output import Output
from fresh.adapters.bwrap.reports import Reports
from fresh.domain.evidence import RunEnd
from fresh.errors import SandboxUnavailable
from fresh.ports import Limits

GLANCE = 0.25
BURIAL = 20.0
CHUNK = 1 << 16


class Running:
    """Start a program, watch it, and return only when nothing of it is left.

    `kill` may be called from any thread, also before the start.
    """

    def __init__(self, limits: Limits, watch: DiskWatch, group: Group | None) -> None:
        self._limits = limits
        self._watch = watch
        self._group = group
        self._output = Output(limits.output)
        self._reports = Reports()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._killed = False
        self._broken: RunEnd | None = None

    @property
    def killed(self) -> bool:
        """Whether we ended it."""
        return self._killed

    @property
    def broken(self) -> RunEnd | None:
        """The limit that ended it."""
        return self._broken

    @property
    def output(self) -> Output:
        """What it printed."""
        return self._output

    @property
    def reports(self) -> Reports:
        """What bwrap said about it."""
        return self._reports

    def kill(self) -> None:
        """End it and everything that it started; its start, when that is still to come, will not happen."""
        with self._lock:
            self._killed = True
            if self._process is not None:
                self._process.kill()
            if self._group is not None:
                self._group.kill()
            if self._reports.init is not None:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._reports.init, signal.SIGKILL)

    def run(
        self, words: Sequence[str], stdin: int, status: tuple[int, IO[bytes]], inherited: Sequence[int]
    ) -> int | None:
        """Run to the end and return how the launched process itself ended; None when it was killed before its start.

        `status` is the pipe for reports; its writing end is closed here as soon as the process has it.
        """
        reader, writer = status
        deadline = time.monotonic() + self._limits.wall
        with self._lock:
            if self._killed:
                return None
            self._process = process = subprocess.Popen(
                words,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(*inherited, writer.fileno()),
                cwd="/",
                env={},
                start_new_session=True,
            )
        writer.close()
        assert process.stdout is not None
        try:
            self._watch_over(process, process.stdout, reader, deadline)
        finally:
            self._bury(process, process.stdout, reader)
        return process.returncode

    def _watch_over(
        self, process: subprocess.Popen[bytes], stdout: IO[bytes], reader: int, deadline: float
    ) -> None:
        """Take in what is printed and reported until the process ends, and kill it at its limits."""
        ended = os.pidfd_open(process.pid)
        next_glance = time.monotonic() + GLANCE
        try:
            with selectors.DefaultSelector() as selector:
                for source in (stdout.fileno(), reader, ended):
                    selector.register(source, selectors.EVENT_READ)
                while True:
                    now = time.monotonic()
                    ready = [key.fd for key, _ in selector.select(max(min(deadline, next_glance) - now, 0))]
                    for source in ready:
                        if source != ended and not self._take_in(source, stdout.fileno()):
                            selector.unregister(source)
                    if ended in ready:
                        return
                    now = time.monotonic()
                    if now >= min(deadline, next_glance):
                        next_glance = now + GLANCE
                        if self._over(now >= deadline):
                            deadline = float("inf")
                            self.kill()
        finally:
            os.close(ended)

    def _over(self, late: bool) -> bool:
        """Say whether a limit is crossed that only the host can see; the first one crossed is the reason."""
        if self._broken is None:
            if self._group is not None and self._group.out_of_memory:
                self._broken = RunEnd.OOM
            elif late:
                self._broken = RunEnd.TIMEOUT
            elif self._watch.exceeded():
                self._broken = RunEnd.DISK
        return self._broken is not None

    def _take_in(self, source: int, stdout: int) -> bool:
        """Read one piece; False at the end."""
        piece = os.read(source, CHUNK)
        if source == stdout:
            self._output.add(piece)
        elif piece:
            with self._lock:
                self._reports.add(piece)
        return bool(piece)

    def _bury(self, process: subprocess.Popen[bytes], stdout: IO[bytes], reader: int) -> None:
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
            if self._killed and self._group is not None:
                self._group.kill()
            if not self._drain(stdout.fileno(), stdout.fileno(), BURIAL):
                raise SandboxUnavailable(
                    f"A command in the sandbox ended and its output stayed open for {BURIAL:.0f} s.",
                    hint="See what hangs: ps -ef | grep bwrap",
                )
            if self._broken is None and self._group is not None and self._group.out_of_memory:
                self._broken = RunEnd.OOM
        finally:
            stdout.close()
            with self._lock:
                self._process = None
                self._reports.close()

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
        init = self._reports.init
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
