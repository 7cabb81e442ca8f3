"""The sandbox on bubblewrap: namespaces, an allow-list of mounts, our own seccomp filter, control groups and rlimits.

A host that is root never lends root's uid to what it contains: inside, that uid would own the kernel's settings in
/proc/sys. Such a host starts bwrap as an unprivileged uid of its own, and makes the sources of the mounts reachable
for it in a mount namespace that nobody else sees (see `bwrap.launch`). What a command may write then belongs to that
uid, also afterwards.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fresh.adapters.bwrap import diagnosis, hierarchies
from fresh.adapters.bwrap.alive import Alive
from fresh.adapters.bwrap.arguments import OWN_PROCESSES, limited
from fresh.adapters.bwrap.cgroups import Group
from fresh.adapters.bwrap.ending import judge
from fresh.adapters.bwrap.files import opened
from fresh.adapters.bwrap.gate import behind
from fresh.adapters.bwrap.hierarchies import CPU
from fresh.adapters.bwrap.leftovers import Leftovers
from fresh.adapters.bwrap.orphans import kill_orphans
from fresh.adapters.bwrap.owners import Owner
from fresh.adapters.bwrap.ownership import prepare
from fresh.adapters.bwrap.running import Running
from fresh.adapters.bwrap.staging import launcher, sources
from fresh.adapters.bwrap.watch import Watch
from fresh.errors import SandboxUnavailable
from fresh.ports import Command, Finished, Limits

NOBODY = 65533
PROBE = Limits(wall=30.0)
SLOW = "See whether the machine is overloaded, and whether bwrap is the distribution's own: bwrap --version"

# What the kernel says, in proc_pid_status(5), about a process that is contained.
CONTAINED = {"CapEff": "0" * 16, "CapPrm": "0" * 16, "CapBnd": "0" * 16, "NoNewPrivs": "1", "Seccomp": "2"}


class BwrapSandbox:
    """Run untrusted commands with bubblewrap 0.8 or newer on Linux 5.14 or newer, on x86_64 or aarch64.

    `state` is a directory of the host in which it notes what a killed host would leave behind. `uid` is whom
    commands run as when the host is root, 65533 unless said otherwise; an ordinary user can only run them as itself.
    """

    def __init__(self, state: Path, uid: int | None = None) -> None:
        self._state = state
        self._uid = uid
        self._leftovers = Leftovers(state / "sandbox")
        self._lock = threading.Lock()
        self._alive = Alive()
        self._proven: str | None = None

    def probe(self) -> str:
        """Run a real command inside and believe what the kernel says about it; success is remembered."""
        with self._lock:
            if self._proven is not None:
                return self._proven
        finished = self.run(Command(("/bin/cat", "/proc/self/status"), "/", limits=PROBE))
        reported = dict(line.split(":\t", 1) for line in finished.text.splitlines() if ":\t" in line)
        for key, expected in CONTAINED.items():
            if reported.get(key) != expected:
                raise SandboxUnavailable(
                    f"The sandbox started but does not contain: {key} is {reported.get(key)!r}, not {expected!r}.",
                    hint="Check that /usr/bin/bwrap is the distribution's own: bwrap --version",
                )
        sentence = self._describe()
        with self._lock:
            self._proven = sentence
        return sentence

    def run(self, command: Command) -> Finished:
        """Run one command to its end or its limits; safe to call from many threads at once."""
        started = time.monotonic()
        uid, bwrap = self._unprivileged(), _bwrap()
        hierarchy = hierarchies.find()
        for mount in command.mounts:
            prepare(mount, uid)
        with ExitStack() as stack:
            group = stack.enter_context(self._grouped(hierarchy, command.limits))
            files = stack.enter_context(opened(command, sources(command, uid)))
            gated = behind(limited(command, hierarchy.limits_memory), Owner.current())
            inside = [str(bwrap), "--args", str(files.options), "--", *gated]
            words = [*launcher(command, uid, group, files.streams.status), "--", *inside]
            running = Running(Watch(command, group), command, group)
            with self._alive.registered(running):
                returned = running.run(words, files.status, files.inherited)
            return judge(running, returned, time.monotonic() - started, diagnosis.explain, SLOW)

    def sweep(self) -> int:
        """Kill and remove what hosts left that are dead; a living host's is never touched."""
        return self._leftovers.sweep(hierarchies.find()) + kill_orphans()

    def kill_all(self) -> None:
        """Kill every command that this sandbox has running; each `run` then returns without an exit code."""
        self._alive.kill_all()

    def _describe(self) -> str:
        uid = self._unprivileged()
        who = f"uid {os.geteuid()}" if uid is None else f"uid {uid} instead of root"
        hierarchy = hierarchies.find()
        memory = (
            ""
            if hierarchy.limits_memory
            else "; memory is limited for each process (RLIMIT_AS) and summed up four times a second"
        )
        share = "" if CPU in hierarchy.homes else "; the share of the processors has no limit"
        return f"bubblewrap as {who}, seccomp, no network, rlimits, {hierarchy}{memory}{share}."

    def _unprivileged(self) -> int | None:
        """Say which uid bwrap must be started as; None means the host's own."""
        if os.geteuid() == 0:
            uid = NOBODY if self._uid is None else self._uid
            if uid <= 0:
                raise SandboxUnavailable(
                    f"Untrusted commands must not run as uid {uid}.",
                    hint=f"Use another one, for example {NOBODY}.",
                )
            return uid
        if self._uid not in (None, os.geteuid()):
            raise SandboxUnavailable(
                f"Only root can run commands as uid {self._uid}, and this is uid {os.geteuid()}.",
                hint="Leave the uid out.",
            )
        return None

    @contextmanager
    def _grouped(self, hierarchy: hierarchies.Hierarchy, limits: Limits) -> Iterator[Group | None]:
        if not hierarchy.homes:
            yield None
            return
        owner = Owner.current()
        self._leftovers.note(owner, hierarchy)
        group = Group(hierarchy, owner, limits.memory, limits.processes + OWN_PROCESSES, limits.cores)
        try:
            yield group
        finally:
            group.remove()


def _bwrap() -> Path:
    found = shutil.which("bwrap")
    if found is None:
        raise SandboxUnavailable("bubblewrap is not installed: there is no bwrap.", hint=diagnosis.INSTALL)
    return Path(found).resolve()
