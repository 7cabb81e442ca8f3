"""Clicks on a real Prefect server: real paused flow runs go on, and one decision stands whoever else decides."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client

from bot.ordering import place_order
from deployments.provision import declared, provision
from fresh.adapters.prefect_control import PrefectControl
from fresh.domain.answering import Standing
from fresh.domain.approval import Answer, Question
from fresh.domain.order import RunOrder
from fresh.domain.report import RunReport
from fresh.domain.stopping import StopRequest
from fresh.errors import OperatorMistake
from fresh.wiring import using
from tests.bot.stage import ROOT, Stage, now, percentile
from tests.fakes.toolbox import Fakes, a_toolbox

pytestmark = [pytest.mark.server, pytest.mark.slow]

GOES_ON_WITHIN = 1.5
"""Seconds from a click until the flow itself goes on, for 95 of 100 clicks."""


@pytest.fixture
def fakes(stage: Stage, prefect_url: str) -> Iterator[Fakes]:
    made = a_toolbox(stage.folder, PrefectControl({"fresh-sandboxes": 2, "fresh-models": 2}), features=12)
    with using(made.tools):
        yield made


@contextmanager
def a_run(stage: Stage, agents: int, **order: object) -> Iterator[Callable[[], RunReport]]:
    """Carry out a run in a thread, as a process of its own would."""
    from flows.run import run

    wanted = RunOrder.model_validate(
        {"repo": str(stage.repository), "agents": agents, "approval": True, **order}
    )
    ended: list[RunReport] = []
    thread = threading.Thread(target=lambda: ended.append(run(wanted, None)), daemon=True)
    thread.start()

    def end() -> RunReport:
        thread.join(60)
        return ended[0]

    yield end
    for record in stage.journal.runs():
        if record.closed_at is None:
            stop_all(stage, record.id)
    thread.join(60)


def stop_all(stage: Stage, run_id: str) -> None:
    stage.journal.request_stop(StopRequest(run_id=run_id, by="the test", through="terminal", at=now()))


def open_questions(stage: Stage, number: int, within: float = 60) -> list[Question]:
    stage.slack.until(
        lambda: len(stage.journal.questions(undecided=True)) >= number, within, f"{number} questions"
    )
    return list(stage.journal.questions(undecided=True))


def applied(stage: Stage, question: Question, within: float = 20) -> Standing:
    stage.slack.until(lambda: stage.journal.standing(question.id).applied_at is not None, within, "going on")
    return stage.journal.standing(question.id)


def click_through_a_run(stage: Stage, agents: int) -> list[float]:
    """Let agents ask, approve each in Slack, and measure the seconds from the click until its flow has gone on."""
    stage.bot()
    with a_run(stage, agents) as end:
        questions = open_questions(stage, agents)
        for question in questions:
            stage.card(question, 30)
        took = []
        for question in questions:
            clicked = time.time()
            ack = stage.slack.click("UADA", stage.card(question), "approve")
            assert ack.milliseconds is not None
            standing = applied(stage, question)
            assert standing.applied_at is not None
            took.append(standing.applied_at.timestamp() - clicked)
        report = end()
    assert {agent.reviewed_by for agent in report.agents} == {"uada (UADA) (through slack)"}
    for question in questions:
        stage.applied_on_card(question, 30)
    stage.slack.until(lambda: stage.cards(report.run_id, "report"), 20, "the report")
    p50, p95 = percentile(took, 0.5), percentile(took, 0.95)
    print(f"click to flow going on, {len(took)} clicks: p50 {p50:.2f} s, p95 {p95:.2f} s")
    return took


def test_a_click_lets_the_flow_go_on_and_the_card_says_so(stage: Stage, fakes: Fakes) -> None:
    click_through_a_run(stage, 3)


@pytest.mark.night
def test_a_click_lets_the_flow_go_on_within_a_second_and_a_half(stage: Stage, fakes: Fakes) -> None:
    assert percentile(click_through_a_run(stage, 12), 0.95) < GOES_ON_WITHIN


@pytest.mark.night
def test_of_a_hundred_decisions_at_once_one_stands_and_everybody_is_told(stage: Stage, fakes: Fakes) -> None:
    stage.start_bot()
    stage.bot()
    stage.slack.wait_for_sockets(4)
    with a_run(stage, 1):
        (question,) = open_questions(stage, 1)
        card = stage.card(question)
        flow_run = stage.journal.flow_run(question.agent_id)
        clicks = [
            ("interactive", stage.slack.gestures.click(user, card, "approve"))
            for user in ("UADA", "UBOB") * 40
        ]
        with ThreadPoolExecutor(32) as crowd:
            typed = [
                crowd.submit(type_in_terminal, stage, verb, question.agent_id)
                for verb in ("approve", "reject") * 2
            ]
            resumed = [crowd.submit(resume, str(flow_run), answer) for answer in ("approved", "rejected") * 8]
            acks = stage.slack.send_all(clicks, within=60)
            spoken = [one.result() for one in typed]
            accepted = [one.result() for one in resumed]
        applied(stage, question)
    decision = stage.journal.decision(question.id)
    assert decision is not None
    # A click without an acknowledgement shows a warning in Slack, and the person clicks again.
    again = [click for click, ack in zip(clicks, acks, strict=True) if ack.milliseconds is None]
    for click in again:
        stage.slack.until(
            lambda click=click: stage.slack.send(*click).milliseconds is not None, 10, "another click"
        )

    def answers() -> list[str]:
        return stage.slack.told("UADA") + stage.slack.told("UBOB")

    stage.slack.until(lambda: len(answers()) >= 80, 20, "eighty answers")
    assert sum("Recorded" in text for text in answers()) == (decision.through == "slack")
    assert [text for text in answers() if "Recorded" not in text and decision.by not in text] == []
    assert sum(one == "ACCEPT" for one in accepted) <= 1
    for said in spoken:
        assert said.startswith(("Approved", "Rejected")) or decision.by in said, said
    trail = [link.content for link in stage.journal.audit_rows(question=question.id)]
    assert sum(entry.outcome == "won" for entry in trail) <= 1
    assert len(stage.cards(question.id)) == 1
    assert decision.answer in (Answer.APPROVED, Answer.REJECTED)


def type_in_terminal(stage: Stage, verb: str, agent: str) -> str:
    """Decide through the terminal, as a process of its own."""
    environment = {**os.environ, "FRESH_HOME": str(stage.home), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "auto", verb, agent],
        cwd=stage.repository,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return (done.stdout + done.stderr).strip()


def resume(flow_run: str, answer: str) -> str:
    """Decide through Prefect's own API, as the Resume form does."""
    with get_client(sync_client=True) as client:
        reply = client.resume_flow_run(
            UUID(flow_run), run_input={"answer": answer, "words": "", "by": "Grace"}
        )
    return reply.status.value


def test_a_run_that_slack_orders_is_one_flow_run_of_the_deployment(stage: Stage, prefect_url: str) -> None:
    order = RunOrder(repo=str(stage.repository), agents=2)
    with get_client(sync_client=True) as client:
        wanted = [one for one in declared() if one.name == "interactive"]
        provision(client, wanted)
        made = {place_order(order, "0a1b2c3d").rpartition("/")[2] for _ in range(2)}
        assert len(made) == 1, "ordered twice, it is one"
        flow_run = client.read_flow_run(UUID(made.pop()))
        client.delete_flow_run(flow_run.id)
    assert flow_run.parameters["run_id"] == "0a1b2c3d"
    assert flow_run.parameters["order"]["agents"] == 2
    assert "run:0a1b2c3d" in flow_run.tags
    with get_client(sync_client=True) as client:
        for deployment in client.read_deployments():
            client.delete_deployment(deployment.id)
    with pytest.raises(OperatorMistake, match="no deployment run/overnight"):
        place_order(RunOrder(repo=str(stage.repository), overnight=True), "0a1b2c3e")
