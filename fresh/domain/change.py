"""What an agent made, as git records it; never what the agent says it made."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum

from fresh.domain.value import Value


class TreeEntry(Value):
    """One file of a commit. `mode` is git's: 100644, 100755, 120000 (symlink), 160000 (submodule)."""

    path: str
    mode: str
    blob: str
    size: int


class FileChange(Value):
    """One path of a raw diff without rename detection. `status` is A, M, D or T; a missing side is mode 000000."""

    path: str
    status: str
    old_mode: str
    new_mode: str
    old_blob: str
    new_blob: str
    added: int = 0
    removed: int = 0
    binary: bool = False


class Change(Value):
    """The difference between a base commit and an agent's commit."""

    base: str
    commit: str
    files: tuple[FileChange, ...]

    @property
    def added(self) -> int:
        """Lines added over all files."""
        return sum(file.added for file in self.files)

    @property
    def removed(self) -> int:
        """Lines removed over all files."""
        return sum(file.removed for file in self.files)

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that the change touches."""
        return tuple(file.path for file in self.files)


class Ruling(StrEnum):
    """What policy says of a change, from mildest to strictest."""

    ALLOW = "allow"
    NEEDS_HUMAN = "needs_human"
    BLOCK = "block"


STRICTNESS = (Ruling.ALLOW, Ruling.NEEDS_HUMAN, Ruling.BLOCK)


class PolicyVerdict(Value):
    """The strictest ruling that any rule gave, and every reason."""

    ruling: Ruling = Ruling.ALLOW
    reasons: tuple[str, ...] = ()

    @property
    def seal(self) -> str:
        """Name this verdict by a hash: what was decided under another one does not count for it."""
        return hashlib.sha256(json.dumps([self.ruling.value, *self.reasons]).encode()).hexdigest()[:16]

    def and_also(self, other: PolicyVerdict) -> PolicyVerdict:
        """Add what another verdict says of the same commit; the stricter ruling counts."""
        ruling = max(self.ruling, other.ruling, key=STRICTNESS.index)
        return PolicyVerdict(ruling=ruling, reasons=tuple(dict.fromkeys((*self.reasons, *other.reasons))))
