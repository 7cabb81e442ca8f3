"""Every message as JSON: as it was agreed on, within Slack's limits whatever is in it, and without anything lively."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.messages.blocks import Message
from bot.messages.home import Seen, home
from bot.messages.modals import changes_modal, page_modal, patch_modal, reject_modal, start_modal
from bot.messages.pen import Pen, clamp, escape
from bot.messages.plainly import plainly
from bot.messages.question_card import Beside, question_card
from bot.messages.report import report_message
from bot.messages.run_card import RunBeside, alert, run_card, thread_lines
from bot.messages.status import status_text
from fresh.domain.agent import Outcome
from fresh.domain.approval import Answer, ShownCheck, ShownFile, Why
from fresh.domain.evidence import CheckState, Figure
from fresh.domain.money import Usd
from fresh.domain.order import RunOrder
from fresh.domain.phase import Phase
from fresh.domain.redaction import Redactor
from tests.bot.pictures import POLICY, a_run_report, a_standing, a_status, an_agent, an_ending
from tests.fakes.slack.blocks import why_refused
from tests.fakes.story import later

SNAPSHOTS = Path(__file__).parent / "snapshots"
PEN = Pen()
BESIDE = Beside(
    value="v1.abc12345-ready-0.0123456789abcdef.0123456789abcdef",
    repository="pocket",
    mention="<!subteam^SAPPROVERS>",
    flow_run_url="http://prefect.test/runs/flow-run/1",
    pull_request="https://forge.test/pull/7",
)
RUN_BESIDE = RunBeside(
    value="v1.run-0d1e2f3a.0.0123456789abcdef",
    now=later(600),
    cards={"def67890-ready-0": "https://fake.slack.test/archives/C1/p1"},
    flow_run_url="http://prefect.test/runs/flow-run/9",
)
STATUS = a_status(
    an_agent("abc12345"),
    an_agent("def67890", Phase.AWAITING_USER),
    an_agent("bcd12345", Phase.COMPLETED, pull_request="https://forge.test/pull/8", ci="red"),
    an_agent("cde12345", Phase.FAILED, failure="the tests can't be run"),
    alerts=("Budget alert: 50 % is spent, $5.00 of $10.00.",),
)
MESSAGES = {
    "question_open": question_card(PEN, a_standing(), BESIDE),
    "question_policy": question_card(PEN, a_standing(Why.POLICY, **POLICY), BESIDE),
    "question_architecture": question_card(PEN, a_standing(Why.ARCHITECTURE), BESIDE),
    "question_approved": question_card(PEN, a_standing(answer=Answer.APPROVED), BESIDE),
    "question_applied": question_card(PEN, a_standing(answer=Answer.CHANGES, applied=True), BESIDE),
    "question_expired": question_card(PEN, a_standing(answer=Answer.EXPIRED, applied=True), BESIDE),
    "run_running": run_card(PEN, STATUS, RUN_BESIDE),
    "run_ended": run_card(
        PEN,
        a_status(*STATUS.agents, running=False, stopped="every pick was worked", report="/r.json"),
        RUN_BESIDE,
    ),
    "run_died": run_card(PEN, a_status(running=False, died=True), RUN_BESIDE),
    "thread": thread_lines(
        PEN, "0d1e2f3a", ["12:00:01 Agent abc12345 analyzing", "12:00:09 Agent abc12345 implementing"], 0
    ),
    "alert": alert(
        PEN,
        STATUS,
        "Budget alert: 80 % is spent, $8.00 of $10.00.",
        "80",
        "https://fake.slack.test/archives/C1/p1",
    ),
    "report": report_message(
        PEN, a_run_report(), RUN_BESIDE.value, {"cde12345": "https://fake.slack.test/archives/C1/p2"}
    ),
}
VIEWS = {
    "home": home(PEN, Seen(True, [a_standing()], [STATUS], Usd.of("3.25"), RUN_BESIDE.cards)),
    "home_stranger": home(PEN, None),
    "modal_reject": reject_modal(a_standing().question, BESIDE.value),
    "modal_changes": changes_modal(a_standing().question, BESIDE.value),
    "modal_start": start_modal(["/home/ada/pocket", "/home/ada/purse"], RunOrder()),
    "modal_diff": patch_modal(
        PEN, "Diff abc12345", "diff --git a/x b/x\n-\told\n+\tnew <&>\n", "`fresh auto diff abc12345`"
    ),
}


@pytest.mark.parametrize("name", [*MESSAGES, *VIEWS])
def test_a_message_looks_as_it_was_agreed_on(name: str) -> None:
    """Set NEW_PICTURES=1 to take new pictures, and look at each of them."""
    shown: object = VIEWS.get(name)
    if name in MESSAGES:
        shown = {"text": MESSAGES[name].text, "blocks": MESSAGES[name].blocks}
    text = json.dumps(shown, indent=1, ensure_ascii=False) + "\n"
    file = SNAPSHOTS / f"{name}.json"
    if os.environ.get("NEW_PICTURES"):
        SNAPSHOTS.mkdir(exist_ok=True)
        file.write_text(text)
    assert file.read_text() == text


@pytest.mark.parametrize("name", list(MESSAGES))
def test_a_message_fits_slack_s_limits_in_new_and_old_blocks(name: str) -> None:
    fits(MESSAGES[name])


def fits(message: Message) -> None:
    assert 0 < len(message.text) <= 3000
    assert why_refused(list(message.blocks)) is None
    old = plainly(message)
    assert (
        why_refused(list(old.blocks), unknown=frozenset({"plan", "task_card", "table", "data_visualization"}))
        is None
    )
    assert buttons(old) == buttons(message)


def buttons(message: Message) -> list[str]:
    found = []
    for block in message.blocks:
        for element in block.get("elements") or []:  # type: ignore[union-attr]
            if isinstance(element, dict) and element.get("type") == "button":
                found.append(str(element["action_id"]))
    return found


# ------------------------------------------------------------------------------------------------------------ fuzzing

NASTY = st.one_of(
    st.sampled_from(
        [
            "<!channel> <!here> <@U024BE7LH> <https://evil.test|click>",
            "```\n*bold* _it_ ~gone~ `code`",
            "a\u200bb\u202ec\ufeffd\x00e\x1b[31m",
            "&amp;&lt;!channel&gt; & < >",
            "@channel @here @everyone",
            "x" * 10_000,
            "<" * 4_000,
            "&" * 4_000,
            "\n" * 500,
            "",
            "   ",
            "\ud800 half",
            "🤖" * 2_000,
        ]
    ),
    st.text(max_size=400),
)
FUZZ = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def is_harmless(shown: object) -> None:
    text = json.dumps(shown, ensure_ascii=False)
    for lively in re.findall(r"<[^>]*>?", text):
        ours = ("<!date^", "<!subteam^SAPPROVERS>", "<@UADA>", "<https://f", "<http://prefect.test", "<@U1>")
        assert lively.startswith(ours), lively
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\x00-\x08\x0e-\x1f]", text)


@FUZZ
@given(words=st.lists(NASTY, min_size=8, max_size=8), number=st.integers(0, 120))
def test_a_question_fits_and_stays_harmless_whatever_an_agent_wrote(words: list[str], number: int) -> None:
    standing = a_standing(
        feature=words[0],
        branch=words[1],
        summary=words[2],
        checks=tuple(
            ShownCheck(name=words[3], state=CheckState.FAILED, fact=words[4]) for _ in range(number)
        ),
        figures=tuple(Figure(name=words[3], base=words[4], head=words[5]) for _ in range(number)),
        files=tuple(ShownFile(path=words[5], status="M", added=1, removed=2) for _ in range(number)),
        file_count=number,
        risks=(words[6],) * number,
        policy_reasons=(words[7],) * number,
    )
    beside = Beside(
        value="v1.x.y.z",
        repository=words[0],
        flow_run_url=words[1],
        pull_request=words[2],
        superseded=words[3],
        trouble=words[4],
    )
    for shown in (standing, a_standing(answer=Answer.CHANGES)):
        for its in (beside, BESIDE):
            message = question_card(PEN, shown, its)
            fits(message)
            is_harmless([message.text, message.blocks, plainly(message).blocks])


@FUZZ
@given(words=st.lists(NASTY, min_size=6, max_size=6), number=st.integers(0, 150))
def test_a_run_fits_and_stays_harmless(words: list[str], number: int) -> None:
    phases = list(Phase)
    agents = [
        an_agent(
            f"{index:08x}",
            phases[index % len(phases)],
            feature=words[0],
            failure=words[1] or None,
            pull_request=words[2] or None,
            kind=words[3],
        )
        for index in range(number)
    ]
    run = a_status(
        *agents,
        repository=words[4],
        alerts=(words[5],) * 3,
        stop_requested=words[0] or None,
        strategy=words[1],
        stopped=words[2] or None,
    )
    card = run_card(PEN, run, RUN_BESIDE)
    lines = thread_lines(PEN, "0d1e2f3a", words * 4, 3)
    told = alert(PEN, run, words[0], "x", words[1])
    for message in (card, lines, told):
        fits(message)
        is_harmless([message.text, message.blocks, plainly(message).blocks])
    is_harmless(status_text(PEN, run))
    view = home(PEN, Seen(True, [a_standing(feature=words[0])] * number, [run] * number, Usd.of(1), {}))
    assert why_refused(view["blocks"], "home") is None
    is_harmless(view)


@FUZZ
@given(words=st.lists(NASTY, min_size=5, max_size=5), number=st.integers(0, 120))
def test_a_report_fits_and_stays_harmless(words: list[str], number: int) -> None:
    outcomes = list(Outcome)
    agents = tuple(
        an_ending(
            f"{index:08x}",
            outcomes[index % len(outcomes)],
            feature=words[0],
            failure=words[1],
            summary=words[2],
            pull_request=words[3],
            reviewed_by=None,
        )
        for index in range(number)
    )
    report = a_run_report(repository=words[4], agents=agents, notes=tuple(words))
    message = report_message(PEN, report, "v1.run-x.0.y", {})
    fits(message)
    is_harmless([message.text, message.blocks, plainly(message).blocks])


@FUZZ
@given(text=st.one_of(NASTY, st.lists(NASTY, max_size=200).map("\n".join)))
def test_a_patch_of_any_size_fits_a_modal(text: str) -> None:
    for view in (patch_modal(PEN, "Diff abc12345", text, "the terminal"), page_modal(PEN, "Report", text)):
        assert why_refused(view["blocks"], "modal") is None
        is_harmless(view)


@FUZZ
@given(text=st.text(alphabet="&<>ab;", max_size=60), longest=st.integers(5, 40))
def test_an_escape_is_never_cut_in_two(text: str, longest: int) -> None:
    shown = escape(clamp(text, longest), longest)
    assert len(shown) <= longest
    assert re.fullmatch(r"(?:[ab;…]|&(?:amp|lt|gt);)*", shown)


def test_our_own_secrets_never_get_into_a_message() -> None:
    secret = "xoxb-4f9a8c7b6d5e-very-secret"
    pen = Pen(Redactor((secret,)))
    words = f"it prints {secret} and {secret[::-1]}"
    standing = a_standing(
        summary=words,
        feature=words,
        branch=words,
        risks=(words,),
        checks=(ShownCheck(name=words, state=CheckState.FAILED, fact=words),),
    )
    shown = [
        question_card(pen, standing, BESIDE).blocks,
        run_card(pen, a_status(an_agent("abc12345", Phase.FAILED, failure=words)), RUN_BESIDE).blocks,
        thread_lines(pen, "0d1e2f3a", [words], 0).blocks,
        patch_modal(pen, "Diff", words, ""),
        report_message(
            pen,
            a_run_report(notes=(words,), agents=(an_ending("abc12345", Outcome.FAILED, failure=words),)),
            "v",
            {},
        ).blocks,
    ]
    text = json.dumps(shown)
    assert secret not in text
    assert secret[::-1] not in text
    assert "[secret]" in text


def test_only_who_came_through_slack_is_mentioned() -> None:
    through_slack = question_card(PEN, a_standing(answer=Answer.APPROVED), BESIDE)
    assert "<@UADA>" in json.dumps(through_slack.blocks)
    standing = a_standing(answer=Answer.APPROVED)
    assert standing.decision is not None
    typed = standing.model_copy(
        update={"decision": standing.decision.model_copy(update={"through": "terminal"})}
    )
    assert "<@UADA>" not in json.dumps(question_card(PEN, typed, BESIDE).blocks)


def test_the_time_left_changes_a_card_at_most_once_a_minute() -> None:
    def shown(seconds: float) -> str:
        beside = RunBeside(value="v", now=later(seconds), cards={})
        return json.dumps(run_card(PEN, STATUS, beside).blocks)

    assert len({shown(second) for second in range(0, 300, 5)}) <= 2
    near = 7.5 * 3600
    assert len({shown(near + second) for second in range(0, 120, 5)}) <= 3
