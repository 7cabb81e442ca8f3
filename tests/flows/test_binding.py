"""An approval is bound to the commit that was judged, and to what policy said of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fresh.adapters.prefect_control import PrefectControl
from fresh.domain.agent import Outcome
from fresh.domain.approval import Answer, Question, Why
from fresh.domain.change import PolicyVerdict, Ruling
from fresh.domain.evidence import Evidence
from fresh.domain.order import RunOrder
from fresh.domain.report import RunReport
from fresh.wiring import using
from tests.fakes.prover import earned, failed
from tests.fakes.toolbox import Fakes, a_toolbox
from tests.flows.test_agent_and_run import decide, somebody

pytestmark = pytest.mark.server

SEEN = PolicyVerdict(ruling=Ruling.NEEDS_HUMAN, reasons=("it touches Makefile",))


@pytest.fixture
def fakes(tmp_path: Path, prefect_url: str) -> Iterator[Fakes]:
    made = a_toolbox(
        tmp_path.resolve(), PrefectControl({"fresh-sandboxes": 2, "fresh-models": 2}), features=1
    )
    (made.tools.repository / ".git").mkdir()
    with using(made.tools):
        yield made


def carry_out(fakes: Fakes, **order: object) -> RunReport:
    from flows.run import run

    wanted = {"repo": str(fakes.tools.repository), "agents": 1, **order}
    return run(RunOrder.model_validate(wanted), None)


def test_a_commit_that_appears_on_the_branch_before_the_approval_voids_it(fakes: Fakes) -> None:
    def swap(question: Question) -> None:
        (branch,) = fakes.workspace.branches
        fakes.workspace.branches[branch] = fakes.workspace.record({"evil.py": "import evil\n"})
        decide(fakes, question, Answer.APPROVED)

    with somebody(fakes, swap):
        report = carry_out(fakes)
    (agent,) = report.agents
    assert agent.outcome is Outcome.FAILED
    assert agent.pull_request is None
    assert fakes.forge.pull_requests == {}


def test_a_commit_made_after_changes_were_asked_for_needs_an_approval_of_its_own(fakes: Fakes) -> None:
    def first_changes_then_approve(question: Question) -> None:
        if len(fakes.prover.judged) == 1:
            decide(fakes, question, Answer.CHANGES, "shorter, please")
        else:
            decide(fakes, question, Answer.APPROVED)

    with somebody(fakes, first_changes_then_approve) as asked:
        report = carry_out(fakes)
    first, second = asked
    assert first.id != second.id
    assert first.commit != second.commit
    assert [commit for _, commit in fakes.prover.judged] == [first.commit, second.commit]
    (agent,) = report.agents
    assert (agent.outcome, agent.commit) == (Outcome.COMPLETED, second.commit)


def test_policy_that_wants_a_person_is_asked_about_also_without_approval(fakes: Fakes) -> None:
    fakes.prover.judge = lambda ticket, commit: earned(ticket.base, commit, policy=SEEN)
    with somebody(fakes, lambda question: decide(fakes, question, Answer.REJECTED)) as asked:
        report = carry_out(fakes, approval=False)
    assert [question.why for question in asked] == [Why.POLICY]
    assert [agent.outcome for agent in report.agents] == [Outcome.REJECTED]
    assert fakes.forge.pull_requests == {}


def test_an_approval_of_a_ready_commit_does_not_count_for_what_policy_says_of_the_next(fakes: Fakes) -> None:
    def judge(ticket, commit):  # type: ignore[no-untyped-def]
        later = len(fakes.prover.judged) > 1
        return earned(ticket.base, commit, policy=SEEN if later else PolicyVerdict())

    def answer(question: Question) -> None:
        decide(fakes, question, Answer.CHANGES if question.why is Why.READY else Answer.REJECTED, "more")

    fakes.prover.judge = judge
    with somebody(fakes, answer) as asked:
        report = carry_out(fakes)
    assert [question.why for question in asked] == [Why.READY, Why.POLICY]
    assert [agent.outcome for agent in report.agents] == [Outcome.REJECTED]


@pytest.mark.parametrize("checks", [earned, failed])
@pytest.mark.parametrize("approval", [True, False])
def test_what_policy_blocks_is_mended_or_ends_and_nobody_can_approve_it(
    fakes: Fakes, approval: bool, checks: Callable[[str, str], Evidence]
) -> None:
    blocked = PolicyVerdict(ruling=Ruling.BLOCK, reasons=("a secret is in a.py",))
    fakes.prover.judge = lambda ticket, commit: checks(ticket.base, commit).model_copy(
        update={"policy": blocked}
    )
    with somebody(fakes, lambda question: decide(fakes, question, Answer.APPROVED)) as asked:
        report = carry_out(fakes, approval=approval)
    (agent,) = report.agents
    assert agent.outcome is Outcome.FAILED
    assert agent.failure == "Policy blocks the change: a secret is in a.py"
    assert (asked, fakes.forge.pull_requests, list(fakes.workspace.branches)) == ([], {}, [])
    assert (agent.branch, agent.pull_request) == (None, None)
    assert len(fakes.engine.worked) == 3


def test_an_engine_without_an_idea_after_a_block_ends_without_a_question(fakes: Fakes) -> None:
    blocked = PolicyVerdict(ruling=Ruling.BLOCK, reasons=("a secret is in a.py",))
    fakes.prover.judge = lambda ticket, commit: earned(ticket.base, commit, policy=blocked)
    fakes.engine.gives_up_after_feedback = True
    with somebody(fakes, lambda question: decide(fakes, question, Answer.APPROVED)) as asked:
        report = carry_out(fakes)
    assert [agent.outcome for agent in report.agents] == [Outcome.FAILED]
    assert (asked, fakes.forge.pull_requests, list(fakes.workspace.branches)) == ([], {}, [])
