"""The table of routes."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

from tests.fakes.github.answers import Call, Reply
from tests.fakes.github.shapes import Shapes

Act = Callable[[Call, Shapes], Reply]
_table: list[tuple[str, re.Pattern[str], Act]] = []


def route(method: str, template: str) -> Callable[[Act], Act]:
    """Serve a method and a path; `{name}` is one part of it, `{name+}` may hold slashes."""
    pattern = re.sub(r"\{(\w+)\+\}", r"(?P<\1>.+)", re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))

    def enter(act: Act) -> Act:
        _table.append((method, re.compile(f"^{pattern}$"), act))
        return act

    return enter


def find(method: str, path: str) -> tuple[Act, dict[str, str]] | None:
    """Find who answers a request, and the names in its path; a literal part goes before a name."""
    fits = [
        (act, found) for known, pattern, act in _table if known == method and (found := pattern.match(path))
    ]
    if not fits:
        return None
    act, found = min(fits, key=lambda each: len(each[1].groupdict()))
    return act, {name: unquote(value) for name, value in found.groupdict().items()}
