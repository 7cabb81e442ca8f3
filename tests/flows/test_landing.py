"""What an agent does when the base moves under it, and what a run says of branches that don't fit together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fresh.adapters.prefect_control import PrefectControl
from fresh.domain.agent import Outcome, Ticket
from fresh.domain.approval import Answer, Question
from fresh.domain.landing import Place
from fresh.domain.order import RunOrder
from fresh.domain.report import RunReport
from fresh.domain.report_page import markdown
from fresh.errors import ForgeUnclear
from fresh.ports import Bench
from fresh.wiring import using
from tests.fakes.engine import appends_a_line
from tests.fakes.toolbox import Fakes, a_toolbox
from tests.flows.test_agent_and_run import decide, somebody

pytestmark = pytest.mark.server


@pytest.fixture
def fakes(tmp_path: Path, prefect_url: str) -> Iterator[Fakes]:
    made = a_toolbox(
        tmp_path.resolve(), PrefectControl({"fresh-sandboxes": 2, "fresh-models": 2}), features=2
    )
    (made.tools.repository / ".git").mkdir()
    with using(made.tools):
        yield made


def carry_out(fakes: Fakes, **order: object) -> RunReport:
    from flows.run import run

    wanted = {"repo": str(fakes.tools.repository), "agents": 1, "approval": False, **order}
    return run(RunOrder.model_validate(wanted), None)


def moving_the_base(fakes: Fakes, files: dict[str, str]) -> None:
    """Let the operator commit once while the first agent works."""

    def act(bench: Bench, rounds: int) -> None:
        if fakes.workspace.take_base() == bench.ticket.base:
            fakes.workspace.record(files)
        appends_a_line(bench, rounds)

    fakes.engine.act = act


def test_a_commit_is_put_on_the_moved_base_and_judged_again_there(fakes: Fakes) -> None:
    moving_the_base(fakes, {"shop/other.py": "OTHER = 1\n"})

    report = carry_out(fakes)

    (agent,) = report.agents
    moved = fakes.workspace.take_base()
    assert agent.outcome is Outcome.COMPLETED
    assert agent.evidence is not None
    assert agent.evidence.base == moved
    assert agent.evidence.commit == agent.commit
    assert agent.change is not None
    assert agent.change.paths == ("shop/part0.py",)
    assert fakes.workspace.contains(str(agent.commit), moved)
    assert len(fakes.prover.judged) == 2
    assert list(fakes.workspace.branches.values()) == [agent.commit]


def test_a_conflict_with_the_moved_base_is_named_on_the_page_and_in_the_report(fakes: Fakes) -> None:
    moving_the_base(fakes, {"shop/part0.py": "def part0():\n    return 'mine'\n"})

    report = carry_out(fakes)

    (agent,) = report.agents
    assert agent.outcome is Outcome.COMPLETED
    assert agent.landing is not None
    assert agent.landing.base_conflicts == ("shop/part0.py",)
    (page,) = fakes.forge.pull_requests.values()
    assert "it conflicts with the base at" in page.page
    assert report.integration is not None
    assert [each.place for each in report.integration.order] == [Place.CONFLICTS]
    assert "## Landing together" in markdown(report)


def test_an_approved_commit_is_not_rebased_when_the_base_moves_while_a_person_thinks(fakes: Fakes) -> None:
    fakes.prover.together = lambda commit: ("tests/test_a.py::test_b",)

    def think(question: Question) -> None:
        fakes.workspace.record({"shop/other.py": "OTHER = 1\n"})
        decide(fakes, question, Answer.APPROVED)

    with somebody(fakes, think) as seen:
        report = carry_out(fakes, approval=True)

    (agent,) = report.agents
    assert agent.commit == seen[0].commit
    assert agent.landing is not None
    assert agent.landing.moved
    assert agent.landing.broken == ("tests/test_a.py::test_b",)
    (page,) = fakes.forge.pull_requests.values()
    assert "The base has moved on" in page.page


def test_a_branch_that_another_journal_left_open_holds_its_files_and_is_merged_for_a_try(
    fakes: Fakes,
) -> None:
    base = fakes.workspace.take_base()
    tree = fakes.workspace.plant("stranger", base)
    fakes.workspace.write(tree, "shop/part0.py", b"def part0():\n    return 'theirs'\n")
    other = fakes.workspace.commit(tree, "theirs", base)
    assert other is not None
    fakes.workspace.branches["autonomous/11111111-part0"] = other

    report = carry_out(fakes, agents=2)

    assert [agent.feature for agent in report.agents] == ["shop.part1:part1"]
    reasons = {over.feature: over.reason for over in report.passed_over}
    assert reasons["shop.part0:part0"] == "shop/part0.py is held by an agent or an open pull request"
    assert report.agents[0].landing is not None
    assert report.agents[0].landing.checked == 1


def test_changes_that_break_the_tests_only_together_are_ordered_and_said(fakes: Fakes) -> None:
    def together(commit: str) -> tuple[str, ...]:
        both = all(b"round" in fakes.workspace.read(commit, f"shop/part{n}.py") for n in (0, 1))
        return ("tests/test_a.py::test_b",) if both else ()

    fakes.prover.together = together

    report = carry_out(fakes, agents=2)

    assert report.integration is not None
    assert [each.place for each in report.integration.order] == [Place.MERGES, Place.BREAKS]
    first, second = report.integration.order
    assert second.why == f"together with {first.branch}, tests/test_a.py::test_b fails"
    assert f"`{second.branch}`: together with" in markdown(report)


def test_a_branch_that_is_open_at_the_forge_alone_holds_its_files_too(fakes: Fakes) -> None:
    base = fakes.workspace.take_base()
    tree = fakes.workspace.plant("stranger", base)
    fakes.workspace.write(tree, "shop/part0.py", b"def part0():\n    return 'theirs'\n")
    other = fakes.workspace.commit(tree, "theirs", base)
    assert other is not None
    fakes.forge.elsewhere["autonomous/11111111-part0"] = other

    report = carry_out(fakes, agents=2)

    assert [agent.feature for agent in report.agents] == ["shop.part1:part1"]
    assert report.agents[0].landing is not None
    assert report.agents[0].landing.checked == 1


def test_open_branches_that_cannot_be_read_are_said_to_be_that_on_the_page(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unread() -> dict[str, str]:
        raise ForgeUnclear("GitHub could not list pull requests (502): Bad Gateway.")

    monkeypatch.setattr(fakes.forge, "standing", unread)

    carry_out(fakes)

    (page,) = fakes.forge.pull_requests.values()
    assert "Branches that are open at GitHub alone were not looked at: GitHub could not list" in page.page


def test_every_page_of_a_run_says_in_the_end_where_its_branch_stands(fakes: Fakes) -> None:
    fakes.prover.together = lambda commit: (
        ("tests/test_a.py::test_b",)
        if all(b"round" in fakes.workspace.read(commit, f"shop/part{n}.py") for n in (0, 1))
        else ()
    )

    report = carry_out(fakes, agents=2)

    assert report.integration is not None
    first, second = report.integration.order
    assert "**Merge this as number 1 of 1**" in fakes.forge.amended[first.agent_id]
    assert "⚠️ **Don't just merge this beside the others**" in fakes.forge.amended[second.agent_id]
    assert f"`{second.branch}`: together with {first.branch}" in fakes.forge.amended[second.agent_id]


def test_a_page_that_cannot_be_amended_is_a_note_in_the_report(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(ticket: Ticket, section: str) -> str | None:
        raise ForgeUnclear("GitHub could not change the text of #1 (502): Bad Gateway.")

    monkeypatch.setattr(fakes.forge, "amend", lost)

    report = carry_out(fakes, agents=2)

    said = [note for note in report.notes if "does not say how it lands beside the others" in note]
    assert len(said) == 2
    assert {agent.outcome for agent in report.agents} == {Outcome.COMPLETED}
