"""Files of a tree that inform: what can't be read says nothing."""

from __future__ import annotations

from fresh.errors import TreeRefused
from fresh.ports import Bench


def text_of(bench: Bench, path: str) -> str:
    """Read a file; nothing of one that is missing, a link, or not UTF-8."""
    try:
        return bench.read(path)
    except (KeyError, UnicodeDecodeError, TreeRefused):
        return ""
