"""Where a command finds what it is shown: without mounts everything stays where it is, so words are changed instead."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fresh.errors import SandboxUnavailable
from fresh.ports import Mount

# What may stand beside a path so that it is part of a longer name and no path of its own.
_BEFORE = r"(?<![\w.~/\-+@%})\]*?$\\])"
_AFTER = r"(?![\w.\-+@%~])"
# In the words of a shell, other characters would not stand for themselves.
_PLAIN = re.compile(r"[\w./+@%:=,-]+", re.ASCII)


@dataclass(frozen=True)
class Moves:
    """Where each place that a command names really lies."""

    places: Mapping[str, str]

    @classmethod
    def of(cls, mounts: Sequence[Mount]) -> Moves:
        """Learn them from mounts; a later one of the same target wins. Raises SandboxUnavailable for odd sources."""
        places = {mount.target.rstrip("/"): str(mount.source.absolute()) for mount in mounts}
        moved = {target: source for target, source in places.items() if target and target != source}
        for target, source in moved.items():
            if not _PLAIN.fullmatch(source):
                raise SandboxUnavailable(
                    f"{source!r} can't take the place of {target} in a command: its name holds more than plain letters.",
                    hint="Move the repository, or its state directory (FRESH_HOME), to a path of plain letters.",
                )
        # What stays, and what has been moved, must not be taken for something below a place that moves.
        fixed = {place: place for place in (*places, *moved.values()) if place}
        return cls({**fixed, **moved})

    def __call__(self, text: str) -> str:
        """Put the real places into a text: the longest target that fits, and only whole names."""
        if not self.places:
            return text
        targets = "|".join(re.escape(target) for target in sorted(self.places, key=len, reverse=True))
        return re.sub(f"{_BEFORE}(?:{targets}){_AFTER}", lambda found: self.places[found[0]], text)


def is_below(path: str, place: str) -> bool:
    """Say whether a path lies truly below a place."""
    return path.startswith(f"{place.rstrip('/')}/") and path.rstrip("/") != place.rstrip("/")
