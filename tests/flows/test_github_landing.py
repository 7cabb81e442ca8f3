"""Changes that land together at GitHub: a base and branches that stand there alone, and pages that say the order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fresh.domain.agent import Outcome
from fresh.domain.landing import Place
from fresh.domain.order import RunOrder
from fresh.domain.report import RunReport
from fresh.ports import Bench
from tests.fakes.engine import appends_a_line
from tests.fakes.github import Fate, Fault, github
from tests.fakes.github.world import Pull
from tests.flows.github_stage import Stage, staged, unreached

pytestmark = pytest.mark.server


@pytest.fixture
def stage(tmp_path: Path, prefect_url: str) -> Iterator[Stage]:
    with github(tmp_path / "hub") as server, staged(server, tmp_path.resolve()) as made:
        yield made


def bodies(stage: Stage) -> dict[str, str]:
    """The texts of the pull requests by branch."""
    return {pull.pull.head: pull.body or "" for pull in stage.bench.hub.pulls if pull.pull is not None}


def patches(stage: Stage) -> int:
    return sum(seen.method == "PATCH" and seen.status < 300 for seen in stage.bench.server.world.requests)


def test_what_happens_at_github_alone_while_an_agent_works_is_looked_at(stage: Stage) -> None:
    """Nothing of it is in the operator's clone: not the base's new commit, not the other agent's branch."""
    hub, world = stage.bench.hub, stage.bench.server.world
    moved: list[str] = []

    def act(bench: Bench, rounds: int) -> None:
        if not moved:
            base = hub.git.heads()["main"]
            theirs = "autonomous/deadbeef-part0"
            hub.git.run("update-ref", f"refs/heads/{theirs}", base)
            tip = hub.git.commit(theirs, {"shop/part0.py": "def part0():\n    return 'theirs'\n"})
            world.open_issue(hub, "ben", "Theirs", "By another machine.", ["autonomous"]).pull = Pull(
                theirs, "main", tip, base
            )
            moved.append(hub.git.commit("main", {"shop/other.py": "OTHER = 1\n"}))
        appends_a_line(bench, rounds)

    stage.engine.act = act
    stage.offer(unreached(0))

    (agent,) = stage.night(agents=1).agents

    assert agent.outcome is Outcome.COMPLETED
    assert agent.evidence is not None
    assert agent.evidence.base == moved[0], (
        "it was put on the base as it is at GitHub, and judged again there"
    )
    assert stage.tools.workspace.contains(str(agent.commit), moved[0])
    assert agent.landing is not None
    assert [each.branch for each in agent.landing.overlaps] == ["autonomous/deadbeef-part0"]
    body = bodies(stage)[str(agent.branch)]
    assert "it conflicts with autonomous/deadbeef-part0 in shop/part0.py" in body


def test_the_pages_say_the_order_once_whatever_is_lost_and_however_often_it_is_resumed(stage: Stage) -> None:
    stage.prover.together = lambda commit: (
        ("tests/test_a.py::test_b",)
        if all(b"round" in stage.tools.workspace.read(commit, f"shop/part{n}.py") for n in (0, 1))
        else ()
    )
    stage.bench.server.world.faults.append(Fault("PATCH", r"pulls/\d+$", Fate.LOST))
    stage.offer(unreached(0), unreached(1), unreached(2))

    report = stage.night(agents=3)

    assert patches(stage) == 3
    _assert_pages_agree_with(stage, report)
    again = _resumed(stage, report)
    assert patches(stage) == 3
    assert again.integration == report.integration
    _assert_pages_agree_with(stage, again)


def test_a_page_that_github_did_not_take_is_amended_by_resuming(stage: Stage) -> None:
    refused = Fault("PATCH", r"pulls/1$", Fate.ANSWERED, status=403, times=99)
    refused.body = {"message": "Resource not accessible by personal access token"}
    stage.bench.server.world.faults.append(refused)
    stage.offer(unreached(0), unreached(1))
    report = stage.night(agents=2)
    assert sum("does not say how it lands beside the others" in note for note in report.notes) == 1
    assert patches(stage) == 1

    refused.times = 0
    _resumed(stage, report)

    assert patches(stage) == 2
    _assert_pages_agree_with(stage, report)


def _resumed(stage: Stage, report: RunReport) -> RunReport:
    from flows.run import run

    return run(RunOrder(repo=str(stage.tools.repository)), report.run_id)


def _assert_pages_agree_with(stage: Stage, report: RunReport) -> None:
    """Every page has the order of the report once, at GitHub and here."""
    assert report.integration is not None
    merging = report.integration.placed(Place.MERGES)
    files = [path.read_text() for path in (stage.bench.state / "pull_requests").iterdir()]
    assert len(files) == len(report.integration.order)
    for placed in report.integration.order:
        number = report.integration.number(placed.agent_id)
        said = (
            f"**Merge this as number {number} of {len(merging)}**"
            if number is not None
            else "⚠️ **Don't just merge this beside the others**"
        )
        body = bodies(stage)[placed.branch]
        assert body.count("## Landing together") == 1
        assert said in body
        assert [said in text for text in files if f"`{placed.branch}` at" in text] == [True]
        for position, each in enumerate(merging, start=1):
            assert f"{position}. `{each.branch}`" in body
