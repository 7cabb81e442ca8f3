"""Learning without a GitHub: what people decide on, and merge, in the repository itself shapes what is chosen next."""

from __future__ import annotations

from pathlib import Path

import pytest

from fresh.domain.agent import Outcome
from fresh.domain.feature import Feature, Inventory, Kind, Reachability
from fresh.domain.order import EngineName
from fresh.domain.selection import Selection
from fresh.wiring import Toolbox
from tasks.learning import acceptance_of
from tasks.opening import choose
from tests.fakes.control_room import FakeControlRoom
from tests.fakes.story import NOON, a_report, a_run, a_ticket
from tests.fakes.toolbox import a_toolbox, unhooked

PAGE = "page.md"


@pytest.fixture
def tools(tmp_path: Path) -> Toolbox:
    return a_toolbox(tmp_path, FakeControlRoom(), features=6).tools


def offered(number: int, *, code: str = "as it was", tested: bool = True, area: str = "shop") -> Feature:
    """A feature that lacks a hookup, or one that lacks tests."""
    state = Reachability.UNHOOKED if tested else Reachability.HOOKED
    changes = {
        "key": f"{area}.part{number}:part{number}",
        "module": f"{area}.part{number}",
        "path": f"{area.replace('.', '/')}/part{number}.py",
        "code": code,
        "reachability": state,
        "tested": 1.0 if tested else 0.0,
    }
    return unhooked(number).model_copy(update=changes)


def ended(tools: Toolbox, name: str, feature: Feature, kind: Kind, outcome: Outcome, **more: object) -> None:
    """Let one agent of an earlier run have ended."""
    run = f"run{name}"
    here = str(tools.repository)
    tools.journal.open_run(a_run(run, repository=here))
    ticket = a_ticket(name, feature.key, run).model_copy(
        update={"feature": feature, "kind": kind, "repository": here}
    )
    tools.journal.add_agent(ticket, NOON)
    report = a_report(name, outcome, feature=feature.key, kind=kind, **more)
    tools.journal.end_agent(report, NOON)


def chosen(tools: Toolbox, *features: Feature) -> Selection:
    """Choose as a new run would."""
    base = tools.workspace.take_base()
    record = a_run("new", repository=str(tools.repository)).model_copy(update={"base": base})
    inventory = Inventory(commit=base, digest="d" * 12, features=features)
    return choose(tools, record, inventory, EngineName.CODEMOD)


def test_a_rejected_idea_rests_until_its_code_changes(tools: Toolbox) -> None:
    feature, other = offered(1), offered(2)
    ended(tools, "aaaa0001", feature, Kind.HOOKUP, Outcome.REJECTED, failure="Rejected by ada. Too odd.")
    selection = chosen(tools, feature, other)
    assert [pick.feature.name for pick in selection.picks] == ["part2"]
    (over,) = [over for over in selection.passed_over if over.feature == feature.key]
    assert (
        over.reason == "this was turned down (Rejected by ada. Too odd.), and its code has not changed since"
    )
    again = chosen(tools, offered(1, code="another"), other)
    assert {pick.feature.name for pick in again.picks} == {"part1", "part2"}


def test_rejections_put_a_kind_behind_another(tools: Toolbox) -> None:
    hookup, tests = offered(1), offered(2, tested=False)
    before = [pick.feature.name for pick in chosen(tools, hookup, tests).picks]
    for number in range(10):
        name = f"bbbb{number:04}"
        ended(tools, name, offered(50 + number), Kind.HOOKUP, Outcome.REJECTED, failure="Rejected by ada.")
    after = chosen(tools, hookup, tests)
    assert before == ["part1", "part2"]
    assert [pick.feature.name for pick in after.picks] == ["part2", "part1"]
    assert any("0 of 10 closed pull requests of the kind hookup" in each for each in after.picks[1].reasons)


def test_what_a_person_approved_counts_as_accepted_and_what_the_clock_let_through_does_not(
    tools: Toolbox,
) -> None:
    for number in range(3):
        by = "ada (through terminal)" if number else None
        ended(
            tools,
            f"cccc{number:04}",
            offered(50 + number, area="shop.jobs"),
            Kind.TESTS,
            Outcome.COMPLETED,
            commit="c" * 40,
            pull_request=f"{number}-{PAGE}",
            reviewed_by=by,
        )
    learned = acceptance_of(tools, tools.workspace.take_base())
    assert {kind: (tally.merged, tally.rejected) for kind, tally in learned.kinds.items()} == {
        Kind.TESTS: (2, 0)
    }
    assert learned.areas["shop.jobs"].merged == 2


def test_an_approved_pull_request_at_a_forge_counts_when_it_is_merged_and_not_before(tools: Toolbox) -> None:
    address = "https://github.example/ada/shop/pull/7"
    ended(
        tools,
        "dddd0001",
        offered(1),
        Kind.TESTS,
        Outcome.COMPLETED,
        commit="c" * 40,
        pull_request=address,
        reviewed_by="ada (through slack)",
    )
    assert acceptance_of(tools, tools.workspace.take_base()).kinds == {}


def test_what_is_merged_by_hand_counts_once_whoever_approved_it(tools: Toolbox) -> None:
    base = tools.workspace.take_base()
    for number, by in enumerate((None, "ada (through terminal)")):
        ended(
            tools,
            f"eeee{number:04}",
            offered(number),
            Kind.TESTS,
            Outcome.COMPLETED,
            commit=base,
            pull_request=f"{number}-{PAGE}",
            reviewed_by=by,
        )
    assert acceptance_of(tools, base).kinds[Kind.TESTS].merged == 2


def test_acceptance_by_area_shifts_the_ranking(tools: Toolbox) -> None:
    bad, good = offered(1, area="shop.web"), offered(2, area="shop.jobs")
    assert [pick.feature.name for pick in chosen(tools, good, bad).picks] == ["part2", "part1"]
    for number in range(8):
        area = "shop.web" if number % 2 else "shop.jobs"
        outcome = Outcome.COMPLETED if number % 2 else Outcome.REJECTED
        more = (
            {"commit": "c" * 40, "pull_request": f"{number}.md", "reviewed_by": "ada"} if number % 2 else {}
        )
        ended(tools, f"ffff{number:04}", offered(50 + number, area=area), Kind.HOOKUP, outcome, **more)
    after = chosen(tools, good, bad)
    assert [pick.feature.name for pick in after.picks] == ["part1", "part2"]
    assert any(
        "4 of 4 closed pull requests in shop.web were merged" in each for each in after.picks[0].reasons
    )
