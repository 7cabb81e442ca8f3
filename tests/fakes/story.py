"""Values of a made-up run, for tests that need some that are whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fresh.domain.agent import AgentReport, Outcome, Ticket
from fresh.domain.approval import Answer, Decision, Question, Why
from fresh.domain.feature import Feature, Kind, Reachability
from fresh.domain.host import Host
from fresh.domain.identity import question_id
from fresh.domain.order import EngineName, RunOrder
from fresh.domain.record import Event, RunRecord
from fresh.domain.stopping import StopRequest

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
REPOSITORY = "/home/ada/pocket"
RUN = "0d1e2f3a"
HERE = Host(machine="here/boot", pid=100, start=1)
THERE = Host(machine="there/boot", pid=200, start=2)


def later(seconds: float) -> datetime:
    """Noon and some seconds."""
    return NOON + timedelta(seconds=seconds)


def an_order(**changes: object) -> RunOrder:
    """Order with defaults."""
    return RunOrder.model_validate({"repo": REPOSITORY, **changes})


def a_run(name: str = RUN, at: datetime = NOON, repository: str = REPOSITORY, **order: object) -> RunRecord:
    """One run of eight hours."""
    wanted = an_order(repo=repository, **order)
    return RunRecord(
        id=name,
        repository=repository,
        order=wanted,
        base="b" * 40,
        engine=EngineName.CODEMOD,
        seed=7,
        opened_at=at,
        deadline=at + timedelta(hours=wanted.hours),
    )


def a_ticket(
    name: str = "abc12345", feature: str = "pocket.text:normalize", run: str = RUN, **order: object
) -> Ticket:
    """One agent's ticket."""
    module, _, qualname = feature.partition(":")
    return Ticket(
        run_id=run,
        agent_id=name,
        order=an_order(**order),
        repository=REPOSITORY,
        base="b" * 40,
        branch=f"autonomous/{name}-{qualname}",
        feature=Feature(
            key=feature,
            module=module,
            qualname=qualname,
            path="pocket/text.py",
            line=1,
            end_line=5,
            reachability=Reachability.UNHOOKED,
        ),
        kind=Kind.HOOKUP,
        reasons=("unhooked: nothing reaches it", "necessity 0.62: 3 callers"),
        engine=EngineName.CODEMOD,
        seed=7,
    )


def a_report(name: str = "abc12345", outcome: Outcome = Outcome.COMPLETED, **more: object) -> AgentReport:
    """One agent's report."""
    return AgentReport(
        agent_id=name, feature="pocket.text:normalize", kind=Kind.HOOKUP, outcome=outcome
    ).model_copy(update=more)


def a_question(agent: str = "abc12345", why: Why = Why.READY, ordinal: int = 0, run: str = RUN) -> Question:
    """One question, asked at noon, to be answered within the hour."""
    return Question(
        id=question_id(agent, why, ordinal),
        run_id=run,
        agent_id=agent,
        why=why,
        text=f"Agent completed work, please test branch autonomous/{agent}-normalize\n\nand more",
        commit="c" * 40,
        asked_at=later(ordinal),
        deadline=later(3600),
    )


def a_decision(answer: Answer = Answer.APPROVED, by: str = "Ada", through: str = "terminal") -> Decision:
    """One decision."""
    return Decision(answer=answer, by=by, through=through, text="", at=later(60))


def a_stop(force: bool = False, agent: str | None = None, run: str = RUN) -> StopRequest:
    """One stop request."""
    return StopRequest(run_id=run, agent_id=agent, force=force, by="Ada", through="terminal", at=later(60))


def a_line(text: str, agent: str | None = None, at: datetime = NOON, run: str = RUN) -> Event:
    """One line of the audit trail."""
    return Event(run_id=run, agent_id=agent, at=at, text=text)
