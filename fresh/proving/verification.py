"""Judge one commit: on fresh checkouts of it and of its base, in fresh sandboxes, by what the machine measures.

What the engine says of its work is used to know where to look, and for nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from fresh.domain.agent import Ticket
from fresh.domain.change import Change
from fresh.domain.evidence import Check, CheckState, Evidence, Figure, Gains, TestRun
from fresh.domain.feature import Feature, Inventory, Kind, Linted
from fresh.domain.kept import kept
from fresh.domain.test_code import is_test_path
from fresh.domain.work import Work
from fresh.inventory.lines import body_lines
from fresh.proving import judging
from fresh.proving.figures import Side, figures
from fresh.proving.flakiness import sort_failures
from fresh.proving.gaining import gains
from fresh.proving.policing import Policy
from fresh.proving.rig import Rig

# A new test must pass this often, each time in a run of its own; the run of the whole suite is the first.
SEPARATE_RUNS = 3
REGULAR = ("100644", "100755")
PROOFS = {
    Kind.HOOKUP: (
        "an entry point reaches it",
        "new tests pass",
        "new tests fail without the change",
        "the feature ran",
    ),
    Kind.STUB: ("no stub any more", "new tests pass", "new tests fail without the change", "the feature ran"),
    Kind.TESTS: ("new tests pass", "coverage rises"),
    Kind.QUALITY: ("lint findings go down",),
}


@dataclass(frozen=True)
class Verification:
    """One commit of one ticket, to be judged against the run of its base."""

    rig: Rig
    ticket: Ticket
    commit: str
    work: Work
    base: TestRun
    survey: Callable[[str], Inventory]
    lint: Callable[[Mapping[str, bytes]], Linted]
    policy: Policy

    def judge(self) -> Evidence:
        """Make every check that the kind asks for, and let policy rule on the change."""
        checks = [judging.check_scope(self.change, self.ticket.kind)]
        if checks[0].state is CheckState.FAILED:
            why = "the change is not what it should be"
            checks += [judging.not_run(name, why) for name in ("no test newly fails", "no test is lost")]
            return self._evidence(checks, proofs=False, why=why)
        head = self.head
        early = judging.check_end(head)
        if early is not None:
            checks += [early, judging.not_run("no test is lost", "the tests ended early")]
            return self._evidence(checks, proofs=False, why="the tests ended early")
        comparison = judging.Comparison.of(self.base, head)
        told = sort_failures(self.rig, self.name, self.base, self.commit, comparison.failing)
        checks.append(judging.check_failures(self.base, head, told.real, told.flaky))
        checks.append(judging.check_lost(self.base, head))
        return self._evidence(checks)

    @property
    def name(self) -> str:
        """The name of this verification's trees."""
        return f"verify-{self.ticket.agent_id}"

    @kept
    def change(self) -> Change:
        """What the commit changes."""
        return self.rig.workspace.change(self.ticket.base, self.commit)

    @kept
    def head(self) -> TestRun:
        """The run of the commit's whole suite."""
        return self.rig.run_fresh(self.name, self.commit, coverage=True)

    @kept
    def new_tests(self) -> dict[str, tuple[str, ...]]:
        """Each claimed test with the ids that the run reports for it; without claims, every new id that passes."""
        claimed = [test.node_id for test in self.work.new_tests]
        if not claimed:
            return {one: (one,) for one in sorted(self.head.passed - self.base.outcomes.keys())}
        starts = {one: (f"{one}[", f"{one}::") for one in claimed}
        return {
            one: tuple(found for found in self.head.outcomes if found == one or found.startswith(starts[one]))
            for one in claimed
        }

    @kept
    def ids(self) -> tuple[str, ...]:
        """The ids of all new tests."""
        return tuple(sorted({one for found in self.new_tests.values() for one in found}))

    @kept
    def alone(self) -> tuple[TestRun, ...]:
        """Runs of the new tests without any other; the first one with coverage."""
        times = SEPARATE_RUNS - 1 if self.ticket.kind is Kind.TESTS else 1
        return tuple(
            self.rig.run_fresh(self.name, self.commit, self.ids, coverage=time == 0) for time in range(times)
        )

    def _evidence(self, checks: list[Check], *, proofs: bool = True, why: str = "") -> Evidence:
        if proofs:
            checks += self._proofs()
        else:
            checks += [judging.not_run(name, why) for name in PROOFS[self.ticket.kind]]
        counted = (
            (len(self.base.outcomes), len(self.head.outcomes)) if self.base.outcomes and proofs else None
        )
        policy = self.policy.rule(self.ticket, self.commit, counted)
        brings = self._gains() if counted else None
        return Evidence(
            base=self.ticket.base,
            commit=self.commit,
            checks=tuple(checks),
            policy=policy,
            gains=brings,
            figures=self._figures() if proofs else (),
        )

    def _figures(self) -> tuple[Figure, ...]:
        base, head = (
            Side(
                run,
                self.survey(commit).feature(self.ticket.feature.key),
                partial(self._text, commit),
            )
            for commit, run in ((self.ticket.base, self.base), (self.commit, self.head))
        )
        return figures(self.change, self.ids, base, head)

    def _gains(self) -> Gains:
        before, after = (
            self.survey(commit).feature(self.ticket.feature.key) for commit in (self.ticket.base, self.commit)
        )
        return gains(self.change, self.base, self.head, before, after, is_test_path)

    def _proofs(self) -> Iterator[Check]:
        kind, feature = self.ticket.kind, self.ticket.feature
        if kind is Kind.QUALITY:
            yield self._check_lint()
            return
        after = self.survey(self.commit).feature(feature.key)
        if kind is Kind.HOOKUP:
            yield judging.check_reached(feature, after)
        if kind is Kind.STUB:
            yield judging.check_stub(after, feature.key)
        yield from self._check_new_tests(after or feature)

    def _check_new_tests(self, feature: Feature) -> Iterator[Check]:
        kind = self.ticket.kind
        later = PROOFS[kind][PROOFS[kind].index("new tests pass") + 1 :]
        runs = (self.head, *self.alone) if self.ids else (self.head,)
        passes = judging.check_new_tests(self.new_tests, self.base, runs, self.new_tests)
        yield passes
        if passes.state is not CheckState.PASSED:
            yield from (judging.not_run(name, "the new tests do not pass") for name in later)
            return
        body = self._body(feature)
        if kind is Kind.TESTS:
            yield judging.check_coverage(feature, body, self.base, self.alone[0])
            return
        yield judging.check_needed(self.ids, self._without_the_change())
        yield judging.check_ran(feature, body, self.alone[0])

    def _without_the_change(self) -> TestRun:
        """Run the new tests on the base's code, with the commit's test files laid beside it."""
        read = self.rig.workspace.read
        files = {
            file.path: read(self.commit, file.path)
            for file in self.change.files
            if file.new_mode in REGULAR and (is_test_path(file.path) or self._holds_new_test(file.path))
        }
        return self.rig.run_fresh(f"{self.name}-base", self.ticket.base, self.ids, beside=files)

    def _holds_new_test(self, path: str) -> bool:
        return any(one.partition("::")[0] == path for one in self.ids)

    def _check_lint(self) -> Check:
        sides = []
        for commit, absent in ((self.ticket.base, "old_mode"), (self.commit, "new_mode")):
            files = [file for file in self.change.files if file.path.endswith(".py")]
            there = [file.path for file in files if getattr(file, absent) in REGULAR]
            sides.append(self.lint({path: self.rig.workspace.read(commit, path) for path in there}))
        return judging.check_lint(*sides)

    def _body(self, feature: Feature) -> frozenset[int]:
        try:
            return body_lines(self._text(self.commit, feature.path), feature.line, feature.end_line)
        except SyntaxError:
            return frozenset()

    def _text(self, commit: str, path: str) -> str:
        try:
            return self.rig.workspace.read(commit, path).decode("utf-8", "replace")
        except KeyError:
            return ""
