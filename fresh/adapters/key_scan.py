"""Keys and passwords in added lines, found by detect-secrets: by the shapes of many vendors, by names, by entropy.

Its plugins are asked directly. Its own scan would obey `pragma: allowlist secret` in the lines, which an agent could
write there, and it may ask vendors over the network whether a key is alive.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from detect_secrets.plugins.base import BasePlugin

# An address is no secret.
LEFT_OUT = frozenset({"IPPublicDetector"})
WINDOW, OVERLAP = 4000, 400
LONGEST = 4 << 20
"""Characters. What is longer is not scanned, and said."""

_loading = threading.Lock()


def find_keys(path: str, lines: Sequence[str]) -> tuple[str, ...]:
    """Name the kinds of secrets that the lines added to a file seem to hold, and never the secrets."""
    if sum(map(len, lines)) > LONGEST:
        return (f"more than {LONGEST} characters, too many to look for keys in",)
    with _loading:
        plugins = _plugins()
    kinds = {kind for window in _windows(lines) for kind in _kinds(plugins, path, window)}
    return tuple(sorted(kinds))


def _kinds(plugins: Iterable[BasePlugin], path: str, line: str) -> Iterator[str]:
    for plugin in plugins:
        for found in plugin.analyze_line(filename=path, line=line, line_number=0):
            if found.secret_value is None or not _is_dull(found.secret_value):
                yield str(found.type)


def _is_dull(value: str) -> bool:
    """Say whether a value is no secret for sure: an id, a row of letters, a template, punctuation."""
    from detect_secrets.filters import heuristic

    tests = (
        heuristic.is_potential_uuid,
        heuristic.is_sequential_string,
        heuristic.is_templated_secret,
        heuristic.is_not_alphanumeric_string,
    )
    return any(test(value) for test in tests)


def _windows(lines: Iterable[str]) -> Iterator[str]:
    """Cut long lines into pieces that overlap: some patterns take quadratic time."""
    for line in lines:
        for start in range(0, max(len(line) - OVERLAP, 1), WINDOW - OVERLAP):
            yield line[start : start + WINDOW]


@cache
def _plugins() -> tuple[BasePlugin, ...]:
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

    classes: Mapping[str, type[BasePlugin]] = get_mapping_from_secret_type_to_class()
    wanted = {one.__name__: one for one in classes.values() if one.__name__ not in LEFT_OUT}
    return tuple(wanted[name]() for name in sorted(wanted))
