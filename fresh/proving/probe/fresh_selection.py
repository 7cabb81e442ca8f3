"""Which tests were asked for: paths of files or folders, or test ids."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence


def asked() -> list[str]:
    """Read the selection; empty means every test."""
    return [str(one) for one in json.loads(os.environ.get("FRESH_SELECTION", "[]"))]


def wants(test_id: str, selection: Sequence[str]) -> bool:
    """Say whether a test is selected by its id, by its parametrized function or class, or by its file or folder."""
    path = test_id.partition("::")[0]
    for one in selection:
        if test_id == one or test_id.startswith((one + "::", one + "[")):
            return True
        if "::" not in one and (path == one or path.startswith(one.rstrip("/") + "/")):
            return True
    return not selection


def places(selection: Sequence[str]) -> list[str]:
    """List the files and folders of a selection that exist, each once."""
    found: list[str] = []
    for one in selection:
        place = one.partition("::")[0]
        if place not in found and os.path.exists(place):
            found.append(place)
    return found
