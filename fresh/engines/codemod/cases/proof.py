"""Prove that a new test file passes, stays, covers and notices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fresh.domain.counting import count
from fresh.domain.evidence import RunEnd, TestRun
from fresh.engines.codemod.cases.home import Home
from fresh.engines.codemod.cases.inquiry import ask_trial
from fresh.engines.codemod.cases.inside.wire import Trial
from fresh.engines.codemod.cases.page import Page
from fresh.engines.codemod.cases.target import Target
from fresh.errors import Declined
from fresh.ports import Bench

LEAST_COVERED = 0.6
LEAST_KILLED = 0.5
WALL = 120.0
MOST_RELATED = 6
MOST_SINGLE = 3


@dataclass(frozen=True)
class Proof:
    """What was measured. Lines are those of the feature's body; `before` is None when it could not be measured."""

    tests: tuple[str, ...]
    lines: tuple[int, ...]
    covered: tuple[int, ...]
    before: tuple[int, ...] | None
    trial: Trial


def covered_before(bench: Bench, target: Target, home: Home) -> tuple[int, ...] | None:
    """Say which lines of the feature existing tests run: all of them where that is known, else those near it.

    None when they can't be run alone.
    """
    known = bench.covered_on_base(target.feature.path)
    if known is not None:
        return tuple(sorted(known & set(target.lines)))
    related = home.related[:MOST_RELATED]
    if not related:
        return ()
    run = bench.run_tests(related, coverage=True, wall=WALL)
    runs = [run] if _measured(run) else []
    if not runs and len(related) > 1:
        # One file that can't be collected keeps all the others from running.
        single = [bench.run_tests((path,), coverage=True, wall=WALL) for path in related[:MOST_SINGLE]]
        runs = [run for run in single if _measured(run)]
    if not runs:
        return None
    return tuple(sorted({line for run in runs for line in _of(run, target)}))


def _measured(run: TestRun) -> bool:
    """Say whether tests ran at all; red ones cover lines too."""
    return run.ended is RunEnd.EXIT and bool(run.covered) and run.exit_code in (0, 1)


def _of(run: TestRun, target: Target) -> tuple[int, ...]:
    return tuple(sorted(set(run.covered.get(target.feature.path, ())) & set(target.lines)))


def prove(bench: Bench, target: Target, home: Home, page: Page, before: tuple[int, ...] | None) -> Proof:
    """Run the new file in three processes, measure it, and run it against mutants. Raises Declined with the number."""
    first = _run(bench, target, (home.path,), coverage=True)
    tests = tuple(name for name in first.outcomes if name.startswith(home.path))
    tests = tests or tuple(f"{home.path}::{name}" for name in page.tests)
    _run(bench, target, (home.path,) if home.unit or len(tests) < 2 else tuple(reversed(_functions(tests))))
    _run(bench, target, (home.path,))
    covered = _of(first, target)
    _measure(target, covered, before)
    question = replace(
        target.question, test=home.path, unit=home.unit, covered=covered, seconds=40.0, examples=(), hints=()
    )
    trial = ask_trial(bench, question)
    if not trial.tried:
        raise Declined(
            f"No mutant of {target.name} could be made, so its test can't be shown to notice anything."
        )
    if trial.killed < LEAST_KILLED * trial.tried:
        raise Declined(
            f"The test would notice only {trial.killed} of {count(trial.tried, 'mutant')} of {target.name}, fewer than half."
        )
    return Proof(tests, target.lines, covered, before, trial)


def _functions(tests: Sequence[str]) -> list[str]:
    """Name each test function once, without the ids of its cases."""
    return list(dict.fromkeys(name.partition("[")[0] for name in tests))


def _run(bench: Bench, target: Target, selection: Sequence[str], *, coverage: bool = False) -> TestRun:
    run = bench.run_tests(selection, coverage=coverage, wall=WALL)
    if (
        run.ended is RunEnd.EXIT
        and run.exit_code == 0
        and not run.failing
        and (run.passed or not run.outcomes)
    ):
        return run
    lines = [line for line in run.tail.splitlines() if line.strip()]
    reason = next((line for line in reversed(lines) if line.startswith(("E ", "ERROR", "FAILED"))), "")
    raise Declined(
        f"The test of {target.name} does not hold in the project's own test run: "
        f"{(reason or (lines[-1] if lines else 'no output')).strip()[:200]}."
    )


def _measure(target: Target, covered: tuple[int, ...], before: tuple[int, ...] | None) -> None:
    if not target.lines or len(covered) < LEAST_COVERED * len(target.lines):
        raise Declined(
            f"The test would run {len(covered)} of {len(target.lines)} lines of {target.name}, "
            f"less than {LEAST_COVERED:.0%}."
        )
    if before and not set(covered) - set(before):
        raise Declined(
            f"The existing tests run {len(before)} of {len(target.lines)} lines of {target.name} already; "
            "what this one tries adds none."
        )
