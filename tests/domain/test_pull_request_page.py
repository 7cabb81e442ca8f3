from __future__ import annotations

from datetime import UTC, datetime

from fresh.domain.agent import AgentReport, Outcome, Ticket
from fresh.domain.change import Change, FileChange, PolicyVerdict, Ruling
from fresh.domain.evidence import Check, CheckState, Evidence, Figure
from fresh.domain.feature import Feature, Kind, Reachability
from fresh.domain.money import Usd
from fresh.domain.order import EngineName, RunOrder
from fresh.domain.pull_request_page import page
from fresh.domain.work import Plan, Work

BASE, HEAD = "b" * 40, "c" * 40
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
FEATURE = Feature(
    key="pocket.text:normalize",
    module="pocket.text",
    qualname="normalize",
    path="pocket/text.py",
    line=3,
    end_line=9,
    reachability=Reachability.UNHOOKED,
)
EVIDENCE = Evidence(
    base=BASE,
    commit=HEAD,
    checks=(
        Check(name="no newly failing tests", state=CheckState.PASSED, fact="12 passed before, 13 pass now"),
        Check(
            name="command runs",
            state=CheckState.PASSED,
            fact="`pocket normalize a|b` exits with 0",
            detail="out\n```",
        ),
        Check(name="coverage", state=CheckState.NOT_RUN, fact="coverage is not installed"),
    ),
    policy=PolicyVerdict(ruling=Ruling.NEEDS_HUMAN, reasons=("changes pyproject.toml",)),
)
CHANGE = Change(
    base=BASE,
    commit=HEAD,
    files=(
        FileChange(
            path="pocket/cli.py",
            status="M",
            old_mode="100644",
            new_mode="100755",
            old_blob="1" * 40,
            new_blob="2" * 40,
            added=14,
            removed=2,
        ),
        FileChange(
            path="tests/test_normalize.py",
            status="A",
            old_mode="000000",
            new_mode="100644",
            old_blob="0" * 40,
            new_blob="3" * 40,
            added=20,
        ),
    ),
)
PLAN = Plan(
    summary="hook up `normalize` as `pocket normalize`",
    files=("pocket/cli.py",),
    risks=("the command's name is new vocabulary",),
)
WORK = Work(
    summary="`pocket normalize` now runs normalize().",
    details=("one argument",),
    try_it=("pocket normalize 'A  b'",),
    unchecked=("whether the help text is good English",),
)


def ticket(**order: object) -> Ticket:
    return Ticket(
        run_id="0d1e2f3a",
        agent_id="abc12345",
        order=RunOrder.model_validate({"repo": "/r", **order}),
        repository="/r",
        base=BASE,
        branch="autonomous/abc12345-normalize",
        feature=FEATURE,
        kind=Kind.HOOKUP,
        reasons=("unhooked: nothing reaches it", "necessity 0.62: 3 callers"),
        engine=EngineName.CODEMOD,
        seed=7,
    )


def report(**changes: object) -> AgentReport:
    return AgentReport(
        agent_id="abc12345",
        feature=FEATURE.key,
        kind=Kind.HOOKUP,
        outcome=Outcome.COMPLETED,
        commit=HEAD,
        change=CHANGE,
        evidence=EVIDENCE,
        cost=Usd.of("0.25"),
    ).model_copy(update=changes)


def test_the_title_is_the_plan_with_a_capital() -> None:
    assert page(ticket(), report(), PLAN, WORK)[0] == "Hook up `normalize` as `pocket normalize`"


def test_the_body_says_what_and_why_with_every_reason() -> None:
    body = page(ticket(), report(), PLAN, WORK)[1]
    assert body.startswith("`pocket normalize` now runs normalize().")
    assert "- unhooked: nothing reaches it\n- necessity 0.62: 3 callers" in body


def test_the_body_shows_every_check_with_its_result_and_fact() -> None:
    body = page(ticket(), report(), PLAN, WORK)[1]
    assert "| no newly failing tests | ✅ passed | 12 passed before, 13 pass now |" in body
    assert "| command runs | ✅ passed | `pocket normalize a\\|b` exits with 0 |" in body
    assert "| policy | ✋ needs human | changes pyproject.toml |" in body
    assert f"commit `{HEAD}` against its base `{BASE}`" in body


def test_the_evidence_stands_in_a_column_for_the_base_and_one_for_the_head() -> None:
    figures = (
        Figure(name="tests that pass", base="12 of 12", head="13 of 13"),
        Figure(name="path from an entry point", base="none: unhooked", head="cli:main → text:a|b"),
    )
    evidence = EVIDENCE.model_copy(update={"figures": figures})
    body = page(ticket(), report(evidence=evidence), PLAN, WORK)[1]
    assert (
        f"| | Base `{BASE[:10]}` | Head `{HEAD[:10]}` |\n| --- | --- | --- |\n"
        "| tests that pass | 12 of 12 | 13 of 13 |\n"
        "| path from an entry point | none: unhooked | cli:main → text:a\\|b |\n"
        "| policy | | ✋ needs human |\n\n| Check | Result | Fact |"
    ) in body
    assert "Base `" not in page(ticket(), report(), PLAN, WORK)[1].split("## Change")[0]


def test_the_body_names_the_files_their_lines_and_a_changed_mode() -> None:
    body = page(ticket(), report(), PLAN, WORK)[1]
    assert "| `pocket/cli.py` | changed, mode 100644 to 100755 | +14 | −2 |" in body
    assert "| `tests/test_normalize.py` | added | +20 | −0 |" in body
    assert "| **2 in total** | | **+34** | **−2** |" in body


def test_the_body_says_what_policy_ruled_and_why() -> None:
    body = page(ticket(), report(), PLAN, WORK)[1]
    assert "Policy: needs human, because:\n- changes pyproject.toml" in body


def test_the_body_says_risks_and_how_to_try_it() -> None:
    body = page(ticket(), report(), PLAN, WORK)[1]
    assert "## Risks\n\n- the command's name is new vocabulary" in body
    assert "```sh\ngit switch autonomous/abc12345-normalize\npocket normalize 'A  b'\n```" in body


def test_the_body_says_what_was_not_checked_by_the_machine_and_by_the_engine() -> None:
    body = page(ticket(), report(), PLAN, WORK)[1]
    assert "- coverage: coverage is not installed\n- whether the help text is good English" in body


def test_the_body_says_cost_run_and_agent() -> None:
    body = page(ticket(), report(), PLAN, WORK)[1]
    assert "| Cost | $0.25 of at most $1.00 |" in body
    assert "| Agent | `abc12345` |" in body
    assert "| Run | `0d1e2f3a` |" in body
    assert "| Strategy | highest_impact, seed 7 |" in body


def test_a_person_who_approved_is_named() -> None:
    body = page(ticket(), report(reviewed_by="Ada (through slack)"), PLAN, WORK)[1]
    assert "Approved by Ada (through slack)." in body


def test_silence_is_said_and_is_no_review() -> None:
    assert "**Unreviewed: nobody answered in time.**" in page(ticket(), report(), PLAN, WORK)[1]


def test_a_run_without_approval_says_that_nobody_was_asked() -> None:
    body = page(ticket(approval=False), report(), PLAN, WORK)[1]
    assert "**Unreviewed: the run was started with `--no-approval`.**" in body


def test_text_of_the_repository_mentions_nobody_closes_nothing_and_is_no_html() -> None:
    evil = "Fixes #1 closes GH-2 @everyone <script>alert(1)</script>"
    hostile = EVIDENCE.model_copy(
        update={
            "checks": (
                Check(name=evil, state=CheckState.PASSED, fact=evil, detail=f"```\n{evil}\n</details>"),
            )
        }
    )
    title, body = page(
        ticket(),
        report(evidence=hostile, reviewed_by=evil),
        Plan(summary=evil, files=(), risks=(evil,)),
        Work(summary=evil, details=(evil,), unchecked=(evil,)),
    )
    outside = body.split("````text")[0] + body.split("````\n")[-1]
    for text in (title, outside):
        assert "#1" not in text
        assert "GH-2" not in text
        assert "@everyone" not in text
    assert "<script>" not in outside


def test_a_change_of_many_files_is_counted_beyond_the_first_forty() -> None:
    many = CHANGE.model_copy(update={"files": tuple(CHANGE.files[1] for _ in range(45))})
    assert "| … and 5 more | 5 added | | |" in page(ticket(), report(change=many), PLAN, WORK)[1]
