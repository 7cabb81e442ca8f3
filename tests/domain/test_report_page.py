from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fresh.domain.agent import AgentReport, Outcome
from fresh.domain.feature import Kind
from fresh.domain.money import Usd
from fresh.domain.order import EngineName, RunOrder
from fresh.domain.report import PassedOver, RunReport
from fresh.domain.report_page import duration, markdown
from fresh.domain.stopping import WhyStopped

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def agent(name: str, outcome: Outcome, **more: object) -> AgentReport:
    return AgentReport(agent_id=name, feature=f"pocket:{name}", kind=Kind.TESTS, outcome=outcome).model_copy(
        update=more
    )


def report(*agents: AgentReport, **more: object) -> RunReport:
    return RunReport(
        run_id="0d1e2f3a",
        repository="/home/ada/pocket",
        base="b" * 40,
        order=RunOrder(overnight=True),
        engine=EngineName.CODEMOD,
        seed=7,
        inventory_digest="d" * 64,
        inventory_summary={"unhooked": 4, "hooked": 9},
        started_at=START,
        ended_at=START + timedelta(minutes=12),
        stopped=WhyStopped.DONE,
        agents=agents,
    ).model_copy(update=more)


LANDED = agent(
    "aaaa1111",
    Outcome.COMPLETED,
    summary="add tests",
    branch="autonomous/aaaa1111-x",
    pull_request="https://github.com/o/r/pull/3",
    reviewed_by="Ada (through terminal)",
    cost=Usd.of("0.50"),
)


def test_it_begins_with_how_many_ended_how_and_why_the_run_ended() -> None:
    page = markdown(report(LANDED, agent("bbbb2222", Outcome.FAILED, failure="git: no space left")))
    assert page.startswith("# Report of run 0d1e2f3a\n\n2 agents: 1 completed, 1 failed. The run took 12 min")
    assert "ended because every pick was worked." in page


def test_what_landed_names_its_page_its_reviewer_and_how_to_try_it() -> None:
    page = markdown(report(LANDED))
    assert "### `aaaa1111` tests of `pocket:aaaa1111`" in page
    assert "- Pull request: https://github.com/o/r/pull/3" in page
    assert "- Reviewed: Ada (through terminal)" in page
    assert "git switch autonomous/aaaa1111-x" in page


def test_what_nobody_reviewed_is_said() -> None:
    assert "- Reviewed: **nobody yet**" in markdown(report(LANDED.model_copy(update={"reviewed_by": None})))


def test_every_ending_is_listed_with_its_reason() -> None:
    page = markdown(
        report(
            agent("bbbb2222", Outcome.FAILED, failure="git: no space left"),
            agent("cccc3333", Outcome.DECLINED, failure="it opens a socket"),
            agent("dddd4444", Outcome.PARKED, failure="Nobody has answered yet."),
            agent("eeee5555", Outcome.ABANDONED, failure="Checks fail", branch="autonomous/eeee5555-y"),
            agent("ffff6666", Outcome.REJECTED, failure="Rejected by Ada."),
            agent("abcd7777", Outcome.STOPPED, failure="Stopped by Ada."),
        )
    )
    assert "## What failed\n\n- **`bbbb2222` tests of `pocket:bbbb2222`**: git: no space left" in page
    assert "## What was declined\n\n- **`cccc3333` tests of `pocket:cccc3333`**: it opens a socket" in page
    assert "## What needs you\n\n- **`dddd4444`" in page
    assert "fresh auto approve dddd4444" in page
    assert "`git switch autonomous/eeee5555-y`" in page
    assert "## What was rejected" in page
    assert "## What was stopped" in page
    assert "## What landed\n\nNothing." in page


def test_what_needs_a_person_comes_before_what_failed() -> None:
    page = markdown(report(agent("b", Outcome.FAILED, failure="x"), agent("d", Outcome.PARKED, failure="y")))
    assert page.index("## What needs you") < page.index("## What failed")


def test_cost_is_said_as_people_grep_for_it_and_for_each_change_that_landed() -> None:
    page = markdown(report(LANDED, agent("b", Outcome.FAILED, failure="x"), cost=Usd.of("0.80")))
    assert "\nCost: $0.80 / $10.00\n" in page
    assert "| For each change that landed | $0.80 |" in page
    assert "| Landed of those that were tried | 50% |" in page


def test_an_empty_night_is_honest() -> None:
    page = markdown(report(stopped=WhyStopped.NOTHING_WORTHWHILE))
    assert "No agent was started" in page
    assert "no worthwhile feature was left" in page
    assert "| For each change that landed | nothing landed |" in page


def test_notes_and_what_was_passed_over_are_there() -> None:
    passed = tuple(
        PassedOver(feature=f"m:f{number}", kind="tests", reason="too small") for number in range(32)
    )
    page = markdown(report(notes=("memory is limited by rlimits alone",), passed_over=passed))
    assert "- memory is limited by rlimits alone" in page
    assert "- `m:f0` (tests): too small" in page
    assert "… and 2 more" in page


def test_the_origin_names_repository_order_and_inventory() -> None:
    page = markdown(report())
    assert f"- Repository: `/home/ada/pocket` at `{'b' * 40}`" in page
    assert "10 agents, overnight, 8 h, strategy highest_impact, engine codemod, seed 7" in page
    assert "9 hooked, 4 unhooked" in page


def test_text_of_the_repository_is_not_obeyed() -> None:
    page = markdown(report(agent("b", Outcome.FAILED, failure="Fixes #9 @everyone <img src=x>\n# Heading")))
    assert "#9" not in page
    assert "@everyone" not in page
    assert "<img" not in page
    assert "\n# Heading" not in page


def test_time_spans_are_said_as_people_say_them() -> None:
    assert [duration(seconds) for seconds in (8.2, 480, 28800, 30000)] == [
        "8 s",
        "8 min",
        "8 h 00 min",
        "8 h 20 min",
    ]
