"""Search text files below the current directory; runs in the sandbox, on whatever Python the repository has."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import sys
from collections.abc import Iterator

SKIPPED = {
    ".git",
    "__pycache__",
    ".venv",
    "venv",
    "node_modules",
    ".tox",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
}
LONGEST_FILE = 1 << 20
LONGEST_LINE = 240


def files(glob: str) -> Iterator[str]:
    """List what a glob means, by whole path or by name."""
    for folder, folders, names in os.walk("."):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), ".").replace(os.sep, "/")
            if fnmatch.fnmatch(path, glob) or fnmatch.fnmatch(name, glob):
                yield path


def text_of(path: str) -> str | None:
    """Read a text file; None for anything else."""
    if os.path.islink(path) or not os.path.isfile(path) or os.path.getsize(path) > LONGEST_FILE:
        return None
    with open(path, "rb") as source:
        content = source.read()
    return None if b"\0" in content else content.decode("utf-8", "replace")


def main() -> None:
    """Print each hit, then how many there are."""
    asked = json.loads(sys.stdin.read())
    try:
        pattern = re.compile(asked["pattern"])
    except re.error as bad:
        print(f"! {bad}")
        return
    found = 0
    for path in files(asked["glob"]):
        text = text_of(path)
        for number, row in enumerate((text or "").splitlines(), 1):
            if pattern.search(row):
                found += 1
                if found <= asked["most"]:
                    print(f"{path}:{number}: {row.strip()[:LONGEST_LINE]}")
    print(f"= {found}")


main()
