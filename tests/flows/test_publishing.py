"""Runs meet their forge: reviewers who have enough, and outages that outlast an agent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.hosting import is_resumable
from fresh.adapters.prefect_control import PrefectControl
from fresh.domain.agent import Outcome
from fresh.domain.order import RunOrder
from fresh.domain.report import RunReport
from fresh.domain.report_page import markdown
from fresh.domain.stopping import WhyStopped
from fresh.errors import ForgeRefused, ForgeUnclear, Refusal
from fresh.wiring import using
from tests.fakes.toolbox import Fakes, a_toolbox

pytestmark = pytest.mark.server


@pytest.fixture
def fakes(tmp_path: Path, prefect_url: str) -> Iterator[Fakes]:
    control = PrefectControl({"fresh-sandboxes": 2, "fresh-models": 2})
    made = a_toolbox(tmp_path.resolve(), control)
    (made.tools.repository / ".git").mkdir()
    with using(made.tools):
        yield made


def carry_out(fakes: Fakes, run_id: str | None = None, **order: object) -> RunReport:
    from flows.run import run

    wanted = {"repo": str(fakes.tools.repository), "agents": 3, "approval": False, **order}
    return run(RunOrder.model_validate(wanted), run_id)


def test_no_agent_starts_past_the_open_pull_requests_that_are_allowed(fakes: Fakes) -> None:
    fakes.forge.others = 2
    report = carry_out(fakes, max_open=3)
    assert [agent.outcome for agent in report.agents] == [Outcome.COMPLETED]
    assert report.stopped is WhyStopped.REVIEW
    said = "No further agent starts: 3 pull requests of agents wait for review, and --max-open is 3."
    assert said in report.notes
    status = fakes.tools.journal.status(report.run_id)
    assert status is not None
    assert said in status.alerts
    assert [event.text for event in fakes.tools.journal.events(report.run_id)].count(said) == 1


def test_living_agents_count_as_pull_requests_to_come(fakes: Fakes) -> None:
    fakes.forge.others = 0
    report = carry_out(fakes, max_open=2, overnight=True)
    assert len(fakes.forge.pull_requests) == 2
    assert report.stopped is WhyStopped.REVIEW


def test_with_enough_open_at_the_start_nothing_is_spent(fakes: Fakes) -> None:
    fakes.forge.others = 8
    report = carry_out(fakes)
    assert (report.agents, report.stopped) == ((), WhyStopped.REVIEW)


def test_where_nobody_counts_there_is_no_limit(fakes: Fakes) -> None:
    assert len(carry_out(fakes, max_open=1).agents) == 3


@pytest.mark.parametrize(
    "trouble",
    [
        ForgeUnclear("GitHub could not open a pull request (502): Bad Gateway."),
        ForgeRefused("Pull request #1 is open without its label.", status=403),
    ],
)
def test_what_github_does_not_take_is_parked_and_published_by_resuming(
    fakes: Fakes, trouble: ForgeUnclear | ForgeRefused
) -> None:
    fakes.forge.refusal = trouble
    first = carry_out(fakes, agents=1)
    (agent,) = first.agents
    assert agent.outcome is Outcome.PARKED
    assert trouble.message in (agent.failure or "")
    assert "fresh auto resume publishes it" in (agent.failure or "")
    assert is_resumable(fakes.tools, fakes.tools.journal.run(first.run_id))
    again = carry_out(fakes, first.run_id)
    assert [one.outcome for one in again.agents] == [Outcome.PARKED]

    fakes.forge.refusal = None
    worked = len(fakes.engine.worked) if hasattr(fakes.engine, "worked") else None
    last = carry_out(fakes, first.run_id)
    assert [one.outcome for one in last.agents] == [Outcome.COMPLETED]
    assert len(fakes.forge.pull_requests) == 1
    assert worked is None or len(fakes.engine.worked) == worked
    assert not is_resumable(fakes.tools, fakes.tools.journal.run(first.run_id))


def test_a_branch_that_is_somebody_elses_fails_its_agent_alone(fakes: Fakes) -> None:
    fakes.forge.refusal = Refusal("Branch 'x' was moved by somebody else.")
    (agent,) = carry_out(fakes, agents=1).agents
    assert (agent.outcome, agent.failure) == (Outcome.FAILED, "Branch 'x' was moved by somebody else.")


def test_a_forge_that_is_not_ready_refuses_the_run_before_anything_is_done(fakes: Fakes) -> None:
    fakes.forge.outage = ForgeRefused(
        "GitHub refused to read the repository (401): Bad credentials.", status=401
    )
    with pytest.raises(ForgeRefused, match="401"):
        carry_out(fakes)
    (record,) = fakes.tools.journal.runs()
    assert record.stopped is WhyStopped.REFUSED


def test_what_contains_the_agents_is_said_in_the_report(fakes: Fakes) -> None:
    report = carry_out(fakes, agents=1)
    assert report.notes[0] == fakes.tools.sandbox.probe()
    assert f"- {report.notes[0]}" in markdown(report)
