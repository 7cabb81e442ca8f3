"""Tell tests that a change broke from tests that fail now and then, or only beside others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fresh.domain.evidence import TestRun
from fresh.proving.rig import Rig

# A change that breaks more than this breaks them for real.
MOST_CANDIDATES = 10
TIMES = 2


@dataclass(frozen=True)
class Sorted:
    """Newly failing tests, told apart."""

    real: tuple[str, ...]
    flaky: tuple[str, ...] = ()


def sort_failures(rig: Rig, name: str, base: TestRun, commit: str, failing: Iterable[str]) -> Sorted:
    """Run each newly failing test alone on commit and base.

    It is flaky when it fails alone on base too, or when it passes alone on the commit every time and then also in a
    second run of the whole suite: a change may well break a test only beside others.
    """
    candidates = tuple(failing)
    if not candidates or len(candidates) > MOST_CANDIDATES:
        return Sorted(candidates)
    known = {test for test in candidates if test in base.outcomes}
    flaky = {test for test in known if not _always_passes(rig, f"{name}-base", base.commit, test)}
    lucky = {test for test in candidates if test not in flaky and _always_passes(rig, name, commit, test)}
    if lucky:
        again = rig.run_fresh(name, commit)
        flaky |= lucky & again.passed
    return Sorted(tuple(test for test in candidates if test not in flaky), tuple(sorted(flaky)))


def _always_passes(rig: Rig, name: str, commit: str, test: str) -> bool:
    return all(test in rig.run_fresh(name, commit, (test,)).passed for _ in range(TIMES))
