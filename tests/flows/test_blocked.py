"""What policy blocks is mended or ends: nobody is asked, no branch shows it, nothing is published, whatever dies meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fresh.adapters.prefect_control import PrefectControl
from fresh.domain.agent import Outcome, Ticket
from fresh.domain.approval import Answer, Question, Why
from fresh.domain.change import PolicyVerdict, Ruling
from fresh.domain.evidence import Evidence
from fresh.domain.order import EngineName, RunOrder
from fresh.domain.stopping import StopRequest
from fresh.domain.work import Work
from fresh.wiring import using
from tests.fakes.prover import earned
from tests.fakes.toolbox import Fakes, a_toolbox
from tests.flows.test_agent_and_run import decide, somebody
from tests.flows.test_binding import carry_out

pytestmark = pytest.mark.server

BLOCKED = PolicyVerdict(ruling=Ruling.BLOCK, reasons=("a secret is in a.py",))
SAID = "Policy blocks the change: a secret is in a.py"


@pytest.fixture
def fakes(tmp_path: Path, prefect_url: str) -> Iterator[Fakes]:
    made = a_toolbox(
        tmp_path.resolve(), PrefectControl({"fresh-sandboxes": 2, "fresh-models": 2}), features=1
    )
    (made.tools.repository / ".git").mkdir()
    with using(made.tools):
        yield made


def blocks(ticket: Ticket, commit: str) -> Evidence:
    return earned(ticket.base, commit, policy=BLOCKED)


def approve(fakes: Fakes) -> Callable[[Question], None]:
    return lambda question: decide(fakes, question, Answer.APPROVED)


class Died(BaseException):
    """The process is gone; no `except Exception` sees it."""


def die_once_in(fakes: Fakes, method: str, calls: int, *, after: bool) -> None:
    """Let the process die in this call of a method of the journal, before or after it was written."""
    journal = fakes.tools.journal
    real = getattr(journal, method)
    left = [calls]

    def act(*given: object) -> object:
        left[0] -= 1
        if left[0] == 0 and not after:
            raise Died
        result = real(*given)
        if left[0] == 0:
            raise Died
        return result

    setattr(journal, method, act)


@pytest.mark.parametrize("approval", [True, False])
def test_a_blocked_agent_that_dies_at_every_write_ends_once_and_asks_nobody(
    fakes: Fakes, approval: bool
) -> None:
    from flows.agent import agent
    from tasks.opening import draw, open_run

    fakes.prover.judge = blocks
    order = RunOrder.model_validate({"repo": str(fakes.tools.repository), "agents": 1, "approval": approval})
    record = open_run.fn(order, None)
    (ticket,) = draw.fn(record, 1, EngineName.CODEMOD)
    deaths = 0
    with somebody(fakes, approve(fakes)) as asked:
        for method, calls in (("end_step", 2), ("end_agent", 1)):
            for after in (False, True):
                die_once_in(fakes, method, calls, after=after)
                try:
                    agent(ticket, return_state=True)
                except Died:
                    deaths += 1
                delattr(fakes.tools.journal, method)
        state = agent(ticket, return_state=True)
    assert deaths == 4
    (ended,) = fakes.tools.journal.reports(record.id)
    assert (ended.outcome, ended.failure, ended.branch, ended.commit) == (Outcome.FAILED, SAID, None, None)
    assert state.is_failed()
    assert (asked, fakes.forge.asked, list(fakes.workspace.branches)) == ([], 0, [])


def test_a_change_that_is_blocked_after_changes_were_asked_for_leaves_the_branch_as_it_was_seen(
    fakes: Fakes,
) -> None:
    fakes.prover.judge = lambda ticket, commit: (
        blocks(ticket, commit) if len(fakes.prover.judged) > 1 else earned(ticket.base, commit)
    )
    answers = iter((Answer.CHANGES, Answer.APPROVED, Answer.APPROVED))
    with somebody(fakes, lambda question: decide(fakes, question, next(answers), "shorter")) as asked:
        report = carry_out(fakes)
    (agent,) = report.agents
    (seen,) = asked
    assert (agent.outcome, agent.failure, agent.pull_request) == (Outcome.FAILED, SAID, None)
    assert (agent.commit, list(fakes.workspace.branches.values())) == (seen.commit, [seen.commit])
    assert (fakes.forge.asked, len(fakes.prover.judged)) == (0, 4)


def test_what_is_mended_after_a_block_goes_on_as_if_nothing_had_been(fakes: Fakes) -> None:
    fakes.prover.judge = lambda ticket, commit: (
        blocks(ticket, commit) if len(fakes.prover.judged) == 1 else earned(ticket.base, commit)
    )
    report = carry_out(fakes, approval=False)
    (agent,) = report.agents
    assert agent.outcome is Outcome.COMPLETED
    assert agent.commit == fakes.prover.judged[1][1]


@pytest.mark.parametrize(("how", "approval"), [("unfinished", True), ("question", False), ("stopped", True)])
def test_work_that_nobody_has_judged_shows_no_branch_either_where_policy_blocks_it(
    fakes: Fakes, how: str, approval: bool
) -> None:
    fakes.prover.judge = blocks

    def work(bench, plan, feedback, asked):  # type: ignore[no-untyped-def]
        fakes.engine.act(bench, 1)
        if how == "unfinished":
            return Work(summary="half", unfinished="The engine ran dry.")
        if how == "question" and not asked:
            return Work(summary="half", question="Which way?")
        if how == "stopped":
            journal = fakes.tools.journal
            journal.request_stop(
                StopRequest(
                    run_id=bench.ticket.run_id, by="ada", through="terminal", at=fakes.tools.clock.now()
                )
            )
        return Work(summary="whole")

    fakes.engine.work = work  # type: ignore[method-assign]
    with somebody(fakes, approve(fakes)) as asked:
        report = carry_out(fakes, approval=approval)
    (agent,) = report.agents
    assert agent.outcome is (Outcome.STOPPED if how == "stopped" else Outcome.FAILED)
    assert agent.failure is not None
    assert agent.failure.endswith(SAID)
    assert [question.why for question in asked] == ([Why.ARCHITECTURE] if how == "question" else [])
    assert [question.commit for question in asked if question.commit] == []
    assert (agent.branch, agent.commit, fakes.forge.asked) == (None, None, 0)
    assert list(fakes.workspace.branches) == []


@pytest.mark.parametrize("ruling", [Ruling.NEEDS_HUMAN, Ruling.BLOCK])
@pytest.mark.parametrize("approval", [True, False])
def test_an_approval_is_void_when_policy_says_more_of_the_commit_by_the_time_it_is_published(
    fakes: Fakes, approval: bool, ruling: Ruling
) -> None:
    stricter = PolicyVerdict(ruling=ruling, reasons=("the rules are others now",))
    fakes.prover.rule = lambda ticket, commit: (  # type: ignore[method-assign]
        stricter if fakes.workspace.branches or not approval else PolicyVerdict()
    )
    answers = {Why.READY: Answer.APPROVED, Why.POLICY: Answer.REJECTED}
    with somebody(fakes, lambda question: decide(fakes, question, answers[question.why])) as asked:
        report = carry_out(fakes, approval=approval)
    (agent,) = report.agents
    expected = [Why.READY] if approval else []
    if ruling is Ruling.NEEDS_HUMAN:
        expected.append(Why.POLICY)
    assert [question.why for question in asked] == expected
    assert agent.outcome is (Outcome.REJECTED if ruling is Ruling.NEEDS_HUMAN else Outcome.FAILED)
    assert (agent.reviewed_by, fakes.forge.pull_requests) == (None, {})


def test_an_approval_under_the_stricter_ruling_counts_for_it(fakes: Fakes) -> None:
    stricter = PolicyVerdict(ruling=Ruling.NEEDS_HUMAN, reasons=("the rules are others now",))
    fakes.prover.rule = lambda ticket, commit: stricter  # type: ignore[method-assign]
    with somebody(fakes, approve(fakes)) as asked:
        report = carry_out(fakes, approval=False)
    (agent,) = report.agents
    assert [(question.why, question.commit) for question in asked] == [(Why.POLICY, agent.commit)]
    assert agent.outcome is Outcome.COMPLETED
    assert agent.reviewed_by is not None
    assert agent.evidence is not None
    assert agent.evidence.policy == stricter
