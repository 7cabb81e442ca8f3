"""Every message exactly once, whatever Slack does, and never something old on top of something new."""

from __future__ import annotations

import time

import pytest

from fresh.adapters.report_files import ReportsBelow
from fresh.domain.agent import Outcome
from fresh.domain.approval import Answer, Decision
from fresh.domain.phase import Phase
from fresh.domain.stopping import WhyStopped
from tests.bot.pictures import a_run_report
from tests.bot.stage import RUN, Stage, now
from tests.fakes.slack.trouble import BROKEN, CUT, DONE_BUT_500, LOST_REPLY, limited


def decided(answer: Answer = Answer.APPROVED, by: str = "Ada") -> Decision:
    return Decision(answer=answer, by=by, through="terminal", text="", at=now())


def test_a_post_whose_reply_is_lost_is_found_again_and_not_made_twice(stage: Stage) -> None:
    stage.open_run()
    questions = stage.agents_ask(3)
    stage.slack.trouble.next(
        "chat.postMessage", LOST_REPLY, DONE_BUT_500, BROKEN, CUT, limited(1), LOST_REPLY
    )
    stage.bot()
    for question in questions:
        stage.card(question, 30)
    stage.slack.until(
        lambda: len(stage.journal.cards()) >= 4 and all(c.ts for c in stage.journal.cards()), 30
    )
    assert [len(stage.cards(question.id)) for question in questions] == [1, 1, 1]
    assert len(stage.cards(RUN, "run")) == 1
    stage.slack.click("UADA", stage.card(questions[0]), "approve")
    assert stage.journal.decision(questions[0].id) is not None


@pytest.mark.parametrize(
    "seconds", [4, pytest.param(600, marks=[pytest.mark.night, pytest.mark.timeout(900)])]
)
def test_slack_may_be_away_and_what_is_decided_meanwhile_is_right_when_it_is_back(
    stage: Stage, seconds: int
) -> None:
    stage.open_run()
    first, second, third = stage.agents_ask(3)
    stage.bot()
    cards = [stage.card(question) for question in (first, second, third)]
    stage.slack.go_away()
    stage.journal.decide(first.id, decided())
    stage.journal.apply(first.id, now())
    stage.journal.decide(second.id, decided(Answer.REJECTED))
    fourth = stage.ask(stage.add_agent("fff12345").agent_id)
    stage.journal.decide(fourth.id, decided())
    fifth = stage.ask(stage.add_agent("ffe12345").agent_id)
    time.sleep(seconds)
    stage.slack.come_back()
    stage.slack.until(
        lambda: "has gone on with it" in cards[0].words and "Rejected" in cards[1].words, 30, "edits"
    )
    stage.card(fifth, 30)
    assert "approve" in cards[2].buttons
    assert all(len(stage.cards(question.id)) == 1 for question in (first, second, third, fifth))
    # What was asked and decided while Slack was away was never shown, and nobody needs to see it any more.
    assert all("approve" not in card.buttons for card in stage.cards(fourth.id))
    stage.slack.wait_for_sockets(1, 20)
    stage.slack.until(
        lambda: stage.slack.click("UADA", cards[2], "approve").milliseconds is not None, 20, "a click"
    )


def test_a_workspace_without_newer_blocks_gets_the_same_in_older_ones(stage: Stage) -> None:
    stage.slack.methods.unknown_blocks = frozenset({"plan", "task_card", "table", "data_visualization"})
    stage.open_run()
    stage.add_agent("abc12345")
    question = stage.ask()
    stage.bot()
    stage.slack.until(lambda: stage.cards(RUN, "run"), 10, "the run card")
    card = stage.cards(RUN, "run")[0]
    assert "stop_run" in card.buttons
    assert "abc12345" in card.words
    refused = [call for call in stage.slack.calls if call.error == "invalid_blocks"]
    assert len(refused) == 1
    stage.slack.click("UADA", stage.card(question), "approve")
    stage.slack.until(lambda: "Approved" in stage.card(question).words)
    assert len([call for call in stage.slack.calls if call.error == "invalid_blocks"]) == 1


def test_a_deleted_card_is_posted_once_more_and_no_more_than_that(stage: Stage) -> None:
    stage.open_run()
    stage.add_agent("abc12345")
    question = stage.ask()
    stage.bot()
    card = stage.card(question)
    del stage.slack.messages["C1", card.ts]
    stage.journal.decide(question.id, decided())
    stage.slack.until(lambda: stage.cards(question.id), 20, "the second card")
    assert "approve" not in stage.cards(question.id)[0].buttons
    assert len(stage.cards(question.id)) == 1


@pytest.mark.slow
def test_a_second_bot_leaves_the_posting_to_the_first_and_takes_it_over(stage: Stage) -> None:
    stage.open_run()
    questions = stage.agents_ask(2)
    first = stage.bot()
    for question in questions:
        stage.card(question)
    second = stage.start_bot()
    assert second.health()["owns"] == []
    first.end()
    later = stage.ask(stage.add_agent("fff12345").agent_id)
    stage.card(later, 20)
    assert second.health()["owns"] == ["repo"]
    assert all(len(stage.cards(question.id)) == 1 for question in (*questions, later))


def test_the_run_card_its_thread_and_its_report_follow_a_run(stage: Stage) -> None:
    stage.open_run()
    stage.add_agent("abc12345")
    stage.move("abc12345", Phase.ANALYZING)
    stage.bot()
    stage.slack.until(lambda: stage.cards(RUN, "run"), 10, "the run card")
    card = stage.cards(RUN, "run")[0]
    stage.move("abc12345", Phase.IMPLEMENTING)
    stage.move("abc12345", Phase.TESTING)
    stage.slack.until(
        lambda: "testing" in "".join(m.words for m in stage.slack.thread(card)), 10, "thread lines"
    )
    stage.journal.remember(f"alert:{RUN}:50", "Budget alert: 50 % is spent, $5.00 of $10.00.")
    stage.slack.until(
        lambda: any("Budget alert" in m.words for m in stage.slack.in_channel()), 10, "the alert"
    )
    stage.end_agent(
        "abc12345", Outcome.COMPLETED, summary="it works", pull_request="https://forge.test/pull/7"
    )
    report = a_run_report(run_id=RUN, repository=str(stage.repository))
    path = ReportsBelow(stage.home).write(report, "# Report")
    stage.journal.close_run(RUN, WhyStopped.DONE, now(), str(path))
    stage.journal.yield_claim(str(stage.repository), stage.host)
    stage.slack.until(lambda: stage.cards(RUN, "report"), 15, "the report")
    stage.slack.until(lambda: "ended" in card.words and "stop_run" not in card.buttons, 15, "the last edit")
    whole = "\n".join(message.words for message in stage.slack.thread(card))
    assert all(word in whole for word in ("analyzing", "implementing", "testing"))
    assert whole.count("implementing") == 1
    assert sum("Budget alert" in m.words for m in stage.slack.in_channel() if m is not card) == 1


def test_a_revoked_token_ends_the_bot_instead_of_storming(stage: Stage) -> None:
    stage.open_run()
    bot = stage.bot()
    stage.slack.until(lambda: stage.cards(RUN, "run"), 10, "the run card")
    stage.slack.revoked = True
    stage.add_agent("abc12345")
    stage.ask()
    stage.slack.until(lambda: not bot._thread.is_alive(), 20, "the end")
    assert "token_revoked" in str(bot.trouble)


def test_without_membership_it_says_so_in_its_health_and_tries_again(stage: Stage) -> None:
    stage.open_run()
    bot = stage.bot()
    stage.slack.until(lambda: stage.cards(RUN, "run"), 10, "the run card")
    stage.slack.channels["C1"] = False
    stage.add_agent("abc12345")
    stage.ask()
    stage.slack.until(lambda: bot.health()["trouble"] == "not_in_channel", 15, "the trouble")
    assert bot.health()["status"] == 503
