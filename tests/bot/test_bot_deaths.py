"""kill -9 of the bot at every point around a click: nothing is lost, nothing happens twice, every card comes right."""

from __future__ import annotations

import pytest

from fresh.domain.approval import Answer
from tests.bot.dying import POINTS
from tests.bot.stage import Stage

RIGHT_WITHIN = 30.0
"""Seconds after the restart until every message is right."""
IN_THE_SUITE = ("before_commit", "after_post")


def dies_and_comes_back(stage: Stage, point: str) -> None:
    """Let a bot die at a point, click until it is recorded, and see that all is right."""
    stage.open_run()
    stage.add_agent("abc12345")
    question = stage.ask()
    doomed = stage.start_bot(ready=False, dying=point)
    with stage.going_on() as applied:
        stage.slack.until(
            lambda: stage.slack.sockets.open or doomed.process.poll() is not None, 60, "the first life"
        )
        clicked = False
        if point not in ("before_claim", "after_claim", "after_post"):
            card = stage.card(question, 60)
            clicked = stage.slack.click("UADA", card, "approve").milliseconds is not None
        stage.slack.until(lambda: doomed.process.poll() is not None, 60, f"death at {point}")
        assert doomed.process.returncode == -9
        recorded = stage.journal.decision(question.id)
        assert not (clicked and recorded is None), "what was acknowledged is recorded"
        stage.start_bot()
        card = stage.card(question, RIGHT_WITHIN)
        if recorded is None:
            # Slack showed a warning at the click that was not acknowledged; the person clicks again.
            stage.slack.until(
                lambda: stage.slack.click("UADA", card, "approve").milliseconds is not None, 10, "a click"
            )
        took = stage.applied_on_card(question, RIGHT_WITHIN)
        assert took < RIGHT_WITHIN
        print(f"{point}: card right {took:.1f} s after the bot was ready again")
        decision = stage.journal.decision(question.id)
        assert decision is not None
        assert decision.answer is Answer.APPROVED
        if recorded is not None:
            assert decision == recorded
        assert applied == [question.id]
        assert len(stage.cards(question.id)) == 1
        assert "approve" not in stage.cards(question.id)[0].buttons


@pytest.mark.slow
@pytest.mark.parametrize("point", IN_THE_SUITE)
def test_a_bot_that_dies_loses_nothing(stage: Stage, point: str) -> None:
    dies_and_comes_back(stage, point)


@pytest.mark.night
@pytest.mark.parametrize("point", [point for point in POINTS if point not in IN_THE_SUITE])
def test_a_bot_that_dies_anywhere_else_loses_nothing_either(stage: Stage, point: str) -> None:
    dies_and_comes_back(stage, point)


@pytest.mark.night
def test_after_a_restart_with_fifty_open_questions_the_first_click_works_and_no_card_is_there_twice(
    stage: Stage,
) -> None:
    stage.open_run()
    questions = stage.agents_ask(50)
    first = stage.start_bot()
    for question in questions[:30]:
        stage.card(question, 90)
    first.kill()
    orphan = stage.ask(stage.add_agent("fff12345").agent_id)
    second = stage.start_bot()
    ack = stage.slack.click("UADA", stage.card(questions[0]), "approve")
    assert ack.milliseconds is not None
    assert stage.journal.decision(questions[0].id) is not None
    took = stage.slack.until(
        lambda: all(stage.cards(one.id) for one in (*questions, orphan)), 90, "every card"
    )
    print(f"fifty open questions: every one has a card {took:.0f} s after the restart")
    stage.slack.until(lambda: second.health()["waiting"] == 0, 60, "the outbox")
    assert all(len(stage.cards(one.id)) == 1 for one in (*questions, orphan))
