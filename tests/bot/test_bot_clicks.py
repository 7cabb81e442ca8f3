"""One click: recorded, acknowledged, answered, shown."""

from __future__ import annotations

from fresh.domain.approval import Answer, Why
from tests.bot.stage import Stage


def test_a_click_decides_and_the_card_follows_until_the_agent_has_gone_on(stage: Stage) -> None:
    stage.open_run()
    stage.add_agent("abc12345")
    question = stage.ask()
    stage.bot()
    card = stage.card(question)
    assert card.buttons[:4] == ["approve", "reject", "changes", "stop_agent"]
    assert "normalize" in card.words

    ack = stage.slack.click("UADA", card, "approve")
    assert ack.milliseconds is not None
    decision = stage.journal.decision(question.id)
    assert decision is not None
    assert (decision.answer, decision.through) == (Answer.APPROVED, "slack")
    assert "UADA" in decision.by
    stage.slack.until(lambda: any("you approved it" in told for told in stage.slack.told("UADA")))
    stage.slack.until(lambda: "not gone on" in card.words)
    assert "approve" not in card.buttons
    with stage.going_on():
        stage.applied_on_card(question)
    assert len(stage.cards(question.id)) == 1


def test_rejecting_and_asking_for_changes_take_words_in_a_modal(stage: Stage) -> None:
    stage.open_run()
    stage.add_agent("abc12345")
    stage.add_agent("bcd12345")
    ready, open_ = stage.ask(), stage.ask("bcd12345", Why.ARCHITECTURE)
    stage.bot()

    assert stage.slack.click("UADA", stage.card(ready), "reject").milliseconds is not None
    stage.slack.until(lambda: stage.slack.views)
    view = stage.slack.newest_view()
    stage.slack.submit("UADA", view, {"words": {"type": "plain_text_input", "value": "too clever"}})
    decided = stage.journal.decision(ready.id)
    assert decided is not None
    assert (decided.answer, decided.text) == (Answer.REJECTED, "too clever")

    stage.slack.click("UBOB", stage.card(open_), "changes")
    stage.slack.until(lambda: len(stage.slack.views) == 2)
    view = stage.slack.newest_view()
    refused = stage.slack.submit("UBOB", view, {"words": {"type": "plain_text_input", "value": "  "}})
    assert refused.payload is not None
    assert refused.payload["response_action"] == "errors"
    assert stage.journal.decision(open_.id) is None
    stage.slack.submit("UBOB", view, {"words": {"type": "plain_text_input", "value": "use a table"}})
    decided = stage.journal.decision(open_.id)
    assert decided is not None
    assert (decided.answer, decided.text) == (Answer.CHANGES, "use a table")
