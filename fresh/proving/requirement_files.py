"""Requirement files as pip reads them, without their options: a repository never chooses where packages come from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

_FILE = re.compile(r"([\w.-]*[-_])?requirements?([-_.][\w.-]*)?\.txt")
_FOLDERS = frozenset({"", "requirements", "reqs", "tests", "test", "dev"})
_OTHER_PURPOSE = re.compile(r"doc|lint|release|deploy|prod|notebook|example|bench|constraint", re.IGNORECASE)


def is_requirement_file(path: str) -> bool:
    """Say whether a file lists what the code or its tests need."""
    place = PurePosixPath(path)
    folder = "" if str(place.parent) == "." else str(place.parent)
    if folder not in _FOLDERS or _OTHER_PURPOSE.search(place.name):
        return False
    return _FILE.fullmatch(place.name) is not None or (
        folder in ("requirements", "reqs") and place.suffix == ".txt"
    )


def requirement_lines(
    path: str, texts: Mapping[str, str], above: frozenset[str] = frozenset()
) -> Iterator[str]:
    """List the requirements of a file and of the files that it includes; URLs and editable ones come out as they are.

    Options such as `--index-url` are dropped, and so are hashes: what is installed is what pip's own configuration
    trusts.
    """
    if path in above or path not in texts:
        return
    for line in re.sub(r"\\\r?\n", " ", texts[path]).splitlines():
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        text = re.split(r"\s--(?:hash|config-settings|global-option)\b", text)[0].strip()
        included = re.fullmatch(r"(?:-r|--requirement)[\s=]*(\S+)", text)
        if included:
            yield from requirement_lines(_beside(path, included[1]), texts, above | {path})
        elif re.match(r"(-e|--editable)\b", text):
            yield from () if re.search(r"\s\.(\[[\w,]*\])?$", text) else (text,)
        elif text and not text.startswith("-") and not re.fullmatch(r"\.(\[[\w,]*\])?", text):
            yield text


def _beside(path: str, other: str) -> str:
    parts: list[str] = []
    for part in (*PurePosixPath(path).parent.parts, *PurePosixPath(other).parts):
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
