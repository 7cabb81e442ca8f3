"""The tests of the base commit: run once, remembered, and refused when nothing can be told from them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import uuid
from pathlib import Path

from pydantic import ValidationError

from fresh.domain.evidence import RunEnd, TestRun
from fresh.errors import Refusal
from fresh.proving import probe
from fresh.proving.commands import Style
from fresh.proving.judging import ENDS
from fresh.proving.rig import Rig

NO_TESTS = 5  # the exit code of pytest, and of unittest from Python 3.12 on
# How a suite ends in which no test was found; unittest says 0 up to Python 3.11.
_EMPTY = {Style.PYTEST: (NO_TESTS,), Style.UNITTEST: (0, NO_TESTS), Style.CUSTOM: (0,)}
HINT = "Say how they are run with --test-command, or which interpreter has the dependencies with --python."


def base_run(rig: Rig, base: str) -> TestRun:
    """Give the run of a base commit's whole suite, with the lines that it covers.

    It is run once for each base, environment and command, also when several processes ask at once. Raises Refusal with
    the way out when it can't be run or tells nothing.
    """
    if not rig.command.finds_tests:
        return TestRun(
            command=rig.command.shown, commit=base, exit_code=NO_TESTS, ended=RunEnd.EXIT, seconds=0.0
        )
    if rig.command.style is Style.PYTEST and not rig.environment.has_pytest:
        raise Refusal(f"The tests need pytest, which is missing: {rig.environment.how}.", hint=HINT)
    remembered = rig.state / "cache" / "base_run" / f"{_key(rig, base)}.json"
    remembered.parent.mkdir(parents=True, exist_ok=True)
    with open(remembered.with_suffix(".lock"), "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = _recall(remembered)
        if run is None:
            run = rig.run_fresh(f"base-{remembered.stem}", base, coverage=True)
            if run.ended is RunEnd.EXIT and run.exit_code is not None:
                _remember(remembered, run)
    _demand_meaning(run, rig)
    return run


def describe(run: TestRun) -> str:
    """Say in one sentence what the base commit's tests do."""
    if not run.outcomes:
        return (
            "The base commit has no tests."
            if run.exit_code == NO_TESTS
            else "The test command succeeds on base."
        )
    bad = f", {len(run.failing)} fail already" if run.failing else ""
    return f"On base {len(run.passed)} of {len(run.outcomes)} tests pass{bad}, in {run.seconds:.1f} s."


def _key(rig: Rig, base: str) -> str:
    parts = (base, rig.environment.digest, *rig.command.shown, rig.command.style, str(probe.VERSION))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def _recall(remembered: Path) -> TestRun | None:
    try:
        return TestRun.model_validate_json(remembered.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _remember(remembered: Path, run: TestRun) -> None:
    draft = remembered.with_suffix(f".{uuid.uuid4().hex[:8]}")
    with open(draft, "wb") as file:
        file.write(run.model_dump_json().encode())
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, remembered)


def _demand_meaning(run: TestRun, rig: Rig) -> None:
    if run.ended is RunEnd.TIMEOUT:
        where = f", in {run.cut_in}" if run.cut_in else ""
        raise Refusal(
            f"The tests of the base commit took more than {rig.wall:.0f} s{where}.",
            hint="Give them more with --test-timeout, or leave slow ones out with --test-command.",
        )
    if run.ended is not RunEnd.EXIT or run.exit_code is None:
        why = ENDS.get(run.ended, "they were killed")
        raise Refusal(f"The tests of the base commit did not come to their end: {why}.", hint=HINT)
    if run.cut_in:
        raise Refusal(
            f"The test run of the base commit broke off in {run.cut_in} with exit code {run.exit_code}.",
            hint="Leave that test out with --test-command.",
        )
    if run.outcomes and not run.passed:
        raise Refusal(
            f"{_none_of(len(run.outcomes))} on the base commit: {telling(run.tail)}.",
            hint=HINT,
        )
    if not run.outcomes and run.exit_code not in _EMPTY[rig.command.style]:
        raise Refusal(
            f"The test command ends with exit code {run.exit_code} on the base commit and reports no tests: "
            f"{telling(run.tail)}.",
            hint=HINT,
        )


def _none_of(number: int) -> str:
    return f"None of the {number} tests passes" if number > 1 else "The only test does not pass"


def telling(tail: str) -> str:
    """Choose the one line of output that says most about a failure."""
    lines = [line.strip() for line in tail.splitlines() if line.strip()]
    marked = [line[1:].strip() for line in lines if line.startswith("E ")]
    errors = [line for line in lines if "rror" in line]
    return (marked[-1:] or errors[-1:] or lines[-1:] or ["it printed nothing"])[0].rstrip(".")[:300]
