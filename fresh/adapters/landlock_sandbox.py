"""The sandbox on Landlock, for machines where bubblewrap can't run: chosen by name, never fallen back to, and weaker.

Landlock refuses files and signals, a seccomp filter sockets and what else namespaces would have hidden, an unprivileged
uid the rest; control groups limit and end a command, because no namespace does. Nothing is mounted: a command's words
are changed to name the real places of what it is shown (see `landlock.moving`).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fresh.adapters.bwrap import hierarchies, seccomp
from fresh.adapters.bwrap.alive import Alive
from fresh.adapters.bwrap.ending import judge
from fresh.adapters.bwrap.files import held
from fresh.adapters.bwrap.gate import behind
from fresh.adapters.bwrap.hierarchies import CPU, Hierarchy
from fresh.adapters.bwrap.leftovers import Leftovers
from fresh.adapters.bwrap.owners import Owner
from fresh.adapters.bwrap.ownership import prepare
from fresh.adapters.bwrap.running import Running
from fresh.adapters.bwrap.staging import launcher
from fresh.adapters.bwrap.watch import Watch
from fresh.adapters.landlock import diagnosis, kernel, room
from fresh.adapters.landlock.alternates import borrowed
from fresh.adapters.landlock.canaries import inquiry, judge_answer
from fresh.adapters.landlock.herd import Herd
from fresh.adapters.landlock.moving import moved
from fresh.adapters.landlock.nesting import linked
from fresh.adapters.landlock.telling import variables, words
from fresh.adapters.landlock.venvs import put_back
from fresh.ports import Command, Finished, Limits

NOBODY = 65533
WEAKER = (
    "chosen by FRESH_SANDBOX=landlock and weaker than bubblewrap: without namespaces a command sees names and attributes "
    "of the host's files, may change modes and times of other agents' files, and gets no sockets (not even loopback), "
    "terminals or shared memory"
)


class LandlockSandbox:
    """Run untrusted commands as an unprivileged uid, on Linux 6.7 or newer, from a host that is root.

    `state` is the state directory: in it a killed host's groups are noted, and its closed directories are opened for
    `uid` (65533 unless said otherwise) to pass through.
    """

    def __init__(self, state: Path, uid: int | None = None) -> None:
        self._state = state.absolute()
        self._uid = NOBODY if uid is None else uid
        self._leftovers = Leftovers(state / "sandbox")
        self._lock = threading.Lock()
        self._alive = Alive()
        self._proven: str | None = None

    def probe(self) -> str:
        """Run a real command inside and believe what the kernel says about it; success is remembered."""
        with self._lock:
            if self._proven is not None:
                return self._proven
        with inquiry() as command:
            judge_answer(self.run(command))
        sentence = self._describe(kernel.abi(), hierarchies.find())
        with self._lock:
            self._proven = sentence
        return sentence

    def run(self, command: Command) -> Finished:
        """Run one command to its end or its limits; safe to call from many threads at once."""
        started = time.monotonic()
        hierarchy = self._demand()
        with ExitStack() as stack:
            inner = moved(command, stack.enter_context(room.scratch(self._uid)))
            for mount in inner.mounts:
                prepare(mount, self._uid)
                room.open_way(mount.source, self._state, self._uid)
            stack.enter_context(linked(command.mounts))
            stack.enter_context(borrowed(command.mounts))
            group = stack.enter_context(self._grouped(hierarchy, command.limits))
            reader, writer = os.pipe()
            stack.callback(os.close, reader)
            written = stack.enter_context(os.fdopen(writer, "wb"))
            environment = stack.enter_context(held(variables(inner)))
            barrier = stack.enter_context(held(seccomp.program(sharing=True)))
            streams = {"status": writer, "environment": environment, "filter": barrier}
            guarded = [*words(inner, self._uid, group, streams), *behind(list(inner.argv), Owner.current())]
            running = Running(Watch(inner, group), inner, group)
            with self._alive.registered(running):
                told = [*launcher(inner, None, None, writer), "--", *guarded]
                returned = running.run(told, (reader, written), (environment, barrier))
            put_back(command.mounts)
            return judge(running, returned, time.monotonic() - started, diagnosis.explain, diagnosis.SLOW)

    def sweep(self) -> int:
        """Kill and remove what hosts left that are dead; a living host's is never touched."""
        return self._leftovers.sweep(hierarchies.find()) + room.sweep(self._uid)

    def kill_all(self) -> None:
        """Kill every command that this sandbox has running; each `run` then returns without an exit code."""
        self._alive.kill_all()

    def _demand(self) -> Hierarchy:
        """Find where groups are made. Raises SandboxUnavailable where this form would not hold."""
        diagnosis.demand_kernel(kernel.abi())
        diagnosis.demand_root(self._uid, os.geteuid())
        hierarchy = hierarchies.find()
        diagnosis.demand_groups(hierarchy)
        return hierarchy

    def _describe(self, version: int, hierarchy: Hierarchy) -> str:
        share = "" if CPU in hierarchy.homes else "; the share of the processors has no limit"
        signals = "" if version >= kernel.SCOPES else "; commands of other agents can be sent signals"
        return (
            f"Landlock (ABI {version}) as uid {self._uid} instead of root, seccomp, no network, rlimits, {hierarchy}; "
            f"{WEAKER}{signals}{share}."
        )

    @contextmanager
    def _grouped(self, hierarchy: Hierarchy, limits: Limits) -> Iterator[Herd]:
        owner = Owner.current()
        self._leftovers.note(owner, hierarchy)
        group = Herd(hierarchy, owner, limits.memory, limits.processes, limits.cores)
        try:
            yield group
        finally:
            group.remove()
