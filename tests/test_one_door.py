"""Decisions and stops have one way in: whoever goes around it would decide without rules and without a trace."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("fresh", "tasks", "flows", "cli", "bot", "deployments")
AROUND = re.compile(r"journal\)?\.(decide|answer|request_stop)\(")


def test_nobody_but_deciding_decides_or_stops_in_the_journal() -> None:
    found = {
        str(file.relative_to(ROOT))
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        if AROUND.search(file.read_text())
    }
    assert found == {"fresh/deciding.py"}
