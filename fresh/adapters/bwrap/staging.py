"""Where bwrap finds what a command is shown, and how the launcher is told to put it there."""

from __future__ import annotations

import os
from pathlib import Path

from fresh.adapters.bwrap.cgroups import Group
from fresh.adapters.bwrap.diagnosis import ORDINARY_USER
from fresh.errors import SandboxUnavailable
from fresh.ports import Command

STAGE = Path("/run/fresh-sandbox")


def sources(command: Command, uid: int | None) -> list[Path]:
    """Say where bwrap finds the source of each mount: where it is, or, when it is started as `uid`, on the stage."""
    if uid is None:
        return [mount.source.absolute() for mount in command.mounts]
    return [STAGE / str(place) for place in range(len(command.mounts))]


def launcher(command: Command, uid: int | None, group: Group | None, status: int) -> list[str]:
    """Write what the launcher is told, up to what it shall become."""
    words = [f"parent={os.getpid()}", f"status={status}"]
    words += [f"group={directory}" for directory in (group.directories if group else ())]
    if uid is None:
        return words
    _set_up_stage()
    shown = [f"{'lend' if mount.writable else 'show'}={mount.source.absolute()}" for mount in command.mounts]
    return [*words, f"uid={uid}", f"stage={STAGE}", *shown]


def _set_up_stage() -> None:
    """Make the directory that every launch mounts its own stage on; for everyone else it stays empty."""
    try:
        STAGE.mkdir(mode=0o711, exist_ok=True)
    except OSError as failed:
        raise SandboxUnavailable(f"Could not make {STAGE}: {failed}.", hint=ORDINARY_USER) from failed
