"""A command as it can run without mounts: its words name the real places of what it is shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fresh.adapters.bwrap.arguments import ENVIRONMENT
from fresh.adapters.landlock.editables import import_roots
from fresh.adapters.landlock.paths import Moves
from fresh.adapters.landlock.venvs import lend_scripts
from fresh.ports import Command, Mount

TMP = "/tmp"


def moved(command: Command, scratch: Path) -> Command:
    """Change arguments, workdir and environment, and add `scratch`, a directory, in the place of /tmp.

    Raises SandboxUnavailable for sources whose names could not stand in the words of a shell.
    """
    mounts = (Mount(scratch, TMP, writable=True), *command.mounts)
    moves = Moves.of(mounts)
    variables = {**ENVIRONMENT, **command.environment}
    environment = {name: moves(value) for name, value in variables.items()}
    scripts = lend_scripts(command.mounts, moves, scratch)
    search = environment["PATH"].split(":")
    environment["PATH"] = ":".join(scripts.get(place, place) for place in search)
    roots = import_roots(command.mounts, moves)
    if roots:
        first = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = ":".join((*((first,) if first else ()), *roots))
    return replace(
        command,
        argv=tuple(moves(word) for word in command.argv),
        workdir=moves(command.workdir),
        mounts=mounts,
        environment=environment,
    )
