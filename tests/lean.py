"""An interpreter with pytest and coverage and nothing else, for what runs a target's tests."""

from __future__ import annotations

import fcntl
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WANTED = ("pytest", "coverage")


@cache
def lean_python() -> str:
    """Make it beside our own environment once; tests that run under ours wait for its many plugins each time."""
    place = Path(sys.prefix) / "lean"
    python, ready = place / "bin/python", place / "ready"
    lock = (ROOT / "requirements.lock").read_text()
    pins = [pin for pin in re.findall(r"(?m)^[\w.-]+==\S+$", lock) if pin.partition("==")[0] in WANTED]
    with (Path(sys.prefix) / "lean.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not ready.exists() or ready.read_text() != "\n".join(pins):
            base = Path(sys.base_prefix) / "bin/python3"
            subprocess.run([base, "-m", "venv", "--clear", place], check=True)
            pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pins]
            subprocess.run(pip, check=True)
            ready.write_text("\n".join(pins))
    return str(python)
