"""The end of a host that was asked to stop by force and does not: its process is killed, and the server that it owns."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from fresh.adapters.prefect_server.server import kill_server_of
from fresh.adapters.processes import machine_name, start_ticks
from fresh.domain.record import Claim
from fresh.errors import Refusal

FORCED_AFTER = 8.0
"""Seconds that a host gets to kill everything itself; the promise is that all is dead within ten."""


def kill_host(claim: Claim, home: Path) -> None:
    """Kill the process of a claim, and the server in `home` that would take seconds to end with it. Raises Refusal."""
    _kill(claim)
    kill_server_of(claim.host, home / "prefect")


def _kill(claim: Claim) -> None:
    """Kill the process of a claim, and no other one: a reused pid differs in its start. Raises Refusal."""
    host = claim.host
    if host.machine != machine_name():
        raise Refusal(
            f"Run {claim.run_id} is hosted by process {host.pid} on {host.machine}, which can't be killed from here.",
            hint=f"On that machine: kill -9 {host.pid}",
        )
    try:
        process = os.pidfd_open(host.pid)
    except ProcessLookupError:
        return
    try:
        if start_ticks(host.pid) == host.start:
            signal.pidfd_send_signal(process, signal.SIGKILL)
    except ProcessLookupError:
        return
    except PermissionError as denied:
        raise Refusal(
            f"Process {host.pid} of run {claim.run_id} belongs to somebody else.",
            hint=f"sudo kill -9 {host.pid}",
        ) from denied
    finally:
        os.close(process)
