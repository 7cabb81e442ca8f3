"""One watched part of the resident set: a process that is started, judged, and started again with a growing pause."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deployments.resident.record import Health, Part
from fresh.adapters.processes import machine_name, start_ticks
from fresh.domain.host import Host

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
PROVEN = 60.0
"""Seconds of health after which earlier deaths count no more."""

SILENCE = 60.0
"""Seconds without a beat after which a part that lives is given up; its first beat may take twice as long."""

LOG_LIMIT = 10 << 20


@dataclass
class Child:
    """A process with a beat: it touches the file `<name>.beat` for as long as it does its work."""

    name: str
    argv: Sequence[str]
    folder: Path
    cwd: Path
    environment: Mapping[str, str]
    ask: signal.Signals = signal.SIGINT
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    retry_at: float = 0.0
    deaths: int = 0
    restarts: int = 0
    reason: str = ""
    _host: Host | None = field(default=None)

    @property
    def beat(self) -> Path:
        """The file whose time is the last sign of life."""
        return self.folder / f"{self.name}.beat"

    def tend(self, now: float) -> Part:
        """Start it when it is due, notice when it died or fell silent; `now` is of time.monotonic()."""
        if self.process is None:
            if now >= self.retry_at:
                self._start(now)
        elif (code := self.process.poll()) is not None:
            self._bury(now, f"it ended with {_ending(code)}")
        elif (silent := self._silent_for(now)) is not None:
            self._kill()
            self._bury(now, f"it was silent for {silent:.0f} s")
        elif self.deaths and self._has_beaten and now - self.started > PROVEN:
            self.deaths = 0
        return Part(
            name=self.name, health=self._health(), host=self._host, reason=self.reason, restarts=self.restarts
        )

    def ask_to_end(self) -> None:
        """Ask it to end, and whatever else is in its session."""
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, self.ask)

    def await_end(self, patience: float) -> None:
        """Wait until it has ended, and kill it after `patience` seconds."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, patience))
        except subprocess.TimeoutExpired:
            self._kill()
        self.process = None

    @property
    def _has_beaten(self) -> bool:
        try:
            return self.beat.stat().st_mtime >= self._began
        except OSError:
            return False

    _began: float = 0.0

    def _health(self) -> Health:
        if self.process is None:
            return Health.WAITING
        return Health.HEALTHY if self._has_beaten else Health.STARTING

    def _silent_for(self, now: float) -> float | None:
        if not self._has_beaten:
            waited = now - self.started
            return waited if waited > 2 * SILENCE else None
        silent = time.time() - self.beat.stat().st_mtime
        return silent if silent > SILENCE else None

    def _start(self, now: float) -> None:
        log = self.folder / f"{self.name}.log"
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            os.replace(log, log.with_suffix(".log.1"))
        self.beat.unlink(missing_ok=True)
        self._began = time.time()
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                list(self.argv),
                cwd=self.cwd,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started = now
        started = start_ticks(self.process.pid)
        self._host = (
            Host(machine=machine_name(), pid=self.process.pid, start=started) if started is not None else None
        )

    def _bury(self, now: float, reason: str) -> None:
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**self.deaths)
        self.reason = f"{reason}; see {self.folder / self.name}.log"
        self.deaths += 1
        self.restarts += 1
        self.retry_at = now + pause
        self.process, self._host = None, None

    def _kill(self) -> None:
        if self.process is None:
            return
        try:
            self.process.kill()
        except ProcessLookupError:
            return
        self.process.wait()


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
