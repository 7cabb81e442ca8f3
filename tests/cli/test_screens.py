"""Golden tests of the status screens against the guide."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cli import screens
from cli.status_json import as_json
from fresh.domain.phase import Phase
from fresh.domain.status import AgentStatus, QuestionStatus, RunStatus

GUIDE = """\
🤖 AUTONOMOUS ORCHESTRATION STATUS
==================================================
Running: Yes
Cost: $3.25 / $10.00
Agents: 7

🤖 AGENTS:
  🛠️ abc12345 | implementing | build_enhanced_agency
     Runtime: 15.5min | Cost: $0.75

  👤 def67890 | awaiting_user | demo_enhanced_agency
     Runtime: 8.2min | Cost: $0.25
     ❓ Question: Agent completed work, please test branch...

⚠️  1 agents awaiting your approval:
   Use: fresh auto approve def67890
"""
QUESTION = QuestionStatus(
    id="def67890-ready-0",
    why="ready",
    text="Agent completed work, please test branch autonomous/def67890-demo\n\n- ✅ tests: 3 pass",
    deadline="2026-11-23T13:00:00+00:00",
)


def agent(name: str, phase: Phase, feature: str = "pkg.mod:thing", **more: object) -> AgentStatus:
    status = AgentStatus(
        id=name,
        phase=phase,
        feature=feature,
        kind="hookup",
        runtime_seconds=60.0,
        cost_usd=0.45,
        cap_usd=1.0,
        branch=f"autonomous/{name}-thing",
    )
    return replace(status, **more)  # type: ignore[arg-type]


WORKING = agent(
    "abc12345", Phase.IMPLEMENTING, "agency:build_enhanced_agency", runtime_seconds=930.0, cost_usd=0.75
)
ASKING = agent(
    "def67890",
    Phase.AWAITING_USER,
    "agency:demo_enhanced_agency",
    runtime_seconds=492.0,
    cost_usd=0.25,
    question=QUESTION,
    commit="c" * 40,
    reasons=("unhooked: nothing reaches it",),
    flow_run_url="http://127.0.0.1:4200/runs/1",
)
ENDED = tuple(agent(f"eeee000{number}", Phase.COMPLETED) for number in range(5))
RUN = RunStatus(
    run_id="0d1e2f3a",
    running=True,
    died=False,
    repository="/home/ada/pocket",
    strategy="safest",
    engine="codemod",
    spent_usd=3.25,
    held_usd=0.1,
    budget_usd=10.0,
    opened_at="2026-11-23T04:00:00+00:00",
    deadline="2026-11-23T12:00:00+00:00",
    agents=(WORKING, ASKING, *ENDED),
)


def test_the_summary_is_the_screen_of_the_guide_to_the_letter() -> None:
    assert screens.summary(RUN) == GUIDE


def test_the_summary_of_a_run_that_has_ended_shows_every_agent() -> None:
    shown = screens.summary(
        replace(RUN, running=False, agents=ENDED, stopped="every pick was worked", report="/r.json")
    )
    assert "Running: No\n" in shown
    assert "Ended: every pick was worked\nReport: /r.json\n" in shown
    assert shown.count("✅ eeee") == 5
    assert "awaiting" not in shown


@pytest.mark.parametrize(
    ("colour", "said", "at_a_glance"),
    [
        ("red", "🔴 CI: red", True),
        ("pending", "🟡 CI: its checks run", True),
        ("green", "🟢 CI: green", False),
        ("none", "⚪ CI: no checks", False),
    ],
)
def test_the_checks_of_a_pull_request_are_shown_and_at_a_glance_only_where_they_matter(
    colour: str, said: str, at_a_glance: bool
) -> None:
    run = replace(RUN, running=False, agents=(agent("abc12345", Phase.COMPLETED, ci=colour),))
    assert f"     {said}\n" in screens.detailed(run)
    assert (said in screens.summary(run)) is at_a_glance


def test_a_run_that_died_says_so_and_how_to_go_on() -> None:
    shown = screens.summary(replace(RUN, running=False, died=True))
    assert "Running: No\n" in shown
    assert "fresh auto resume 0d1e2f3a" in shown


def test_a_parked_agent_whose_question_is_open_still_waits_for_approval() -> None:
    parked = agent("def67890", Phase.PARKED, question=QUESTION, failure="Nobody has answered yet.")
    shown = screens.summary(replace(RUN, agents=(parked,)))
    assert "  ⏸️ def67890 | parked | thing\n" in shown
    assert "⚠️  1 agents awaiting your approval:\n   Use: fresh auto approve def67890\n" in shown


def test_two_agents_that_wait_get_a_command_each() -> None:
    shown = screens.summary(replace(RUN, agents=(ASKING, replace(ASKING, id="aaaa0001"))))
    assert shown.endswith(
        "⚠️  2 agents awaiting your approval:\n"
        "   Use: fresh auto approve def67890\n"
        "   Use: fresh auto approve aaaa0001\n"
    )


def test_a_run_without_agents_has_no_list_of_them() -> None:
    assert screens.summary(replace(RUN, agents=())).endswith("Agents: 0\n")


def test_a_stop_request_is_shown_until_the_run_has_ended() -> None:
    asked = replace(RUN, stop_requested="graceful, by Ada")
    assert "Stop requested: graceful, by Ada\n" in screens.summary(asked)
    ended = replace(asked, running=False, stopped="it was asked to stop")
    assert "Stop requested" not in screens.summary(ended)


def test_the_detailed_screen_begins_like_the_summary_and_holds_everything() -> None:
    failed = agent("ffff0001", Phase.FAILED, failure="git: no space left on device")
    landed = agent("eeee0009", Phase.COMPLETED, pull_request="https://github.com/o/r/pull/3")
    shown = screens.detailed(replace(RUN, agents=(ASKING, failed, landed)))
    assert shown.startswith(GUIDE[: GUIDE.index("Agents:")])
    for fact in (
        "Run: 0d1e2f3a on /home/ada/pocket",
        "Strategy: safest | Engine: codemod",
        "Branch: autonomous/def67890-thing",
        "Why: unhooked: nothing reaches it",
        f"Commit: {'c' * 40}",
        "Prefect: http://127.0.0.1:4200/runs/1",
        "please test branch autonomous/def67890-demo\n        - ✅ tests: 3 pass",
        "Agent failed: git: no space left on device",
        "Pull request: https://github.com/o/r/pull/3",
    ):
        assert fact in shown


@pytest.mark.parametrize("phase", list(Phase))
def test_every_phase_has_an_icon(phase: Phase) -> None:
    assert screens.icon(phase)


@pytest.mark.parametrize(
    ("phase", "icon"),
    [
        (Phase.ANALYZING, "🔍"),
        (Phase.IMPLEMENTING, "🛠️"),
        (Phase.TESTING, "🧪"),
        (Phase.AWAITING_USER, "👤"),
        (Phase.COMMITTING, "📋"),
        (Phase.COMPLETED, "✅"),
    ],
)
def test_the_icons_are_those_of_the_guides_life_of_an_agent(phase: Phase, icon: str) -> None:
    assert screens.icon(phase) == icon


def test_text_of_the_repository_can_not_steer_the_terminal() -> None:
    evil = "\x1b[2Jx\x07\u202eabc"
    shown = screens.detailed(
        replace(
            RUN, agents=(agent("aaaa0001", Phase.FAILED, evil, failure=evil, reasons=(evil,), branch=evil),)
        )
    )
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "\u202e" not in shown


def test_a_question_is_cut_after_a_whole_word_and_a_short_one_is_left_whole() -> None:
    long = replace(
        ASKING, question=replace(QUESTION, text="A decision of architecture is needed on branch x/y")
    )
    short = replace(ASKING, question=replace(QUESTION, text="May I?"))
    shown = screens.summary(replace(RUN, agents=(long, short)))
    assert "❓ Question: A decision of architecture is needed on...\n" in shown
    assert "❓ Question: May I?\n" in shown


def test_json_has_exactly_the_documented_keys_and_some_added_ones() -> None:
    shown = json.loads(as_json(RUN))
    assert set(shown) >= {"running", "run_id", "strategy", "engine", "cost", "deadline", "agents", "report"}
    assert shown["cost"] == {"spent": 3.25, "held": 0.1, "budget": 10.0}
    assert shown["running"] is True
    assert len(shown["agents"]) == 7
    assert set(shown["agents"][1]) >= {
        "id",
        "phase",
        "feature",
        "kind",
        "runtime_seconds",
        "cost_usd",
        "cap_usd",
        "branch",
        "commit",
        "question",
        "pull_request",
        "flow_run_url",
        "failure",
    }
    assert shown["agents"][1]["question"] == {
        "id": "def67890-ready-0",
        "why": "ready",
        "text": QUESTION.text,
        "deadline": "2026-11-23T13:00:00+00:00",
        "commit": None,
    }
    assert shown["agents"][0]["question"] is None


def test_json_without_a_run_has_the_same_keys() -> None:
    nothing, something = json.loads(as_json(None)), json.loads(as_json(RUN))
    assert nothing.keys() == something.keys()
    assert nothing["running"] is False
    assert nothing["agents"] == []
    assert nothing["run_id"] is None
