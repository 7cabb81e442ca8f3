"""Agents with a scripted model on a real Prefect server: what they ask, where they stop, what is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest

from fresh.adapters.prefect_control import PrefectControl
from fresh.domain.agent import Outcome, Ticket
from fresh.domain.approval import Answer, Decision, Question
from fresh.domain.conversation import Item, Output, Reply, Request
from fresh.domain.order import EngineName, RunOrder
from fresh.domain.report import RunReport
from fresh.domain.stopping import StopRequest
from fresh.engines.llm.asking import Asker
from fresh.engines.llm.bounds import Bounds
from fresh.engines.llm.engine import LlmEngine
from fresh.engines.llm.meter import Meter
from fresh.wiring import using
from tests.fakes.model import ScriptedModel, calls, says
from tests.fakes.prices import FakePrices
from tests.fakes.prover import failed
from tests.fakes.toolbox import Fakes, a_toolbox

pytestmark = pytest.mark.server

PLANS = calls("finish_plan", summary="improve the part", files=["shop/part0.py"])
WRITES = calls("write_file", path="shop/more.py", content="MORE = 1\n")
ASKS = calls("ask_human", question="Should @everyone see it?")
TESTS = calls("run_tests")
FINISHES = calls("finish", summary="the part is better")


@dataclass
class Stage:
    """A toolbox whose llm engine asks `model`."""

    fakes: Fakes
    model: ScriptedModel

    def carry_out(self, **order: object) -> RunReport:
        from flows.run import run

        wanted = {
            "repo": str(self.fakes.tools.repository), "agents": 1, "approval": False, "engine": "llm", "model": "m", **order,
        }  # fmt: skip
        return run(RunOrder.model_validate(wanted), None)

    @contextmanager
    def somebody(self, act: Callable[[Question], None]) -> Iterator[list[Question]]:
        """Play the person who sees every question once."""
        seen: list[Question] = []
        over = threading.Event()

        def look() -> None:
            journal = self.fakes.tools.journal
            while not over.wait(0.1):
                for record in journal.runs():
                    for question in journal.questions(record.id, undecided=True):
                        if question.id not in {known.id for known in seen}:
                            seen.append(question)
                            act(question)

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            yield seen
        finally:
            over.set()
            watcher.join()

    def decide(self, question: Question, answer: Answer, text: str = "") -> None:
        tools = self.fakes.tools
        tools.journal.decide(
            question.id,
            Decision(answer=answer, by="ada", through="terminal", text=text, at=tools.clock.now()),
        )

    @property
    def told(self) -> str:
        """The last request, as JSON."""
        return self.model.requests[-1].model_dump_json()


def a_stage(fakes: Fakes, *script: Reply | Callable[[Request], Reply | Item], steps: int = 5) -> Stage:
    tools = fakes.tools
    model = ScriptedModel(script[0] if callable(script[0]) else script)  # type: ignore[arg-type]

    def halted(ticket: Ticket) -> str | None:
        return "it was asked to stop" if tools.journal.stop_requests(ticket.run_id) else None

    meter = Meter(model, tools.ledger, FakePrices(), tools.clock, tools.host, nullcontext, halted)
    asker = Asker(meter, "m", max_output_tokens=1000)
    engine = LlmEngine(asker, tools.journal, tools.clock, Bounds(steps=steps))  # type: ignore[arg-type]
    tools.engines = {**tools.engines, EngineName.LLM: engine}
    return Stage(fakes, model)


@pytest.fixture
def fakes(tmp_path: Path, prefect_url: str) -> Iterator[Fakes]:
    control = PrefectControl({"fresh-sandboxes": 2, "fresh-models": 2})
    made = a_toolbox(tmp_path.resolve(), control, features=1)
    (made.tools.repository / ".git").mkdir()
    with using(made.tools):
        yield made


def test_an_agent_plans_works_and_publishes(fakes: Fakes) -> None:
    stage = a_stage(fakes, PLANS, WRITES, TESTS, FINISHES)
    (agent,) = stage.carry_out().agents

    assert (agent.outcome, agent.summary) == (Outcome.COMPLETED, "the part is better")
    assert len(fakes.forge.pull_requests) == 1
    assert agent.cost.micros > 0


def test_a_decision_that_the_plan_needs_is_asked_before_anything_is_written(fakes: Fakes) -> None:
    needs = calls("finish_plan", summary="s", files=["a"], decision_needed="One module or two?")
    stage = a_stage(fakes, needs, WRITES, TESTS, FINISHES)

    def answer(question: Question) -> None:
        assert fakes.workspace.branches == {}
        stage.decide(question, Answer.CHANGES, "two, please")

    with stage.somebody(answer) as seen:
        (agent,) = stage.carry_out().agents

    assert [(question.why, question.commit) for question in seen] == [("architecture", None)]
    assert "One module or two?" in seen[0].text
    assert "answered your question:\\ntwo, please" in stage.told
    assert agent.outcome is Outcome.COMPLETED


def test_a_question_in_the_middle_of_work_shows_what_is_there_and_its_answer_goes_on(fakes: Fakes) -> None:
    stage = a_stage(fakes, PLANS, WRITES, ASKS, TESTS, FINISHES)

    def answer(question: Question) -> None:
        assert list(fakes.workspace.branches.values()) == [question.commit]
        stage.decide(question, Answer.APPROVED)

    with stage.somebody(answer) as seen:
        (agent,) = stage.carry_out().agents

    assert "@everyone" not in seen[0].text
    assert "Go on as you think best." in stage.told
    assert agent.outcome is Outcome.COMPLETED
    assert len(stage.model.requests) == 5


def test_a_question_that_nobody_answers_parks_the_agent_until_somebody_does(fakes: Fakes) -> None:
    from flows.run import run

    stage = a_stage(fakes, PLANS, ASKS, WRITES, TESTS, FINISHES)
    report = stage.carry_out(approval_timeout=0.02)
    assert [agent.outcome for agent in report.agents] == [Outcome.PARKED]

    (question,) = fakes.tools.journal.questions(report.run_id, undecided=True)
    stage.decide(question, Answer.CHANGES, "no")
    again = run(report.order, report.run_id)

    assert [agent.outcome for agent in again.agents] == [Outcome.COMPLETED]
    assert "answered your question:\\nno" in stage.told


def test_a_rejected_question_ends_the_agent(fakes: Fakes) -> None:
    stage = a_stage(fakes, PLANS, ASKS)
    with stage.somebody(lambda question: stage.decide(question, Answer.REJECTED, "leave it")):
        (agent,) = stage.carry_out().agents

    assert (agent.outcome, agent.failure) == (Outcome.REJECTED, "Rejected by ada. leave it")
    assert fakes.forge.pull_requests == {}


def test_failing_checks_go_back_to_the_model_in_its_own_conversation(fakes: Fakes) -> None:
    verdicts = iter([failed, None])
    judge = fakes.prover.judge
    fakes.prover.judge = lambda ticket, commit: (
        next(verdicts, None) or (lambda base, commit: judge(ticket, commit))
    )(ticket.base, commit)
    mends = calls("write_file", path="shop/more.py", content="MORE = 2\n")
    stage = a_stage(fakes, PLANS, WRITES, TESTS, FINISHES, mends, TESTS, FINISHES)
    (agent,) = stage.carry_out().agents

    assert agent.outcome is Outcome.COMPLETED
    assert "1 test fails that passed on base" in stage.told
    assert len(fakes.prover.judged) == 2


def test_an_agent_that_goes_in_circles_fails_with_the_reason_and_its_work_is_kept(fakes: Fakes) -> None:
    def brain(request: Request) -> Reply | Item:
        turn = sum(isinstance(item, Output) for item in request.items)
        if not request.tools:
            return says("half of it is there")
        return (PLANS, WRITES)[turn] if turn < 2 else calls("read_file", path="shop/more.py", first=turn)

    (agent,) = a_stage(fakes, brain).carry_out().agents

    assert agent.outcome is Outcome.FAILED
    assert agent.failure == (
        "The engine stopped, because it has taken 5 steps, and no more are allowed. Its work is kept on its branch."
    )
    assert agent.summary == "half of it is there"
    assert list(fakes.workspace.branches.values()) == [agent.commit]
    assert fakes.forge.pull_requests == {}
    assert fakes.prover.judged == []


def test_an_agent_without_money_for_another_request_fails_with_the_reason(fakes: Fakes) -> None:
    def brain(request: Request) -> Reply | Item:
        turn = sum(isinstance(item, Output) for item in request.items)
        return (PLANS, WRITES)[turn] if turn < 2 else calls("read_file", path="shop/more.py", first=turn)

    (agent,) = a_stage(fakes, brain, steps=40).carry_out(cap="0.045").agents

    assert agent.outcome is Outcome.FAILED
    assert agent.failure is not None
    assert "the cap of agent" in agent.failure
    assert agent.cost.micros <= 45_000
    assert fakes.forge.pull_requests == {}


def test_success_that_is_claimed_without_a_change_is_declined(fakes: Fakes) -> None:
    (agent,) = a_stage(fakes, PLANS, FINISHES, FINISHES).carry_out().agents

    assert agent.outcome is Outcome.DECLINED
    assert agent.failure == "The engine finished without changing any file."


def test_a_stop_in_the_middle_keeps_what_is_written(fakes: Fakes) -> None:
    def brain(request: Request) -> Reply | Item:
        turn = sum(isinstance(item, Output) for item in request.items)
        if turn == 1:
            (record,) = fakes.tools.journal.runs()
            fakes.tools.journal.request_stop(
                StopRequest(run_id=record.id, by="ada", through="terminal", at=fakes.tools.clock.now())
            )
        return (PLANS, WRITES)[turn]

    stage = a_stage(fakes, brain)
    (agent,) = stage.carry_out().agents

    assert agent.outcome is Outcome.STOPPED
    assert list(fakes.workspace.branches.values()) == [agent.commit]
    assert len(stage.model.requests) == 2


def test_a_stop_before_the_plan_is_made_is_a_stop(fakes: Fakes) -> None:
    def brain(request: Request) -> Reply | Item:
        (record,) = fakes.tools.journal.runs()
        fakes.tools.journal.request_stop(
            StopRequest(run_id=record.id, by="ada", through="terminal", at=fakes.tools.clock.now())
        )
        return calls("search", pattern="x")

    (agent,) = a_stage(fakes, brain).carry_out().agents

    assert agent.outcome is Outcome.STOPPED
    assert fakes.workspace.branches == {}
