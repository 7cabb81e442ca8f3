"""What a linter must do for the inventory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from fresh.domain.feature import Linted


class Lint(Protocol):
    """Find lint in sources without running them. `version` changes whenever the findings could."""

    @property
    def version(self) -> str:
        """Name the linter, its release and its rules."""
        ...

    def __call__(self, files: Mapping[str, bytes]) -> Linted:
        """Map each path that has findings to them, and one that the linter can't stand to None."""
        ...
