"""What needs a person, in order of risk, and what a report advises."""

from __future__ import annotations

from datetime import timedelta

from fresh.adapters.pygal_chart import draw
from fresh.domain.advice import advice, needs_you, sentence
from fresh.domain.agent import AgentReport, Outcome
from fresh.domain.change import PolicyVerdict, Ruling
from fresh.domain.money import Usd
from fresh.domain.order import EngineName
from fresh.domain.report import RunReport
from fresh.domain.report_page import markdown
from fresh.domain.stopping import WhyStopped
from tests.fakes.prover import earned, failed
from tests.fakes.story import NOON, RUN, a_report, an_order

POLICY = PolicyVerdict(ruling=Ruling.NEEDS_HUMAN, reasons=("it touches .github/workflows/ci.yml",))


def a_whole_report(*agents: AgentReport, stopped: WhyStopped = WhyStopped.DONE, **order: object) -> RunReport:
    return RunReport(
        run_id=RUN,
        repository="/home/ada/pocket",
        base="b" * 40,
        order=an_order(**order),
        engine=EngineName.LLM,
        seed=1,
        inventory_digest="d" * 12,
        inventory_summary={},
        started_at=NOON,
        ended_at=NOON + timedelta(hours=8),
        stopped=stopped,
        cost=sum((agent.cost for agent in agents), start=Usd(0)),
        agents=agents,
    )


def test_what_policy_wants_seen_comes_before_what_only_waits_and_before_what_is_unreviewed() -> None:
    unreviewed = a_report("cccc3333")
    waiting = a_report("bbbb2222", Outcome.PARKED, evidence=failed("b" * 40, "c" * 40))
    policy = a_report("aaaa1111", Outcome.PARKED, evidence=earned("b" * 40, "c" * 40, policy=POLICY))
    reviewed = a_report("dddd4444", reviewed_by="ada (through terminal)")

    needs = needs_you(a_whole_report(unreviewed, reviewed, waiting, policy))

    assert [need.agent.agent_id for need in needs] == ["aaaa1111", "bbbb2222", "cccc3333"]
    assert "fresh auto approve aaaa1111" in sentence(needs[0])
    assert "approve" not in sentence(needs[2])


def test_a_budget_that_ended_the_run_is_named_with_its_number() -> None:
    (told,) = advice(a_whole_report(stopped=WhyStopped.BUDGET, budget=3))

    assert told == "The budget of $3.00 ended the run: raise `--budget`, or lower `--cap` ($1.00)."


def test_money_that_went_into_what_did_not_land_is_told() -> None:
    landed = a_report("aaaa1111", cost=Usd.of(1), reviewed_by="ada")
    lost = a_report("bbbb2222", Outcome.FAILED, cost=Usd.of(1), failure="its tests fail")

    (told,) = advice(a_whole_report(landed, lost))

    assert told.startswith("$1.00 of $2.00 (50%) went into changes that did not land")


def test_the_same_reason_three_times_is_told_once() -> None:
    agents = [
        a_report(f"aaaa111{n}", Outcome.DECLINED, failure=f"its parameters are no options: {n}")
        for n in range(3)
    ]

    assert advice(a_whole_report(*agents)) == (
        "3 agents declined for the same reason: its parameters are no options.",
    )


def test_a_run_without_trouble_needs_no_advice() -> None:
    assert advice(a_whole_report(a_report(reviewed_by="ada"))) == ()


def test_the_page_has_both_sections_and_quotes_what_stems_from_the_repository() -> None:
    report = a_whole_report(a_report()).model_copy(
        update={"needs": ("<script>x</script>",), "advice": ("raise `--hours`",)}
    )

    page = markdown(report)

    assert "## What to look at first, the riskiest on top" in page
    assert "## What to do differently\n\n- raise `--hours`" in page
    assert "<script>" not in page


def test_the_chart_is_one_svg_that_runs_nothing() -> None:
    drawn = draw(
        a_whole_report(a_report(cost=Usd.of(1)), a_report("bbbb2222", Outcome.FAILED, cost=Usd.of(2)))
    )

    assert drawn.startswith("<svg")
    assert "<script" not in drawn
    assert "1 completed" in drawn
    assert "1 failed" in drawn
