"""Values for pictures of every message: whole ones, bare ones, and as long as anything gets."""

from __future__ import annotations

from datetime import timedelta

from fresh.domain.agent import AgentReport, Outcome
from fresh.domain.answering import Standing
from fresh.domain.approval import Answer, Decision, Question, Risk, ShownCheck, ShownFile, Why
from fresh.domain.change import Change, FileChange, Ruling
from fresh.domain.ci import CiCheck, CiResult, CiState
from fresh.domain.evidence import CheckState, Figure, Verdict
from fresh.domain.feature import Kind
from fresh.domain.identity import question_id
from fresh.domain.money import Usd
from fresh.domain.phase import Phase
from fresh.domain.report import RunReport
from fresh.domain.status import AgentStatus, QuestionStatus, RunStatus
from fresh.domain.stopping import WhyStopped
from tests.bot.stage import some_particulars
from tests.fakes.story import NOON, RUN, an_order, later

HOOKUP = "pocket.text:normalize"


def a_standing(
    why: Why = Why.READY, answer: Answer | None = None, *, applied: bool = False, **shown: object
) -> Standing:
    """A question with its particulars, and its decision where there is one."""
    question = Question(
        id=question_id("abc12345", why, 0),
        run_id=RUN,
        agent_id="abc12345",
        why=why,
        text="Should the cache live in a file or in memory? A file survives restarts; memory is simpler.",
        commit="c" * 40,
        asked_at=NOON,
        deadline=later(3600),
        particulars=some_particulars(
            why,
            **{
                "checks": (
                    ShownCheck(
                        name="tests of the change",
                        state=CheckState.PASSED,
                        fact="3 new tests pass on the commit and fail on the base",
                    ),
                    ShownCheck(
                        name="the repository's tests", state=CheckState.PASSED, fact="214 passed, 0 failed"
                    ),
                    ShownCheck(name="coverage", state=CheckState.NOT_RUN, fact="it was not measured"),
                ),
                "figures": (
                    Figure(name="tests that pass", base="211 of 211", head="214 of 214"),
                    Figure(
                        name="path from an entry point",
                        base="none: unhooked",
                        head="pocket.cli:main → pocket.text:normalize",
                    ),
                ),
                "verdict": Verdict.EARNED,
                "files": (
                    ShownFile(path="pocket/cli.py", status="M", added=9, removed=3),
                    ShownFile(path="tests/test_cli.py", status="A", added=3, removed=0),
                ),
                "file_count": 2,
                "risk": Risk.MEDIUM,
                "risks": ("coverage was not run",),
                **shown,
            },
        ),
    )
    decision = None
    if answer is not None:
        words = "use a file" if answer is Answer.CHANGES else ""
        by, through = ("ada (UADA)", "slack") if answer is not Answer.EXPIRED else ("nobody in time", "clock")
        decision = Decision(answer=answer, by=by, through=through, text=words, at=later(600))
    return Standing(question=question, decision=decision, applied_at=later(601) if applied else None)


def an_agent(name: str, phase: Phase = Phase.IMPLEMENTING, **more: object) -> AgentStatus:
    """One agent as status shows it."""
    asks = (
        QuestionStatus(f"{name}-ready-0", "ready", "please test", later(3600).isoformat())
        if phase is Phase.AWAITING_USER
        else None
    )
    given: dict[str, object] = {
        "id": name,
        "phase": phase,
        "feature": HOOKUP,
        "kind": "hookup",
        "runtime_seconds": 930.0,
        "cost_usd": 0.75,
        "cap_usd": 1.0,
        "branch": f"autonomous/{name}-normalize",
        "question": asks,
        "flow_run_url": f"http://prefect.test/runs/flow-run/{name}",
        **more,
    }
    return AgentStatus(**given)  # type: ignore[arg-type]


def a_status(*agents: AgentStatus, **more: object) -> RunStatus:
    """One run as status shows it."""
    given: dict[str, object] = {
        "run_id": RUN,
        "running": True,
        "died": False,
        "repository": "/home/ada/pocket",
        "strategy": "highest_impact",
        "engine": "llm",
        "spent_usd": 3.25,
        "held_usd": 0.12,
        "budget_usd": 10.0,
        "opened_at": NOON.isoformat(),
        "deadline": (NOON + timedelta(hours=8)).isoformat(),
        "agents": agents,
        **more,
    }
    return RunStatus(**given)  # type: ignore[arg-type]


def an_ending(name: str, outcome: Outcome, **more: object) -> AgentReport:
    """One agent's report with a change."""
    change = Change(
        base="b" * 40,
        commit="c" * 40,
        files=(
            FileChange(
                path="pocket/cli.py",
                status="M",
                old_mode="100644",
                new_mode="100644",
                old_blob="a" * 40,
                new_blob="b" * 40,
                added=9,
                removed=3,
            ),
        ),
    )
    report = AgentReport(
        agent_id=name,
        feature=HOOKUP,
        kind=Kind.HOOKUP,
        outcome=outcome,
        change=change,
        cost=Usd.of("0.75"),
        summary="adds `pocket normalize`",
    )
    return report.model_copy(update=more)


def a_run_report(run_id: str = RUN, repository: str = "/home/ada/pocket", **more: object) -> RunReport:
    """A night with every kind of ending."""
    from fresh.domain.order import EngineName

    report = RunReport(
        run_id=run_id,
        repository=repository,
        base="b" * 40,
        order=an_order(),
        engine=EngineName.LLM,
        seed=7,
        inventory_digest="d" * 12,
        inventory_summary={"unhooked": 3},
        started_at=NOON,
        ended_at=NOON + timedelta(hours=7, minutes=12),
        stopped=WhyStopped.NOTHING_WORTHWHILE,
        cost=Usd.of("3.25"),
        agents=(
            an_ending(
                "abc12345",
                Outcome.COMPLETED,
                pull_request="https://forge.test/pull/7",
                ci=CiState(commit="c" * 40, checks=(CiCheck(name="lint", result=CiResult.FAILED),)),
                reviewed_by="ada (UADA)",
            ),
            an_ending(
                "bcd12345",
                Outcome.COMPLETED,
                pull_request="https://forge.test/pull/8",
                kind=Kind.TESTS,
                cost=Usd.of("1.25"),
            ),
            an_ending("cde12345", Outcome.PARKED, failure="Nobody has answered yet."),
            an_ending(
                "def67890",
                Outcome.FAILED,
                failure="Policy blocks the change: it weakens a test.",
                kind=Kind.QUALITY,
                cost=Usd.of("0.5"),
            ),
            an_ending("efa12345", Outcome.DECLINED, failure="its parameters are no options", cost=Usd.of(0)),
        ),
        notes=("The tests of the base commit fail in 2 places.",),
    )
    return report.model_copy(update=more)


POLICY = {
    "ruling": Ruling.NEEDS_HUMAN,
    "policy_reasons": ("it touches .github/workflows/ci.yml",),
    "risk": Risk.HIGH,
}
