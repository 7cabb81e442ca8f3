"""What an agent does when the project's own checks go red on its pull request: real flow, fake GitHub, real git."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fresh.domain.agent import AgentReport, Outcome
from fresh.domain.ci import CiState, Colour
from fresh.domain.evidence import Evidence
from fresh.domain.order import RunOrder
from fresh.domain.work import Plan, Work
from fresh.ports import Bench
from fresh.wiring import using
from tests.fakes.engine import ScriptedEngine
from tests.fakes.github import Fate, Fault, github
from tests.fakes.github.world import Repository
from tests.fakes.prover import earned, failed
from tests.flows.github_stage import Stage, staged, unreached

pytestmark = pytest.mark.server


class Listening(ScriptedEngine):
    """An engine that remembers the evidence it was given, and may run out of money at a round of work."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Evidence | None] = []
        self.out_of_money_at = 0

    def work(self, bench: Bench, plan: Plan, feedback: Evidence | None, asked: str) -> Work:
        self.heard.append(feedback)
        made = super().work(bench, plan, feedback, asked)
        if len(self.heard) == self.out_of_money_at:
            return made.model_copy(update={"unfinished": "Its cap of $1.00 can fund no further request."})
        return made


@pytest.fixture
def engine() -> Listening:
    return Listening()


@pytest.fixture
def stage(tmp_path: Path, prefect_url: str, engine: Listening) -> Iterator[Stage]:
    with github(tmp_path / "hub") as server, staged(server, tmp_path.resolve()) as made:
        tools = replace(made.tools, engines=dict.fromkeys(made.tools.engines, engine), ci_minutes=10.0)
        with using(tools):
            yield replace(made, tools=tools, engine=engine)


def lint_fails_until(stage: Stage, rounds: int) -> None:
    """Let CI run on each push: `lint` fails as long as the agent has worked fewer rounds than this."""
    world = stage.bench.server.world

    def workflow(hub: Repository, branch: str, sha: str) -> None:
        red = f"round {rounds}" not in hub.git.run("show", f"{sha}:shop/part0.py")
        world.check(hub, sha, "test", "success")
        world.check(hub, sha, "lint", "failure" if red else "success", "E501 line too long" if red else None)

    world.workflows.append(workflow)


def one_night(stage: Stage) -> AgentReport:
    stage.offer(unreached(0))
    (agent,) = stage.night(agents=1).agents
    return agent


def told(agent: AgentReport) -> CiState:
    assert agent.ci is not None
    return agent.ci


def assert_one_pull_request_at(stage: Stage, agent: AgentReport) -> None:
    (pull,) = stage.bench.hub.pulls
    assert agent.outcome is Outcome.COMPLETED
    assert pull.pull is not None
    assert agent.pull_request is not None
    assert agent.pull_request.endswith(f"/pull/{pull.number}")
    assert stage.bench.hub.git.heads()[pull.pull.head] == agent.commit
    assert stage.tools.workspace.published(pull.pull.head) == agent.commit
    assert pull.labels == ["autonomous", "hookup"]


def test_a_red_check_that_the_change_is_to_blame_for_is_repaired_on_the_same_pull_request(
    stage: Stage, engine: Listening
) -> None:
    lint_fails_until(stage, rounds=2)

    agent = one_night(stage)

    assert_one_pull_request_at(stage, agent)
    assert (told(agent).colour, told(agent).repaired) == (Colour.GREEN, True)
    first, second = engine.heard
    assert first is None
    assert second is not None
    assert [(check.name, check.detail) for check in second.failures] == [("CI: lint", "E501 line too long")]
    assert len(stage.prover.judged) == 2, "the repair is judged as any other commit"
    status = stage.tools.journal.status(repository=str(stage.tools.repository))
    assert status is not None
    assert [each.ci for each in status.agents] == ["green"]


def test_a_check_that_is_red_again_is_reported_and_not_repaired_again(
    stage: Stage, engine: Listening
) -> None:
    lint_fails_until(stage, rounds=9)

    agent = one_night(stage)

    assert_one_pull_request_at(stage, agent)
    assert len(engine.heard) == 2
    assert (told(agent).colour, told(agent).blamed, told(agent).repaired) == (Colour.RED, ("lint",), True)


def test_a_check_that_is_red_on_the_base_too_is_not_repaired(stage: Stage, engine: Listening) -> None:
    base = stage.bench.hub.git.heads()["main"]
    stage.bench.server.world.check(stage.bench.hub, base, "lint", "failure")
    lint_fails_until(stage, rounds=9)

    agent = one_night(stage)

    assert_one_pull_request_at(stage, agent)
    assert len(engine.heard) == 1
    assert (told(agent).colour, told(agent).blamed, told(agent).repaired) == (Colour.RED, (), False)


def test_a_repair_that_the_cap_cannot_fund_leaves_what_is_published(stage: Stage, engine: Listening) -> None:
    lint_fails_until(stage, rounds=2)
    engine.out_of_money_at = 2

    agent = one_night(stage)

    assert_one_pull_request_at(stage, agent)
    assert told(agent).colour is Colour.RED
    assert told(agent).note == "a repair was tried: Its cap of $1.00 can fund no further request"


def test_a_repair_that_fails_its_own_checks_is_not_published(stage: Stage, engine: Listening) -> None:
    lint_fails_until(stage, rounds=2)
    stage.prover.judge = lambda ticket, commit: (
        failed(ticket.base, commit)
        if b"round 2" in stage.tools.workspace.read(commit, "shop/part0.py")
        else earned(ticket.base, commit)
    )

    agent = one_night(stage)

    assert_one_pull_request_at(stage, agent)
    assert (told(agent).colour, told(agent).note) == (Colour.RED, "a repair was tried: its own checks fail")
    assert len(engine.heard) == 2


def test_a_repair_that_github_did_not_take_is_parked_and_published_by_resuming(
    stage: Stage, engine: Listening
) -> None:
    from flows.run import run

    lint_fails_until(stage, rounds=2)
    fault = Fault("POST", r"git-receive-pack$", Fate.ANSWERED, skip=1, times=99)
    stage.bench.server.world.faults.append(fault)
    stage.offer(unreached(0))
    report = stage.night(agents=1)
    (agent,) = report.agents
    assert agent.outcome is Outcome.PARKED
    assert "fresh auto resume publishes it" in (agent.failure or "")
    assert (agent.pull_request or "").endswith("/pull/1")
    assert told(agent).colour is Colour.RED

    fault.times = 0
    (agent,) = run(RunOrder(repo=str(stage.tools.repository)), report.run_id).agents

    assert_one_pull_request_at(stage, agent)
    assert (told(agent).colour, told(agent).repaired) == (Colour.GREEN, True)
    assert len(engine.heard) == 2, "what was made before is not made again"
