"""Turn what was measured into checks. Nothing here runs anything."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from fresh.domain.change import Change
from fresh.domain.counting import count
from fresh.domain.evidence import Check, CheckState, RunEnd, TestOutcome, TestRun
from fresh.domain.feature import Feature, Kind, Linted, Reachability
from fresh.domain.test_code import is_test_path

BAD = (TestOutcome.FAILED, TestOutcome.ERROR)
IDLE = (TestOutcome.SKIPPED, TestOutcome.XFAILED)
ENDS = {
    RunEnd.TIMEOUT: "its time was over",
    RunEnd.OOM: "its memory was full",
    RunEnd.DISK: "its disk was full",
}


@dataclass(frozen=True)
class Comparison:
    """A commit's run beside its base's: tests that newly fail, and tests that passed and are gone or idle."""

    failing: tuple[str, ...]
    lost: tuple[str, ...]
    already: tuple[str, ...]

    @classmethod
    def of(cls, base: TestRun, head: TestRun) -> Comparison:
        """Compare two whole runs; what failed on base is not held against the commit."""
        failing = sorted(head.failing - base.failing)
        idle = {name for name, end in head.outcomes.items() if end in IDLE}
        lost = sorted(name for name in base.passed if name not in head.outcomes or name in idle)
        return cls(tuple(failing), tuple(lost), tuple(sorted(base.failing & head.failing)))


def check_scope(change: Change, kind: Kind) -> Check:
    """Say whether the change touches what its kind is about, and nothing else."""
    name = "touches what it should"
    tests = [path for path in change.paths if is_test_path(path)]
    product = [path for path in change.paths if path.endswith(".py") and path not in tests]
    if not change.files:
        return _failed(name, "the commit changes nothing")
    if kind is Kind.TESTS and len(tests) < len(change.paths):
        other = next(path for path in change.paths if path not in tests)
        return _failed(name, f"a change of tests must leave everything else alone, and it touches {other}")
    if kind is Kind.TESTS:
        return _passed(name, f"{count(len(tests), 'test file')} and nothing else")
    if not product:
        return _failed(
            name, f"a change of kind {kind} must touch the code, and it touches {_some(change.paths)} alone"
        )
    return _passed(name, f"{count(len(product), 'code file')} and {count(len(tests), 'test file')}")


def check_end(head: TestRun) -> Check | None:
    """Fail a suite that did not come to its own end; None when it did."""
    if head.ended is RunEnd.EXIT and head.exit_code is not None and not head.cut_in:
        return None
    why = ENDS.get(head.ended, "it was killed" if head.exit_code is None else f"exit code {head.exit_code}")
    where = f", in {head.cut_in}" if head.cut_in else ""
    return _failed(
        "no test newly fails", f"the tests ended early after {head.seconds:.1f} s: {why}{where}", head.tail
    )


def check_failures(base: TestRun, head: TestRun, real: Collection[str], flaky: Collection[str]) -> Check:
    """Say whether a test newly fails. `real` are those that do so again; `flaky` those that also do otherwise."""
    name = "no test newly fails"
    if not head.outcomes and not base.outcomes:
        return _by_exit_code(name, base, head)
    said = f"; {count(len(flaky), 'flaky test')}: {_some(sorted(flaky))}" if flaky else ""
    already = Comparison.of(base, head).already
    said += f"; {len(already)} failed before and still do" if already else ""
    if real:
        return _failed(
            name, f"{_fail(len(real))} that did not on base: {_some(sorted(real))}{said}", head.tail
        )
    return _passed(
        name,
        f"{count(len(head.passed), 'test')} of {len(head.outcomes)} pass, {len(base.passed)} on base{said}",
    )


def check_lost(base: TestRun, head: TestRun) -> Check:
    """Say whether every test that passed on base still runs."""
    name = "no test is lost"
    if not base.outcomes:
        return _passed(name, f"there was none on base, {len(head.outcomes)} are there now")
    lost = Comparison.of(base, head).lost
    if lost:
        return _failed(
            name, f"{count(len(lost), 'test')} that passed on base are gone or skipped: {_some(lost)}"
        )
    return _passed(name, f"{count(len(head.outcomes), 'test')} collected, {len(base.outcomes)} on base")


def check_new_tests(
    claimed: Iterable[str], base: TestRun, runs: Collection[TestRun], found: Mapping[str, Collection[str]]
) -> Check:
    """Say whether new tests pass in every one of `runs` and were absent or failing on base.

    `found` maps each claimed id to the ids that the commit's run reports for it.
    """
    name = "new tests pass"
    missing = [one for one in claimed if not found.get(one)]
    if missing:
        return _failed(name, f"{_some(missing)} was not collected")
    ids = sorted({one for expanded in found.values() for one in expanded})
    if not ids:
        return _failed(name, "there is no new test that the test command finds")
    old = [one for one in ids if one in base.passed]
    if old:
        return _failed(name, f"{_some(old)} passed on base already")
    for run in runs:
        bad = [one for one in ids if one not in run.passed]
        if bad:
            how = run.outcomes.get(bad[0])
            return _failed(name, f"{_some(bad)} did not pass ({how or 'not run'})", run.tail)
    return _passed(name, f"{count(len(ids), 'new test')}, {count(len(runs), 'separate run')}: {_some(ids)}")


def check_needed(ids: Collection[str], without: TestRun) -> Check:
    """Say whether the new tests fail on the base's code, so that it is the change that makes them pass."""
    name = "new tests fail without the change"
    idle = sorted(one for one in ids if one in without.passed)
    if idle:
        return _failed(name, f"{_some(idle)} also pass on the base's code")
    if without.ended is not RunEnd.EXIT:
        return _failed(
            name, f"on the base's code they ended early: {ENDS.get(without.ended, 'killed')}", without.tail
        )
    return _passed(name, f"none of {len(ids)} passes on the base's code")


def check_reached(before: Feature, after: Feature | None) -> Check:
    """Say whether an entry point newly reaches the feature, over resolved references alone."""
    name = "an entry point reaches it"
    if before.reachability in (Reachability.HOOKED, Reachability.UNKNOWN):
        return _failed(name, f"{before.key} was {before.reachability} on base already")
    if after is None:
        return _failed(name, f"{before.key} is not in the commit's inventory any more")
    path = " → ".join(after.evidence)
    if after.reachability is not Reachability.HOOKED:
        return _failed(name, f"{before.key} was {before.reachability} and is {after.reachability}: {path}")
    return _passed(name, f"{before.key} was {before.reachability} and is hooked: {path}")


def check_ran(feature: Feature, body: frozenset[int], run: TestRun) -> Check:
    """Say whether the feature's own lines ran in the new tests."""
    name = "the feature ran"
    ran = body & frozenset(run.covered.get(feature.path, ()))
    if not body:
        return _failed(name, f"{feature.key} has no lines that run when it is used")
    if not ran:
        return _failed(name, f"none of the {len(body)} lines of {feature.key} ran in the new tests")
    return _passed(name, f"{len(ran)} of {len(body)} lines of {feature.key} ran in the new tests")


def check_coverage(feature: Feature, body: frozenset[int], base: TestRun, run: TestRun) -> Check:
    """Say whether the new tests run lines of the feature that no test ran before."""
    name = "coverage rises"
    before = body & frozenset(base.covered.get(feature.path, ()))
    after = before | (body & frozenset(run.covered.get(feature.path, ())))
    if len(after) > len(before):
        return _passed(
            name, f"{feature.key}: {len(before)} of {len(body)} lines ran before, {len(after)} do now"
        )
    return _failed(
        name, f"{feature.key}: {len(before)} of {len(body)} lines ran before, and no other does now"
    )


def check_stub(after: Feature | None, key: str) -> Check:
    """Say whether the body is finished."""
    name = "no stub any more"
    if after is None:
        return _failed(name, f"{key} is not in the commit's inventory any more")
    return _failed(name, f"{key} is still unfinished") if after.stub else _passed(name, f"{key} has a body")


def check_lint(before: Linted, after: Linted) -> Check:
    """Say whether the touched files have fewer lint findings, and none of a kind that was not there."""
    name = "lint findings go down"
    if unread := sorted(path for path, found in after.items() if found is None):
        return _failed(name, f"the linter can't stand {_some(unread)}, so nobody knows")
    old, new = ([each for found in side.values() for each in found or ()] for side in (before, after))
    fresh = sorted({finding.code for finding in new} - {finding.code for finding in old})
    if fresh:
        return _failed(name, f"{_some(fresh)} were not found before")
    fact = f"{len(old)} in the touched files before, {len(new)} now"
    return _passed(name, fact) if len(new) < len(old) else _failed(name, fact)


def not_run(name: str, why: str) -> Check:
    """Say that a check was not made, and why."""
    return Check(name=name, state=CheckState.NOT_RUN, fact=why)


def _by_exit_code(name: str, base: TestRun, head: TestRun) -> Check:
    if head.exit_code == 0:
        return _passed(name, "the test command ends with exit code 0; it reports no single tests")
    if base.exit_code == head.exit_code == 5:
        return _passed(name, "there are no tests, before and after")
    return _failed(
        name,
        f"the test command ended with exit code {head.exit_code}, on base with {base.exit_code}",
        head.tail,
    )


def _passed(name: str, fact: str) -> Check:
    return Check(name=name, state=CheckState.PASSED, fact=fact)


def _failed(name: str, fact: str, detail: str = "") -> Check:
    return Check(name=name, state=CheckState.FAILED, fact=fact, detail=detail)


def _fail(number: int) -> str:
    return "1 test fails" if number == 1 else f"{number} tests fail"


def _some(names: Iterable[str], most: int = 3) -> str:
    listed = list(names)
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")
