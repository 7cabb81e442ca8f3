"""Count what a change brings: numbers that metrics add up over nights, measured and never claimed."""

from __future__ import annotations

from collections.abc import Callable

from fresh.domain.change import Change
from fresh.domain.evidence import Gains, TestRun
from fresh.domain.feature import Feature


def gains(
    change: Change,
    base: TestRun,
    head: TestRun,
    before: Feature | None,
    after: Feature | None,
    is_test: Callable[[str], bool],
) -> Gains:
    """Count tests that are there and pass now, lines that they run in files that stayed as they were, and quality.

    Lines are counted in untouched files alone: in a touched one, line numbers of base and commit mean different lines.
    """
    touched = set(change.paths)
    covered = sum(
        len(set(lines) - set(base.covered.get(path, ())))
        for path, lines in head.covered.items()
        if path not in touched and not is_test(path)
    )
    return Gains(
        tests=len(head.passed - base.outcomes.keys()),
        lines_covered=covered if base.covered else 0,
        quality_before=before.quality if before is not None else None,
        quality_after=after.quality if before is not None and after is not None else None,
    )
