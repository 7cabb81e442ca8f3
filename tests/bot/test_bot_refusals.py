"""What must have no effect: forged, stale, replayed, tampered, too early, too late, unknown, not allowed, a guest."""

from __future__ import annotations

import asyncio
import math
import time

import pytest

from bot.serving import serve
from bot.strangers import MOST
from fresh.domain.approval import Answer, Question
from fresh.domain.audit import Entry
from fresh.errors import OperatorMistake
from tests.bot.stage import Stage
from tests.fakes.slack import User
from tests.fakes.slack.server import form, post, signed
from tests.fakes.slack.trouble import Fault


@pytest.fixture
def world(stage: Stage) -> tuple[Stage, Question]:
    stage.open_run()
    stage.add_agent("abc12345")
    question = stage.ask()
    stage.slack.users["UGUEST"] = User("UGUEST", "guest", is_ultra_restricted=True)
    stage.slack.users["UOTHER"] = User("UOTHER", "other", team_id="T2", is_stranger=True)
    stage.environment["FRESH_SLACK_APPROVERS"] = "UADA,UBOB,UGUEST,UOTHER"
    return stage, question


def entries(stage: Stage) -> list[Entry]:
    return [link.content for link in stage.journal.audit_rows()]


def refused(stage: Stage, user: str, question: Question, words: str, before: int) -> Entry:
    """See that nothing was decided, that the person was told, and that the trail has it."""
    stage.slack.until(
        lambda: any(words in told for told in stage.slack.told(user)), 5, f"the answer {words!r}"
    )
    assert stage.journal.decision(question.id) is None
    after = entries(stage)[before:]
    assert len(after) == 1, after
    assert after[0].actor == user
    return after[0]


def begin(stage: Stage, **fields: str) -> None:
    """Start a bot that must refuse to."""
    asyncio.run(serve(stage.settings(**fields), stage.repository, asyncio.Event()))


def test_what_is_not_allowed_has_no_effect_is_answered_and_is_in_the_trail(
    world: tuple[Stage, Question],
) -> None:
    stage, question = world
    stage.bot()
    card = stage.card(question)
    good = card.button("approve")
    assert good is not None
    version, subject, seal, mac = good["value"].split(".")
    cases = (
        ("UEVE", "approve", {}, "not among those who may decide"),
        ("UCAROL", "approve", {}, "not among those who may decide"),
        ("UGUEST", "approve", {}, "Guests may not decide"),
        ("UOTHER", "approve", {}, "another team may not decide"),
        ("UEVE", "stop_agent", {}, "not among those who may stop"),
        ("UADA", "approve", {"value": f"{version}.{subject}.{seal}.{'0' * 16}"}, "not a button of ours"),
        ("UADA", "approve", {"value": f"{version}.{subject}.{'0' * 16}.{mac}"}, "not a button of ours"),
        ("UADA", "approve", {"value": f"v0.{subject}.{seal}.{mac}"}, "not a button of ours"),
        ("UADA", "approve", {"value": "' OR 1=1 --"}, "not a button of ours"),
        ("UADA", "approve", {"action_id": "approve_everything"}, "out of date"),
    )
    for user, action, changes, words in cases:
        before = len(entries(stage))
        stage.slack.ephemerals.clear()
        ack = stage.slack.click(user, card, action, **changes)
        assert ack.milliseconds is not None, (user, changes)
        refused(stage, user, question, words, before)
    assert card.buttons[:4] == ["approve", "reject", "changes", "stop_agent"]
    assert stage.slack.click("UBOB", card, "approve").milliseconds is not None
    assert stage.journal.decision(question.id) is not None


def test_a_button_on_a_copy_of_the_card_or_of_an_old_attempt_does_nothing(
    world: tuple[Stage, Question],
) -> None:
    stage, question = world
    stage.bot()
    card = stage.card(question)
    copy = stage.slack.methods.answer(
        "chat.postMessage", {"channel": "C1", "text": "a copy", "blocks": card.blocks}
    )
    message = stage.slack.messages["C1", copy["ts"]]
    # Until the journal knows which message is the card, any with its buttons may be it.
    stage.slack.until(lambda: stage.is_posted(question), 5, "the note of the card")
    before = len(entries(stage))
    stage.slack.click("UADA", message, "approve")
    entry = refused(stage, "UADA", question, "card is out of date", before)
    assert entry.why == "not what was shown"

    value = (card.button("approve") or {})["value"]
    changed = question.model_copy(update={"id": "abc12345-ready-1", "commit": "d" * 40})
    stage.journal.ask(changed)
    stage.card(changed)
    stage.slack.until(lambda: "Superseded" in card.words, 5, "the old card's end")
    newer = stage.cards(changed.id)[0]
    stage.slack.click("UADA", newer, "approve", value=value)
    time.sleep(0.3)
    assert stage.journal.decision(changed.id) is None


def test_a_modal_is_checked_again_when_it_is_submitted(world: tuple[Stage, Question]) -> None:
    stage, question = world
    stage.bot()
    stage.slack.click("UADA", stage.card(question), "reject")
    stage.slack.until(lambda: stage.slack.views)
    view = stage.slack.newest_view()
    before = len(entries(stage))
    stage.slack.submit("UEVE", view, {"words": {"type": "plain_text_input", "value": "no"}})
    refused(stage, "UEVE", question, "not among those who may decide", before)
    before = len(entries(stage))
    stage.slack.ephemerals.clear()
    stage.slack.submit(
        "UADA", view, {"words": {"type": "plain_text_input", "value": "no"}}, private_metadata="v1.x.y.z"
    )
    refused(stage, "UADA", question, "not a button of ours", before)


def test_members_of_a_group_count_until_slack_has_been_silent_for_too_long(stage: Stage) -> None:
    stage.open_run()
    stage.add_agent("abc12345")
    stage.add_agent("bcd12345")
    first, second = stage.ask(), stage.ask("bcd12345")
    stage.environment["FRESH_SLACK_APPROVERS"] = "SAPPROVERS"
    stage.slack.usergroups["SAPPROVERS"] = ["UBOB"]
    stage.bot()
    card = stage.card(first)
    assert "<!subteam^SAPPROVERS>" in card.words
    stage.slack.click("UADA", card, "approve")
    assert stage.journal.decision(first.id) is None
    stage.slack.click("UBOB", card, "approve")
    assert stage.journal.decision(first.id) is not None
    stage.card(second)


def test_groups_that_can_t_be_read_let_nobody_in(stage: Stage) -> None:
    stage.open_run()
    stage.add_agent("abc12345")
    question = stage.ask()
    stage.environment["FRESH_SLACK_APPROVERS"] = "SAPPROVERS"
    stage.slack.usergroups["SAPPROVERS"] = ["UBOB"]
    stage.slack.trouble.always("usergroups.users.list", Fault(status=500, error="internal_error"))
    stage.bot()
    before = len(entries(stage))
    stage.slack.click("UBOB", stage.card(question), "approve")
    refused(stage, "UBOB", question, "can't be read", before)


def test_by_http_only_what_slack_signed_within_five_minutes_counts(world: tuple[Stage, Question]) -> None:
    stage, question = world
    bot = stage.bot(FRESH_SLACK_HTTP_PORT="0")
    card = stage.card(question)
    body = form(stage.slack.gestures.click("UADA", card, "approve"))
    tampered = form(stage.slack.gestures.click("UADA", card, "reject"))
    url = bot.slack_url
    before = len(entries(stage))
    assert post(url, body, signed(body, secret="guessed")) == 401
    assert post(url, tampered, signed(body)) == 401
    assert post(url, body, signed(body, long_ago := int(time.time()) - 301)) == 401
    assert post(url, body, signed(body, math.ceil(time.time()) + 301)) == 401
    assert post(url, body, {"Content-Type": "application/x-www-form-urlencoded"}) == 401
    assert stage.journal.decision(question.id) is None
    forged = entries(stage)[before:]
    assert [entry.why for entry in forged] == ["not what was shown"] * 5
    assert all(entry.tried == "a request by HTTP from 127.0.0.1" for entry in forged)
    assert [str(long_ago) in entry.words for entry in forged].count(True) == 1
    assert forged[-1].words == "it has no signature"

    headers = signed(body)
    assert post(url, body, headers) == 200
    decided = stage.journal.decision(question.id)
    assert decided is not None
    assert post(url, body, headers) == 200
    stage.slack.until(
        lambda: any("Already decided" in told for told in stage.slack.told("UADA")), 5, "the replay's answer"
    )
    assert stage.journal.decision(question.id) == decided
    outcomes = [entry.outcome for entry in entries(stage) if entry.question == question.id]
    assert len(outcomes) == 2


def test_a_flood_of_what_slack_did_not_sign_is_counted_and_fills_no_trail(
    world: tuple[Stage, Question],
) -> None:
    stage, _ = world
    bot = stage.bot(FRESH_SLACK_HTTP_PORT="0")
    before = len(entries(stage))
    body = "payload={}"
    for _ in range(MOST + 30):
        assert post(bot.slack_url, body, signed(body, secret="guessed")) == 401
    assert len(entries(stage)) == before + MOST


def test_without_anybody_named_it_refuses_to_start(stage: Stage) -> None:
    with pytest.raises(OperatorMistake, match="Nobody is named"):
        begin(stage, slack_approvers="")


def test_it_refuses_a_channel_that_it_is_not_in_and_a_token_that_is_none(stage: Stage) -> None:
    stage.slack.channels["C2"] = False
    with pytest.raises(OperatorMistake, match="not in channel C2"):
        begin(stage, slack_channel="C2")
    with pytest.raises(OperatorMistake, match="does not take SLACK_BOT_TOKEN"):
        begin(stage, SLACK_BOT_TOKEN="xoxb-wrong-token")


def test_the_answer_that_was_first_stands_and_who_comes_later_is_told(world: tuple[Stage, Question]) -> None:
    stage, question = world
    stage.bot()
    card = stage.card(question)
    gestures = [stage.slack.gestures.click(user, card, "approve") for user in ("UADA", "UBOB") * 10]
    acks = stage.slack.send_all([("interactive", one) for one in gestures])
    assert all(ack.milliseconds is not None for ack in acks)
    decided = stage.journal.decision(question.id)
    assert decided is not None
    assert decided.answer is Answer.APPROVED

    def answers() -> list[str]:
        return stage.slack.told("UADA") + stage.slack.told("UBOB")

    stage.slack.until(lambda: len(answers()) == 20, 10, "twenty answers")
    assert sum("Already decided" in told and decided.by in told for told in answers()) == 19
    assert sum("Recorded" in told for told in answers()) == 1
