"""What every forge does, the fake and the local one alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from fresh.adapters.local_forge import LocalForge
from fresh.domain.agent import AgentReport, Outcome, Ticket
from fresh.domain.feature import Feature, Kind, Reachability
from fresh.domain.order import EngineName, RunOrder
from fresh.ports import Forge
from tests.fakes.forge import FakeForge

SHA = "a" * 40


def make_ticket(agent_id: str = "abc12345", name: str = "build_agency") -> Ticket:
    feature = Feature(
        key=f"agency:{name}",
        module="agency",
        qualname=name,
        path="agency.py",
        line=1,
        end_line=2,
        reachability=Reachability.UNHOOKED,
    )
    return Ticket(
        run_id="run00001",
        agent_id=agent_id,
        order=RunOrder(),
        repository="/repo",
        base="b" * 40,
        branch=f"autonomous/{agent_id}-build-agency",
        feature=feature,
        kind=Kind.HOOKUP,
        reasons=("nothing reaches it",),
        engine=EngineName.CODEMOD,
        seed=1,
    )


REPORT = AgentReport(
    agent_id="abc12345",
    feature="agency:build_agency",
    kind=Kind.HOOKUP,
    outcome=Outcome.COMPLETED,
    branch="autonomous/abc12345-build-agency",
    commit=SHA,
)


@pytest.fixture(params=["fake", "local"])
def forge(request: pytest.FixtureRequest, tmp_path: Path) -> Forge:
    return FakeForge() if request.param == "fake" else LocalForge(tmp_path / "state")


def test_a_pull_request_has_an_address(forge: Forge) -> None:
    assert forge.publish(make_ticket(), REPORT, "Hook up build_agency", "Evidence.").address


def test_publishing_again_finds_the_same_pull_request(forge: Forge) -> None:
    first = forge.publish(make_ticket(), REPORT, "Hook up build_agency", "Evidence.")
    assert forge.publish(make_ticket(), REPORT, "Hook up build_agency", "Evidence.") == first


def test_two_agents_have_two_pull_requests(forge: Forge) -> None:
    first = forge.publish(make_ticket(), REPORT, "Hook up build_agency", "Evidence.")
    other = forge.publish(make_ticket("def67890"), REPORT, "Hook up build_agency", "Evidence.")
    assert first != other


SECTION = "## Landing together\n\nMerge this as number 1 of 2.\n"


def test_a_section_is_put_below_a_published_page_and_a_newer_one_takes_its_place(forge: Forge) -> None:
    forge.publish(make_ticket(), REPORT, "Hook up build_agency", "Evidence.")
    page = forge.amend(make_ticket(), SECTION)
    assert page is not None
    assert page.index("Evidence.") < page.index("Merge this as number 1 of 2.")
    assert forge.amend(make_ticket(), SECTION) == page
    newer = forge.amend(make_ticket(), SECTION.replace("1 of 2", "2 of 2"))
    assert newer == page.replace("1 of 2", "2 of 2")


def test_a_page_that_was_never_published_is_not_amended(forge: Forge) -> None:
    assert forge.amend(make_ticket(), SECTION) is None


def test_where_all_is_local_no_branch_stands_elsewhere(forge: Forge) -> None:
    assert forge.standing() == {}
