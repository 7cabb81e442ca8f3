"""Which of this machine's Pythons an environment is built from."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from fresh.errors import Refusal

OLDEST, NEWEST = 8, 19


def choose_base(requires: str) -> tuple[Path, str]:
    """Choose the interpreter, and its version like 3.11: our own when the project allows it, else the newest on PATH.

    Raises Refusal when none fits.
    """
    ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
    try:
        allowed = SpecifierSet(requires)
    except InvalidSpecifier:
        allowed = SpecifierSet()
    if _fits(ours, allowed):
        return _own_base(), ours
    for minor in range(NEWEST, OLDEST - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found is not None and _fits(f"3.{minor}", allowed):
            return Path(found).resolve(), f"3.{minor}"
    raise Refusal(
        f"The repository needs Python {requires}, and this machine has only {ours}.",
        hint="Install one that fits, or give --python an interpreter that has its dependencies.",
    )


def _fits(version: str, allowed: SpecifierSet) -> bool:
    """Ask for a late patch release, because `>=3.9.2` does not shut out 3.9."""
    return allowed.contains(f"{version}.99", prereleases=True)


def _own_base() -> Path:
    base = vars(sys).get("_base_executable") or sys.executable
    return Path(os.path.realpath(str(base)))
