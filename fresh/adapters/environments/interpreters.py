"""Which of this machine's Pythons an environment is built from."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from fresh.adapters.environments.layout import Layout, NoPython, lay_out
from fresh.errors import Refusal

OLDEST, NEWEST = 8, 19


def choose_base(requires: str) -> tuple[Layout, str]:
    """Choose the interpreter, and its version like 3.11: our own when the project allows it, else the newest there is.

    Raises Refusal when none fits.
    """
    ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
    try:
        allowed = SpecifierSet(requires)
    except InvalidSpecifier:
        allowed = SpecifierSet()
    if _fits(ours, allowed):
        return lay_out(_own_base()), ours
    for version in (f"3.{minor}" for minor in range(NEWEST, OLDEST - 1, -1)):
        for python in _installed(version) if _fits(version, allowed) else ():
            try:
                return lay_out(python), version
            except NoPython:
                continue  # a shim of pyenv, for one, is a script
    raise Refusal(
        f"The repository needs Python {requires}, and this machine has none that fits; ours is {ours}.",
        hint="Install one that fits, or give --python an interpreter that has its dependencies.",
    )


def _installed(version: str) -> Iterator[Path]:
    """List interpreters of a version: on PATH, and beside our own, where pyenv and uv put them."""
    found = shutil.which(f"python{version}")
    if found is not None:
        yield Path(found).resolve()
    yield from sorted(_own_base().parent.parent.parent.glob(f"*{version}.*/bin/python{version}"))


def _fits(version: str, allowed: SpecifierSet) -> bool:
    """Ask for a late patch release, because `>=3.9.2` does not shut out 3.9."""
    return allowed.contains(f"{version}.99", prereleases=True)


def _own_base() -> Path:
    base = vars(sys).get("_base_executable") or sys.executable
    return Path(os.path.realpath(str(base)))
