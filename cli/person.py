"""Who types: the name under which a decision or a stop request is recorded."""

from __future__ import annotations

import getpass
from pathlib import Path

from cli.asking_git import ask_git
from fresh.domain.quoting import line

LONGEST = 80


def who_types(repository: Path) -> str:
    """Name the operator: git's user.name, else the login name."""
    name = line(ask_git(repository, "config", "--get", "user.name") or "")
    return (name or _login())[:LONGEST]


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"
