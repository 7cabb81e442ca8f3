"""A whole suite on one commit beside that of its base, where no agent's claim has to be judged."""

from __future__ import annotations

from fresh.domain.evidence import CheckState, TestRun
from fresh.proving import judging
from fresh.proving.flakiness import sort_failures
from fresh.proving.rig import Rig


def newly_failing(rig: Rig, base: TestRun, commit: str) -> tuple[str, ...]:
    """Run a commit's suite on a fresh checkout; list the tests that fail there and not on the base, flaky ones left out.

    A suite that does not come to its end, or that reports no tests and fails, gives one sentence instead.
    """
    name = f"together-{commit[:12]}"
    head = rig.run_fresh(name, commit)
    early = judging.check_end(head)
    if early is not None:
        return (early.fact,)
    if not head.outcomes and not base.outcomes:
        check = judging.check_failures(base, head, (), ())
        return (check.fact,) if check.state is CheckState.FAILED else ()
    failing = judging.Comparison.of(base, head).failing
    return sort_failures(rig, name, base, commit, failing).real
