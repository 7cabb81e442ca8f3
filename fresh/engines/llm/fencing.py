"""Text of a repository on its way to a model: it is data, is marked as such, and can't pretend to be anything else."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

LONGEST = 12_000
"""Bytes of one output that a model is shown."""

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
"""What a person does not see and a model reads: zero-width, direction-changing, tag and control characters."""
_MARKS = re.compile(r"[<>`]")
LONGEST_NAME = 300
"""Characters of a file's name."""
_SHOWN_RAW = frozenset({".py", ".pyi", ".toml", ".cfg", ".ini", ".json", ".yaml", ".yml", ".sh", ".c", ".js"})
"""Files in which an HTML comment is nothing that a reader would miss."""


def seen(text: str) -> str:
    """Leave out every character that a person would not see."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n"))


def prose(text: str) -> str:
    """Leave out what a person does not see, HTML comments as well."""
    return _COMMENT.sub("", seen(text))


def readable(path: str, text: str) -> str:
    """Show a file as a person sees it."""
    return seen(text) if PurePosixPath(path).suffix in _SHOWN_RAW else prose(text)


def cut(text: str, longest: int = LONGEST) -> str:
    """Keep the head and the tail of a long text, by its bytes, in whole characters."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= longest:
        return text
    half = longest // 2
    head, tail = raw[:half].decode("utf-8", "ignore"), raw[-half:].decode("utf-8", "ignore")
    return f"{head}\n[... {len(raw) - 2 * half} bytes left out ...]\n{tail}"


def label(name: str) -> str:
    """Put a file's name where words of ours stand: on one line, without a mark that could end or begin a fence."""
    shown = _MARKS.sub("?", " ".join(seen(name).split()))
    return shown if len(shown) <= LONGEST_NAME else f"{shown[: LONGEST_NAME - 1]}…"


def fence(name: str, text: str, longest: int = LONGEST) -> str:
    """Mark text as data. The mark follows from the text itself, so the same text has the same bytes, and the text
    can't hold it."""
    shown = cut(text, longest)
    mark = _mark(shown)
    return f"<data {mark} {label(name)}>\n{shown}\n</data {mark}>"


def _mark(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return next(part for part in (digest[at : at + 8] + digest[:at] for at in range(64)) if part not in text)
