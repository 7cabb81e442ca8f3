"""Who types: the name under which a decision or a stop request is recorded."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING

from cli.asking_git import ask_git
from fresh.domain.quoting import line

if TYPE_CHECKING:
    from fresh.domain.people import Actor

LONGEST = 80


def who_types(repository: Path) -> str:
    """Name the operator: git's user.name, else the login name."""
    name = line(ask_git(repository, "config", "--get", "user.name") or "")
    return (name or _login())[:LONGEST]


def typist(repository: Path) -> Actor:
    """Say who types: by the name of the login, which this machine vouches for, and the name that they go by."""
    from fresh.domain.people import Actor, Door

    return Actor(door=Door.TERMINAL, id=_login(), name=who_types(repository))


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"
